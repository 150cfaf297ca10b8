/** Highlights of what is named under the cursor, within its file. */
import { DocumentHighlightKind, type DocumentHighlight } from 'vscode-languageserver';
import { mentionsOf } from './references';
import type { PlaceRequest } from './request';
import { targetAt } from './target';

export function documentHighlight(request: PlaceRequest): DocumentHighlight[] | null {
  const target = targetAt(request);
  if (!target) return null;
  const seen = new Set<number>();
  return mentionsOf(request, target, true)
    .filter(({ file, span }) => file === request.file && !seen.has(span.start) && seen.add(span.start))
    .map(({ span, declares }) => ({ range: request.lines.range(span), kind: declares ? DocumentHighlightKind.Write : DocumentHighlightKind.Read }));
}
