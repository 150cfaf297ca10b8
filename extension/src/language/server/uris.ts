import path from 'node:path';

/** Files ↔ URIs. Clients spell URIs differently (`%3A`, `C:`, `%20`): what a client once sent is sent back just so. */
export class Uris {
  readonly #known = new Map<string, string>();
  readonly #roots: { folder: string; uri: string }[] = [];

  constructor(private readonly platform: path.PlatformPath = path) {}

  /** Learns how the client spells a folder. */
  root(uri: string): string | undefined {
    const folder = this.fileOf(uri);
    if (folder !== undefined) this.#roots.push({ folder, uri: uri.replace(/\/+$/, '') });
    return folder;
  }

  /** Learns how the client spells a file that it holds open. */
  opened(uri: string): string | undefined {
    const file = this.fileOf(uri);
    if (file !== undefined) this.#known.set(file, uri);
    return file;
  }

  closed(uri: string): void {
    const file = this.fileOf(uri);
    if (file !== undefined) this.#known.delete(file);
  }

  /** The file of a URI; undefined for other schemes. */
  fileOf(uri: string): string | undefined {
    const match = /^file:(?:\/\/([^/?#]*))?([^?#]*)/i.exec(uri);
    if (!match) return undefined;
    const [, host = '', encoded = ''] = match;
    const decoded = decode(encoded);
    if (this.platform.sep === '/') return this.#strip(this.platform.normalize(decoded));
    if (host !== '' && host.toLowerCase() !== 'localhost') return this.#strip(this.platform.normalize(`\\\\${host}${decoded}`));
    // `/c:/folder` → `c:\folder`
    return this.#strip(this.platform.normalize(decoded.replace(/^\/([A-Za-z]:)/, (_, drive: string) => drive.toLowerCase())));
  }

  /** Without a separator at its end, which a root alone needs. */
  #strip(file: string): string {
    return file === this.platform.parse(file).root ? file : file.replace(/[/\\]+$/, '');
  }

  /** The URI of a file, in the client's spelling where it is known. */
  uriOf(file: string): string {
    const known = this.#known.get(file);
    if (known !== undefined) return known;
    for (const { folder, uri } of this.#roots) {
      if (file === folder) return uri;
      if (file.startsWith(folder + this.platform.sep)) return `${uri}${encode(file.slice(folder.length).replaceAll(this.platform.sep, '/'))}`;
    }
    const slashed = file.replaceAll(this.platform.sep, '/');
    if (this.platform.sep === '\\' && slashed.startsWith('//')) return `file:${encode(slashed)}`;
    return `file://${encode(slashed.startsWith('/') ? slashed : `/${slashed}`)}`;
  }
}

/** Decodes what is encoded; a lone `%` stays. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  }
}

function encode(file: string): string {
  return file.split('/').map((part) => encodeURIComponent(part).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)).join('/');
}
