/**
 * Why a purchase is credited as it is. dbt's marts hold the credit; what is here puts it into words, and says so where the
 * events, read by the same rules, would lead elsewhere.
 */
import { money, sameAmount } from './money';
import { compareEvents, type Placed } from './order';
import { windowInWords, windowOf, type Rules, type Window } from './rules';
import { durationInWords, formatTime } from './time';

/** A staged event of the client. */
export interface TouchCandidate extends Placed {
  id: string;
  /** `page_view` or `purchase` */
  type: string;
  channel: string | null;
}

/** A purchase's row of first_touch_attribution or last_touch_attribution. */
export interface Credit {
  channel: string;
  /** numeric as text */
  revenue: string;
  /** null where no touchpoint was found */
  touchId: string | null;
  days: number | null;
  basis: string;
}

export interface ExplainedPurchase extends TouchCandidate {
  /** numeric as text */
  revenue: string;
  /** undefined: the mart has no row of this purchase */
  first?: Credit | undefined;
  last?: Credit | undefined;
}

export type VerdictKind = 'first' | 'last' | 'first-and-last' | 'between' | 'direct' | 'before' | 'after' | 'not-a-touch' | 'self';

export interface Verdict {
  kind: VerdictKind;
  /** `31 days 2 hours before: outside the window` */
  words: string;
}

export interface Explanation {
  window: Window;
  /** one for each candidate, by id */
  verdicts: ReadonlyMap<string, Verdict>;
  /** valid touchpoints, in their order */
  touches: readonly TouchCandidate[];
  basis: Basis;
}

export type Basis = 'marketing_touch' | 'direct_visit' | 'outside_window' | 'no_touch';

const BASIS_WORDS: Readonly<Record<Basis, string>> = {
  marketing_touch: 'At least one touchpoint lies in the window.',
  direct_visit: 'Every visit in the window came directly: none of them is a touchpoint, so the revenue goes to direct.',
  outside_window: 'No visit lies in the window; the touchpoints before it are too old, so the revenue goes to direct.',
  no_touch: 'There is no visit in the window and no touchpoint before it, so the revenue goes to direct.',
};

/** An attribution_basis in words; one that is unknown stays as it is. */
export const basisInWords = (basis: string): string => (Object.hasOwn(BASIS_WORDS, basis) ? BASIS_WORDS[basis as Basis] : basis);

const isMarketing = ({ channel }: TouchCandidate): boolean => channel !== null && channel !== 'direct';

/** How many valid touchpoints there are, where only the first and the last of them are at hand, as many of either. */
export interface TouchCount {
  count: number;
  /** at least so many */
  more: boolean;
}

/**
 * A verdict on every event for one purchase.
 * @param candidates events of the same client in any order; the purchase itself may be among them
 * @param total given where candidates do not hold every touchpoint of the window
 */
export function explain(purchase: ExplainedPurchase, candidates: readonly TouchCandidate[], rules: Rules, total?: TouchCount): Explanation {
  const window = windowOf(purchase.time, rules);
  const eligible = candidates.filter(({ id, type }) => id !== purchase.id && rules.touchTypes.includes(type));
  const inWindow = eligible.filter(({ time }) => time >= window.start && time <= window.end);
  const touches = inWindow.filter(isMarketing).sort(compareEvents);
  const positions = new Map(touches.map(({ id }, index) => [id, index]));
  const judge = (event: TouchCandidate): Verdict => {
    if (event.id === purchase.id) return { kind: 'self', words: 'this purchase' };
    if (!rules.touchTypes.includes(event.type)) return { kind: 'not-a-touch', words: event.type === 'purchase' ? 'another purchase: not a touchpoint' : 'page view: not a touchpoint in this project' };
    if (event.channel === null) return { kind: 'direct', words: 'no channel: not a touchpoint' };
    if (event.channel === 'direct') return { kind: 'direct', words: 'direct: not a touchpoint' };
    if (event.time > window.end) return { kind: 'after', words: `${durationInWords(event.time - window.end)} after the purchase` };
    if (event.time < window.start) return { kind: 'before', words: `${durationInWords(window.end - event.time)} before: outside the window` };
    return judgeTouch(event, positions.get(event.id) ?? 0, touches.length, purchase, total);
  };
  return {
    window, touches,
    verdicts: new Map(candidates.map((event) => [event.id, judge(event)])),
    basis: touches.length > 0 ? 'marketing_touch' : inWindow.length > 0 ? 'direct_visit'
      : eligible.some((event) => event.time < window.start && isMarketing(event)) ? 'outside_window' : 'no_touch',
  };
}

