/** Rule: touches of one instant have an order too, by file name and record number; without it, which one is first changes from run to run. */
import { columnsOfRelation } from '../analysis/columns';
import type { Fix, Problem } from './diagnosticsProblem';
import { ruleProblem, type Rule, type RuleContext } from './rulesContext';
import { openerOf, spanOf, written, type Scan } from './rulesScan';

/** Functions whose answer depends on the order of equal rows; sums and counts do not. */
const ORDERED = new Set(['row_number', 'rank', 'dense_rank', 'first_value', 'last_value', 'nth_value', 'lag', 'lead', 'ntile', 'array_agg', 'string_agg', 'json_agg', 'jsonb_agg', 'array']);
const ENDS = new Set(['limit', 'offset', 'fetch', 'rows', 'range', 'groups', 'for', 'union', 'intersect', 'except', ';']);

/** One expression of an ORDER BY. */
interface Term {
  first: number;
  last: number;
  descending: boolean;
  /** the column, where it is nothing but one */
  column?: number;
}

export const tieBreaker: Rule = {
  name: 'tie-breaker', section: '4',
  find(context) {
    const { scan } = context;
    const found: Problem[] = [];
    for (let at = 0; at < scan.words.length; at++) {
      const together = scan.words[at]?.text === 'order by';
      if (!together && !(scan.words[at]?.text === 'order' && scan.words[at + 1]?.text === 'by')) continue;
      const { terms, end } = termsFrom(scan, at + (together ? 1 : 2));
      const last = terms.at(-1);
      if (last?.column === undefined || context.vocabulary.timeAt(scan, last.column) !== 'touch' || !decides(scan, at, end)) continue;
      const span = spanOf(scan, last.first, last.last);
      found.push(ruleProblem(context, this, span, 'Touches of the same instant come in any order here, so which one is first or last may change with every run. The order is time, then file name (bytes), then record number.', () => [
        tieFix(context, last, span.end),
      ]));
    }
    return found;
  },
};

function tieFix(context: RuleContext, last: Term, end: number): Fix {
  const { text, shown } = columnsOf(context, last);
  return { title: `Order ties by ${shown}`, changes: [{ file: context.file, span: { start: end, end }, text }], preferred: true };
}

function termsFrom({ words, partner }: Scan, from: number): { terms: Term[]; end: number } {
  const terms: Term[] = [];
  let first = from;
  let at = from;
  const push = (last: number): void => {
    if (last >= first) terms.push(term(words, first, last));
    first = at + 1;
  };
  for (; at < words.length; at++) {
    const word = words[at];
    if (!word) break;
    if (word.kind === 'symbol' && word.text === '(') {
      const close = partner[at] ?? -1;
      if (close < 0) break;
      at = close;
    } else if (word.kind === 'symbol' && word.text === ',') push(at - 1);
    else if ((word.kind === 'symbol' && word.text === ')') || (word.kind !== 'string' && word.kind !== 'quoted' && ENDS.has(word.text))) break;
  }
  // Behind a comma, the next one is still being written
  if (first > at - 1) return { terms: [], end: at };
  push(at - 1);
  return { terms, end: at };
}

function term(words: Scan['words'], first: number, last: number): Term {
  const text = (at: number): string => words[at]?.text ?? '';
  let end = last;
  if (text(end - 1) === 'nulls') end -= 2;
  const descending = text(end) === 'desc';
  if (descending || text(end) === 'asc') end--;
  const qualified = end === first + 2 && text(first + 1) === '.';
  return { first, last, descending, ...(end === first || qualified ? { column: end } : {}) };
}

/** Whether the order decides which touch is taken: not where it only sorts what is shown, or what is summed. */
function decides(scan: Scan, order: number, end: number): boolean {
  const { words, partner } = scan;
  const text = (at: number): string => words[at]?.text ?? '';
  const opener = openerOf(scan, order);
  if (text(opener - 1) === 'over') {
    let close = opener - 2;
    if (text(close) === ')' && text((partner[close] ?? 0) - 1) === 'filter') close = (partner[close] ?? 0) - 2;
    if (/^(?:nulls)$/.test(text(close - 1))) close -= 2;
    return ORDERED.has(text((partner[close] ?? 0) - 1));
  }
  if (opener >= 0 && ORDERED.has(text(opener - 1))) return true;
  // window name as (…)
  if (text(opener - 1) === 'as' && text(opener - 3) === 'window') return true;
  if (/^\s*(?:limit|fetch)$/.test(text(end))) return true;
  for (let at = order - 1; at > opener; at--) {
    if (text(at) === ')') at = partner[at] ?? at;
    else if (text(at) === 'select') return text(at + 1) === 'distinct' && text(at + 2) === 'on';
  }
  return false;
}

/** The tie-breaker for a term, as the term is qualified and in its direction: of the rules, or the touch's key where the relation has no other. */
function columnsOf({ project, file, document, scan, vocabulary }: RuleContext, { first, last, column = first, descending }: Term): { text: string; shown: string } {
  const qualifier = column > first ? written(scan, first, column - 1) : '';
  const direction = descending ? ' desc' : '';
  const from = vocabulary.selectAt(scan.words[last]?.start ?? 0)?.from ?? [];
  const relation = qualifier === '' ? (from.length === 1 ? from[0] : undefined) : from.find(({ alias, path }) => `${(alias?.name ?? path.at(-1) ?? '').toLowerCase()}.` === qualifier.toLowerCase());
  const { columns, certain } = relation ? columnsOfRelation(project, file, document, relation) : { columns: [], certain: false };
  const has = (name: string): boolean => columns.some((one) => one.name === name);
  const key = certain && !(has('source_file') && has('record_number')) ? ['touch_id', 'touchpoint_id', 'event_id', 'id'].find(has) : undefined;
  return key === undefined
    ? { text: `, ${qualifier}source_file collate "C"${direction}, ${qualifier}record_number${direction}`, shown: 'file name and record number' }
    : { text: `, ${qualifier}${key}${direction}`, shown: key };
}
