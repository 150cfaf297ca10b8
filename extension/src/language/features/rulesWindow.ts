/** Rules about the window: its length comes from the variable, its days have 24 hours, and both of its ends belong to it. */
import type { Problem } from './diagnosticsProblem';
import { ruleProblem, type Rule, type RuleContext } from './rulesContext';
import { intervalAt, type Length } from './rulesIntervals';
import { around, spanOf, written, type Scan } from './rulesScan';
import { isDaysAt, isWindowAt, relationKind, type WindowFacts } from './rulesWords';

/** What the words of an expression hold. */
interface Sides {
  touch: boolean;
  purchase: boolean;
  days: boolean;
  window: boolean;
  /** a minus or plus at work */
  minus: boolean;
  plus: boolean;
}

function sidesOf(context: RuleContext, first: number, last: number): Sides {
  const { scan, vocabulary } = context;
  const sides: Sides = { touch: false, purchase: false, days: false, window: false, minus: false, plus: false };
  for (let at = first; at <= last; at++) {
    const word = scan.words[at];
    if (!word) continue;
    const kind = vocabulary.timeAt(scan, at);
    if (kind) sides[kind] = true;
    if (isDaysAt(scan, at)) sides.days = true;
    if (isWindowAt(scan, at) || (intervalAt(scan, at)?.days ?? 0) > 0 || (word.kind !== 'string' && /(?:^|_)window(?:_|$)/.test(word.text) && word.kind === 'word')) sides.window = true;
    if (word.kind === 'symbol' && word.text === '-') sides.minus = true;
    if (word.kind === 'symbol' && word.text === '+') sides.plus = true;
  }
  return sides;
}

/** Whether something that is no time of a journey takes part: the present moment, a fixed date. */
function mentionsNow({ words }: Scan, first: number, last: number): boolean {
  for (let at = first; at <= last; at++) if (/^(?:now|current_date|current_timestamp|localtimestamp|clock_timestamp|statement_timestamp|getdate|sysdate)$/.test(words[at]?.text ?? '')) return true;
  return false;
}

/** The window as an interval, and a number of days, as this project writes them. */
function intervalText({ intervalMacro, ...facts }: WindowFacts): string {
  return intervalMacro === undefined ? `interval '24 hours' * ${daysText(facts)}` : `{{ ${intervalMacro}() }}`;
}

function daysText({ variable, known }: Pick<WindowFacts, 'variable' | 'known' | 'days'>): string {
  return known ? `{{ var('${variable}') }}` : `{{ var('${variable}', 30) }}`;
}

function messageOf(wrote: string, { variable }: WindowFacts): string {
  return `${wrote} is written out here: it does not follow the variable "${variable}", which says how long the attribution window is.`;
}

const COMPARISONS = new Set(['<', '<=', '>', '>=', '=', '<>', '!=']);

/** A hard-coded 30 where the window variable belongs. */
export const hardCodedWindow: Rule = {
  name: 'hard-coded-window', section: '4',
  find(context) {
    const { scan, window } = context;
    const found: Problem[] = [];
    const isWindow = (days: number): boolean => Math.abs(days - 30) < 1e-9 || Math.abs(days - window.days) < 1e-9;
    const add = (first: number, last: number, text: string, wrote: string): void => {
      const span = spanOf(scan, first, last);
      found.push(ruleProblem(context, this, span, messageOf(wrote, window), () => [
        { title: `Use ${text}`, changes: [{ file: context.file, span, text }], preferred: true },
      ]));
    };
    for (let at = 0; at < scan.words.length; at++) {
      const word = scan.words[at];
      if (!word || (word.kind !== 'number' && word.kind !== 'word' && word.kind !== 'string')) continue;
      const length = intervalAt(scan, at);
      if (length) {
        if (isWindow(length.days) && aboutWindow(context, length)) add(length.first, length.last, intervalText(window), written(scan, length.first, length.last));
        at = length.last;
        continue;
      }
      if (word.kind !== 'number') continue;
      const value = Number(word.text);
      const factor = isWindow(value) ? '' : isWindow(value / 86_400) ? ' * 86400' : isWindow(value / 24) && value >= 168 ? ' * 24' : undefined;
      if (factor !== undefined && aboutDays(context, at, factor)) add(at, at, `${daysText(window)}${factor}`, word.text);
    }
    // {{ dbt.dateadd('day', -30, 'purchase_time') }}
    for (const call of context.document.jinja.calls) {
      const [unit, count, time] = call.arguments.map(({ text, span }) => text ?? context.document.text.slice(span.start, span.end).replace(/^\w+\s*=\s*/, ''));
      const tag = context.document.jinja.tags[call.tag];
      if (!/(?:^|\.)dateadd$/.test(call.name) || unit !== 'day' || count === undefined || time === undefined || tag?.kind !== 'expression' || !isWindow(Math.abs(Number(count)))) continue;
      const back = Number(count) < 0;
      if (relationKind(time.replace(/^.*\./, '')) !== (back ? 'purchase' : 'touch')) continue;
      const text = `${time} ${back ? '-' : '+'} ${intervalText(window)}`;
      found.push(ruleProblem(context, this, call.span, messageOf(count.replace('-', ''), window), () => [{ title: `Use ${text}`, changes: [{ file: context.file, span: tag.span, text }], preferred: true }]));
    }
    return found;
  },
};