function judgeTouch({ id, time }: TouchCandidate, index: number, here: number, { first, last, time: purchaseTime, revenue }: ExplainedPurchase, total: TouchCount | undefined): Verdict {
  const isFirst = index === 0;
  const isLast = index === here - 1;
  const age = purchaseTime === time ? 'at the instant of the purchase' : `${durationInWords(purchaseTime - time)} before`;
  if (!isFirst && !isLast) return { kind: 'between', words: `${age}: touchpoint ${place(index, here, total)}, neither first nor last` };
  const kind = isFirst && isLast ? 'first-and-last' : isFirst ? 'first' : 'last';
  const name = isFirst && isLast ? 'first and last touch' : `${kind} touch`;
  const credits = [...(isFirst ? [first] : []), ...(isLast ? [last] : [])];
  // Credit is what the marts say; where they say something else the disagreements tell
  const credited = credits.every((credit) => credit?.touchId === id);
  return { kind, words: credited ? `${name}: all ${money(revenue)} (${age})` : `${name} by the events, not credited in the marts (${age})` };
}

/** `3 of 5`; of touchpoints that are not all at hand, those of the second half count from the end. */
function place(index: number, here: number, total: TouchCount | undefined): string {
  if (!total || total.count <= here) return `${index + 1} of ${here}`;
  const fromEnd = here - index;
  if (index < here / 2) return `${index + 1} of ${total.more ? 'more than ' : ''}${total.count}`;
  return total.more ? `${fromEnd} from the end` : `${total.count - fromEnd + 1} of ${total.count}`;
}

/**
 * One sentence for a purchase, from the marts: "120.00 on 15 Mar 2024 18:30 UTC: first touch organic_search, last touch email
 * (30-day window, 3 touchpoints)".
 * @param touchCount how many valid touchpoints there are, in words or as a number
 */
export function creditSentence({ revenue, time, first, last }: ExplainedPurchase, rules: Rules, touchCount: number | string): string {
  const what = `${money(revenue)} on ${formatTime(time)}`;
  const basis = `(${windowInWords(rules)}, ${touchCount === 0 ? 'no touchpoint' : `${touchCount} touchpoint${touchCount === 1 ? '' : 's'}`})`;
  if (!first && !last) return `${what}: not credited yet; the marts do not have this purchase`;
  if (first?.touchId === null && last?.touchId === null) return `${what}: credited to ${first.channel} ${basis}`;
  const side = (name: string, credit: Credit | undefined): string => (credit ? `${name} touch ${credit.channel}` : `${name} touch not computed yet`);
  return `${what}: ${side('first', first)}, ${side('last', last)} ${basis}`;
}

/** What the marts and the staged events say differently about a purchase, as sentences; empty where they agree. */
export function disagreements(purchase: ExplainedPurchase, { touches, basis }: Explanation): string[] {
  const found: string[] = [];
  for (const [model, side, expected] of [['first_touch_attribution', 'first', touches[0]], ['last_touch_attribution', 'last', touches.at(-1)]] as const) {
    const credit = purchase[side];
    if (!credit) {
      found.push(`${model} has no row for this purchase.`);
      continue;
    }
    const channel = expected?.channel ?? 'direct';
    if (credit.touchId !== (expected?.id ?? null) || credit.channel !== channel) {
      found.push(`${model} credits ${credit.channel}; by the staged events and this project's window it would be ${expected ? `${channel} (${formatTime(expected.time)})` : channel}.`);
    } else if (credit.basis !== basis) {
      found.push(`${model} says ${credit.basis}; by the staged events it would be ${basis}.`);
    }
    if (!sameAmount(credit.revenue, purchase.revenue)) found.push(`${model} credits ${money(credit.revenue)}; the staged purchase says ${money(purchase.revenue)}.`);
  }
  return found;
}
