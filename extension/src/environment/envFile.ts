import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'dotenv';

/** Where the environment of children comes from. */
export interface EnvironmentOptions {
  /** the setting `attribution.environmentFile`: absolute, or relative to the workspace folder; empty for none */
  file: () => string;
  /** the first workspace folder */
  folder: () => string | undefined;
  base?: NodeJS.ProcessEnv;
}

/** The environment that children get: the editor's own, the workspace's `.env` over it. Read again when the file changed. */
export class Environment {
  #read: { stamp: string; variables: Record<string, string> } | undefined;

  constructor(private readonly options: EnvironmentOptions) {}

  /** Absolute path of the file, whether it is there or not. */
  get file(): string | undefined {
    const folder = this.options.folder();
    const file = this.options.file().replaceAll('${workspaceFolder}', folder ?? '');
    if (file === '') return undefined;
    return path.isAbsolute(file) ? file : folder === undefined ? undefined : path.join(folder, file);
  }

  /** All variables; a caller that adds its own makes a copy by it. Values may be secrets: never write them anywhere. */
  get variables(): NodeJS.ProcessEnv {
    return { ...(this.options.base ?? process.env), ...this.#fromFile() };
  }

  #fromFile(): Record<string, string> {
    const { file } = this;
    if (file === undefined) return {};
    try {
      const { mtimeMs, size } = fs.statSync(file);
      const stamp = `${file} ${mtimeMs} ${size}`;
      if (this.#read?.stamp !== stamp) this.#read = { stamp, variables: parse(fs.readFileSync(file)) };
      return this.#read.variables;
    } catch {
      return {};
    }
  }
}
