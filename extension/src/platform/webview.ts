import crypto from 'node:crypto';
import * as vscode from 'vscode';
import { Outbox, Rpc, type Handlers, type Message, type Notifications, type Requests, type Side } from '../base/rpc';
import { Emitter, type Disposable } from '../base/events';

/** A page's bundle (`dist/<name>.js`, `dist/<name>.css`), its title and its icon's name in `media/`. */
export interface Page {
  name: string;
  title: string;
  icon?: string;
}

type Envelope = { kind: 'ready' } | { kind: 'state'; state: unknown } | Message;

/**
 * A webview panel with `default-src 'none'`, a nonce, and typed calls both ways. Of what is told before the page says `ready`,
 * also after a reload of the page, it hears the last of each kind; the host asks nothing of a page.
 */
export class WebviewPanel<Host extends Side, PageSide extends Side & { requests: Requests; notifications: Notifications }> implements Disposable {
  readonly #disposed = new Emitter<void>();
  readonly #visible = new Emitter<boolean>();
  readonly onDidDispose = this.#disposed.event;
  readonly onDidChangeVisibility = this.#visible.event;
  readonly rpc: Rpc<Host, PageSide>;
  #ready = false;
  readonly #waiting = new Outbox();

  /** @param panel new, or given by the serializer  @param onReady called at each start of the page: bring it up to date */
  constructor(readonly panel: vscode.WebviewPanel, extensionUri: vscode.Uri, page: Page, handlers: Handlers<Host>, onReady: () => void) {
    this.rpc = new Rpc<Host, PageSide>((message) => this.#post(message), handlers);
    const media = vscode.Uri.joinPath(extensionUri, 'media');
    const dist = vscode.Uri.joinPath(extensionUri, 'dist');
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist, media] };
    if (page.icon) {
      panel.iconPath = { light: vscode.Uri.joinPath(media, `${page.icon}-light.svg`), dark: vscode.Uri.joinPath(media, `${page.icon}-dark.svg`) };
    }
    panel.webview.onDidReceiveMessage((message: Envelope) => {
      if (message.kind === 'ready') {
        this.rpc.forget(new Error('The page started anew.'));
        this.#ready = true;
        onReady();
        for (const waiting of this.#waiting.take()) void panel.webview.postMessage(waiting);
      } else if (message.kind !== 'state') {
        this.rpc.receive(message);
      }
    });
    panel.onDidChangeViewState(() => {
      // A hidden page is thrown away by VS Code and starts anew when it is shown
      if (!panel.visible) this.#ready = false;
      this.#visible.fire(panel.visible);
    });
    panel.onDidDispose(() => {
      this.rpc.close(new Error('The view was closed.'));
      this.#disposed.fire();
    });
    panel.webview.html = html(panel.webview, dist, page);
  }

  dispose(): void {
    this.panel.dispose();
  }

  #post(message: Message): void {
    if (this.#ready) void this.panel.webview.postMessage(message);
    else this.#waiting.add(message);
  }
}

function html(webview: vscode.Webview, dist: vscode.Uri, { name, title }: Page): string {
  const nonce = crypto.randomBytes(16).toString('base64');
  const uri = (file: string): string => webview.asWebviewUri(vscode.Uri.joinPath(dist, file)).toString();
  const policy = [
    "default-src 'none'", `script-src 'nonce-${nonce}'`, `style-src ${webview.cspSource} 'nonce-${nonce}'`, `font-src ${webview.cspSource} data:`, `img-src ${webview.cspSource} data:`,
  ].join('; ');
  const words = vscode.l10n.bundle ? `<meta name="l10n" content="${text(JSON.stringify(vscode.l10n.bundle))}">\n` : '';
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="csp-nonce" content="${nonce}">
${words}<title>${text(title)}</title>
<link rel="stylesheet" href="${uri(`${name}.css`)}">
</head>
<body>
<script nonce="${nonce}" src="${uri(`${name}.js`)}"></script>
</body>
</html>`;
}

/** Text that is text inside of HTML. */
const text = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
