/** What the journey's command, link and serializer are given, by whoever: checked before it is used. */
export interface Target {
  clientId: string;
  purchaseId: string | null;
}

const LONGEST_ID = 255;

const isId = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= LONGEST_ID && !value.includes('\0');

/** `{ clientId, purchaseId? }` or a client's id; undefined for anything else, which means that somebody has to pick a client. */
export function targetOf(given: unknown): Target | undefined {
  if (isId(given)) return { clientId: given, purchaseId: null };
  if (typeof given !== 'object' || given === null || !('clientId' in given) || !isId(given.clientId)) return undefined;
  return { clientId: given.clientId, purchaseId: 'purchaseId' in given && isId(given.purchaseId) ? given.purchaseId : null };
}

/** `/journey?client=…&purchase=…` */
export function targetOfLink(path: string, query: string): Target | undefined {
  if (path !== '/journey') return undefined;
  const parameters = new URLSearchParams(query);
  return targetOf({ clientId: parameters.get('client'), purchaseId: parameters.get('purchase') });
}

/**
 * What `targetOfLink` reads back.
 * @param scheme VS Code's own: `vscode`, `vscode-insiders`
 * @param extension the handler's id
 */
export function linkOf(scheme: string, extension: string, { clientId, purchaseId }: Target): string {
  // Twice: VS Code decodes a link once before its handler sees it
  const part = (name: string, value: string): string => `${name}=${encodeURIComponent(encodeURIComponent(value))}`;
  return `${scheme}://${extension}/journey?${[part('client', clientId), ...(purchaseId === null ? [] : [part('purchase', purchaseId)])].join('&')}`;
}
