/** Rule: days of the window have 24 hours each; dates of the calendar do not measure it. */
import type { Problem, TextChange } from './diagnosticsProblem';
import { ruleProblem, type Rule, type RuleContext } from './rulesContext';
import { around, spanOf, written, type Scan } from './rulesScan';
import type { Kind, WindowFacts } from './rulesWords';

/** A time cut down to its day, and what stands inside. */
interface DayCut {
  first: number;
  last: number;
  inside: [number, number];
}

/** A time that is cut to its day at this word: `x::date`, `date(x)`, `cast(x as date)`, `date_trunc('day', x)`. */
function dayCutAt({ words, partner }: Scan, at: number): DayCut | undefined {
  const text = (index: number): string => words[index]?.text ?? '';
  if (text(at) === '::' && text(at + 1) === 'date') {
    let first = at - 1;
    if (text(first) === ')') {
      first = partner[first] ?? -1;
      if (first < 0) return undefined;
      return { first, last: at + 1, inside: [first, at - 1] };
    }
    while (text(first - 1) === '.') first -= 2;
    return { first, last: at + 1, inside: [first, at - 1] };
  }
  const close = partner[at + 1] ?? -1;
  if (text(at + 1) !== '(' || close < 0 || words[at]?.kind !== 'word') return undefined;
  if (text(at) === 'date') return { first: at, last: close, inside: [at + 2, close - 1] };
  if (text(at) === 'cast' && text(close - 1) === 'date' && text(close - 2) === 'as') return { first: at, last: close, inside: [at + 2, close - 3] };
  if (text(at) === 'date_trunc' && text(at + 2) === 'day' && text(at + 3) === ',') return { first: at, last: close, inside: [at + 4, close - 1] };
  return undefined;
}

/** Days counted from one time to another at this word: `date_part('day', a - b)`, `extract(day from a - b)`, `datediff(day, b, a)`, `age(a, b)`. */
function dayCountAt({ words, partner }: Scan, at: number): [number, number] | undefined {
  const close = partner[at + 1] ?? -1;
  if (words[at]?.kind !== 'word' || words[at + 1]?.text !== '(' || close < 0) return undefined;
  const name = words[at].text;
  const unit = words[at + 2]?.text ?? '';
  if ((name === 'date_part' || name === 'extract') && /^days?$/.test(unit)) return [at, close];
  if ((name === 'datediff' || name === 'date_diff') && words.slice(at + 2, close).some((word) => word.text === 'day')) return [at, close];
  return name === 'age' ? [at, close] : undefined;
}

function timesIn(context: RuleContext, first: number, last: number): Map<Kind, number> {
  const found = new Map<Kind, number>();
  for (let at = first; at <= last; at++) {
    const kind = context.vocabulary.timeAt(context.scan, at);
    if (kind && !found.has(kind)) found.set(kind, at);
  }
  return found;
}

const WHY = 'A day of the window has 24 hours: calendar days make two times of one distance differ, as midnight falls. Count whole days of 86,400 seconds.';

export const calendarDays: Rule = {
  name: 'calendar-days', section: '4',
  find(context) {
    const { scan } = context;
    const found: Problem[] = [];
    let done = -1;
    for (let at = 0; at < scan.words.length; at++) {
      if (at <= done) continue;
      const count = dayCountAt(scan, at);
      if (count) {
        const times = timesIn(context, count[0], count[1]);
        if (times.size < 2) continue;
        done = count[1];
        const span = spanOf(scan, count[0], count[1]);
        found.push(ruleProblem(context, this, span, WHY, () => [
          { title: 'Count whole days of 24 hours', changes: [{ file: context.file, span, text: wholeDays(context.window, columnAt(scan, times.get('touch') ?? 0), columnAt(scan, times.get('purchase') ?? 0)) }], preferred: true },
        ]));
        continue;
      }
      const cut = dayCutAt(scan, at);
      if (!cut || timesIn(context, cut.inside[0], cut.inside[1]).size === 0) continue;
      const [first, last] = around(scan, cut.first);
      const times = timesIn(context, first, last);
      if (times.size < 2 || !scan.words.slice(first, last + 1).some(({ text, kind }) => kind === 'symbol' && /^(?:-|<|>|<=|>=|=)$/.test(text))) continue;
      done = last;
      const cuts: DayCut[] = [];
      for (let word = first; word <= last; word++) {
        const other = dayCutAt(scan, word);
        if (other && timesIn(context, other.inside[0], other.inside[1]).size > 0) cuts.push(other);
      }
      found.push(ruleProblem(context, this, spanOf(scan, cuts[0]?.first ?? cut.first, cuts.at(-1)?.last ?? cut.last), WHY, () => {
        const [one, other] = cuts;
        const difference = cuts.length === 2 && one && other && other.first === one.last + 2 && scan.words[one.last + 1]?.text === '-';
        const changes: TextChange[] = difference
          ? [{ file: context.file, span: spanOf(scan, one.first, other.last), text: wholeDays(context.window, inside(scan, other), inside(scan, one)) }]
          : cuts.map((each) => ({ file: context.file, span: spanOf(scan, each.first, each.last), text: inside(scan, each) }));
        return [{ title: difference ? 'Count whole days of 24 hours' : 'Compare the times themselves', changes, preferred: true }];
      }));
    }
    // dbt's macro counts midnights as well
    for (const call of context.document.jinja.calls) {
      const texts = call.arguments.map(({ text }) => text ?? '');
      if (!/(?:^|\.)datediff$/.test(call.name) || !texts.includes('day')) continue;
      const touch = texts.find((text) => /touch/i.test(text));
      const purchase = texts.find((text) => /purchase|conver/i.test(text) && !/touch/i.test(text));
      const tag = context.document.jinja.tags[call.tag];
      if (touch === undefined || purchase === undefined || !tag) continue;
      found.push(ruleProblem(context, this, call.span, WHY, () => [{ title: 'Count whole days of 24 hours', changes: [{ file: context.file, span: tag.span, text: wholeDays(context.window, touch, purchase) }], preferred: true }]));
    }
    return found;
  },
};

function wholeDays({ daysMacro }: WindowFacts, touch: string, purchase: string): string {
  return daysMacro === undefined ? `floor(extract(epoch from (${purchase} - ${touch})) / 86400)::integer` : `{{ ${daysMacro}('${touch}', '${purchase}') }}`;
}

function inside(scan: Scan, { inside: [first, last] }: DayCut): string {
  return written(scan, first, last);
}

/** The column at a word, with what qualifies it. */
function columnAt(scan: Scan, at: number): string {
  return written(scan, scan.words[at - 1]?.text === '.' ? at - 2 : at, at);
}
