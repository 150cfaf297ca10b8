/** The journey as a table: what the timeline shows, for screen readers and for copying. */
import type { ExplainedPurchase, Explanation, TouchCandidate, VerdictKind } from '../attribution/explain';
import { money } from '../attribution/money';
import { formatTime } from '../attribution/time';
import { channelInWords } from './scene';
import type { Share } from './protocol';
import { t } from '../base/l10n';

export interface Fact {
  id: string;
  kind: VerdictKind | 'none';
  isPurchase: boolean;
  sourceFile: string;
  recordNumber: number;
  /** in the order of the columns */
  cells: string[];
}

export interface Facts {
  columns: string[];
  facts: Fact[];
}

const MODELS: readonly (readonly [model: string, title: string])[] = [['linear', 'Linear'], ['time_decay', 'Time decay'], ['position_based', 'Position-based']];

/**
 * One row for each event, in the order of the rules.
 * @param candidates in that order
 * @param shares of the selected purchase; their columns are there where any journey of the client may have them
 */
export function factsOf(candidates: readonly TouchCandidate[], purchases: ReadonlyMap<string, ExplainedPurchase>, sessionOf: ReadonlyMap<string, string | null>,
  selected: ExplainedPurchase | null, explanation: Explanation | null, shares: readonly Share[]): Facts {
  const models = MODELS.filter(([model]) => shares.some((share) => share.model === model));
  // All decimals of a column or two for all, so that the amounts stand under one another
  const whole = new Map(models.map(([model]) => [model, shares.every((share) => share.model !== model || /^[^.]*(\.\d\d0*)?$/.test(share.revenue))]));
  const shareOf = new Map(shares.map((share) => [`${share.model} ${share.touchId ?? selected?.id ?? ''}`, whole.get(share.model) ? money(share.revenue) : share.revenue]));
  const credited = (credit: ExplainedPurchase['first'], id: string): string => (credit && (credit.touchId ?? selected?.id) === id ? money(credit.revenue) : '');
  return {
    columns: [...['Time (UTC)', 'Event', 'Channel', 'Verdict', 'First touch', 'Last touch', ...models.map(([, title]) => title), 'Session', 'Record'].map((title) => t(title))],
    facts: candidates.map((event) => {
      const purchase = purchases.get(event.id);
      const verdict = explanation?.verdicts.get(event.id);
      const toDirect = purchase && event.id === selected?.id && selected.first?.touchId === null ? t(', credited to {0}', selected.first.channel) : '';
      return {
        id: event.id, kind: verdict?.kind ?? 'none', isPurchase: purchase !== undefined, sourceFile: event.sourceFile, recordNumber: event.recordNumber,
        cells: [
          formatTime(event.time).replace(/ UTC$/, ''), purchase ? t('purchase {0}', money(purchase.revenue)) : t('page view'), channelInWords(event.channel), `${verdict?.words ?? ''}${toDirect}`,
          credited(selected?.first, event.id), credited(selected?.last, event.id), ...models.map(([model]) => shareOf.get(`${model} ${event.id}`) ?? ''),
          sessionOf.get(event.id) ?? '', t('{0}, record {1}', event.sourceFile, event.recordNumber),
        ],
      };
    }),
  };
}

/** Tab-separated: a cell with a tab, a quote or a line end is quoted, as spreadsheets read it. */
export function toTsv({ columns, facts }: Facts): string {
  const cell = (value: string): string => (/[\t\r\n"]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return [columns, ...facts.map(({ cells }) => cells)].map((cells) => cells.map(cell).join('\t')).join('\n');
}

/** A Markdown table under the sentence that explains the purchase. */
export function toMarkdown({ columns, facts }: Facts, sentence: string): string {
  const cell = (value: string): string => value.replace(/[\\|<>*_`[\]]/g, '\\$&').replace(/\s+/g, ' ');
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const rows = [line(columns), `|${' --- |'.repeat(columns.length)}`, ...facts.map(({ cells }) => line(cells))].join('\n');
  return sentence === '' ? rows : `${cell(sentence)}\n\n${rows}`;
}
