/** The page's side of a webview: runs in the browser, knows no vscode module. */
import { Rpc, type Handlers, type Message, type Side } from '../base/rpc';

interface VsCode {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCode;

/**
 * Connects the page with its host and says `ready`.
 * @param handlers what the host may ask of the page
 */
export function connect<PageSide extends Side, Host extends Side>(handlers: Handlers<PageSide>): { rpc: Rpc<PageSide, Host>; getState: () => unknown; setState: (state: unknown) => void } {
  const api = acquireVsCodeApi();
  const rpc = new Rpc<PageSide, Host>((message) => api.postMessage(message), handlers);
  window.addEventListener('message', ({ data }: MessageEvent<Message>) => rpc.receive(data));
  api.postMessage({ kind: 'ready' });
  return { rpc, getState: () => api.getState(), setState: (state) => api.setState(state) };
}

/** The nonce that this page's styles and scripts carry. */
export const nonce = (): string => document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