/** Whether an interval stands between a touch and a purchase: before a purchase's time, after a touch's, or against their difference. */
function aboutWindow(context: RuleContext, length: Length): boolean {
  const [first, last] = around(context.scan, length.first);
  if (mentionsNow(context.scan, first, last)) return false;
  const { touch, purchase } = sidesOf(context, first, last);
  if (touch && purchase) return true;
  const before = context.scan.words[length.first - 1]?.text;
  return (purchase && before === '-') || (touch && before === '+');
}

/** Whether a number is compared with days from touch to purchase, or subtracted from a purchase's day. */
function aboutDays(context: RuleContext, at: number, factor: string): boolean {
  const { words } = context.scan;
  const before = words[at - 1]?.text ?? '';
  const after = words[at + 1]?.text ?? '';
  const beside = COMPARISONS.has(before) || COMPARISONS.has(after) || before === 'and' || before === 'between' || before === '-' || before === '+';
  if (!beside) return false;
  const [first, last] = around(context.scan, at);
  if (mentionsNow(context.scan, first, last)) return false;
  const { touch, purchase, days } = sidesOf(context, first, last);
  const compared = COMPARISONS.has(before) || COMPARISONS.has(after) || (before === 'and' && first < at - 1);
  // Buckets of a report are no window
  if (days && factor === '') return compared && words[first - 1]?.text !== 'when';
  if (touch && purchase) return true;
  // A date less 30 is 30 days before it
  return factor === '' && ((purchase && before === '-') || (touch && before === '+')) && after !== '*';
}

/** `<` where the rules say `<=`. */
export const windowEdge: Rule = {
  name: 'window-edge', section: '4',
  find(context) {
    const { scan } = context;
    const found: Problem[] = [];
    for (const [at, { kind, text, start, end }] of scan.words.entries()) {
      if (kind !== 'symbol' || (text !== '<' && text !== '>')) continue;
      const [first, last] = around(scan, at);
      if (scan.words.slice(first, at).some((word) => word.text === 'not') || mentionsNow(scan, first, last)) continue;
      const left = sidesOf(context, first, at - 1);
      const right = sidesOf(context, at + 1, last);
      const [less, more] = text === '<' ? [left, right] : [right, left];
      if (!isEdge(less, more)) continue;
      const span = { start, end };
      found.push(ruleProblem(context, this, span, `"${text}" leaves out the end of the window: purchase time − window ≤ touch time ≤ purchase time, both ends included.`, () => [
        { title: `Change to ${text}=`, changes: [{ file: context.file, span, text: `${text}=` }], preferred: true },
      ]));
    }
    return found;
  },
};

/** Whether "less is before more" says that a touch is in the window; outside of it, it is right to be strict. */
function isEdge(less: Sides, more: Sides): boolean {
  const moves = (side: Sides): boolean => side.window || side.minus || side.plus;
  const only = (side: Sides, kind: 'touch' | 'purchase'): boolean => side[kind] && !side[kind === 'touch' ? 'purchase' : 'touch'];
  // touch < purchase
  if (only(less, 'touch') && only(more, 'purchase')) return !moves(less) && !moves(more);
  // purchase - window < touch, purchase < touch + window
  if (only(less, 'purchase') && only(more, 'touch')) return (less.window && less.minus && !moves(more)) || (more.window && more.plus && !moves(less));
  // purchase - touch < window
  if ((less.touch && less.purchase && less.minus) || less.days) return more.window && !more.touch && !more.purchase && !more.days;
  return false;
}
