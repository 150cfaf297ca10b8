/**
 * Why a purchase is credited as it is. dbt's marts hold the credit; what is here puts it into words, and says so where the
 * events, read by the same rules, would lead elsewhere.
 */
import { money, sameAmount } from './money';
import { compareEvents, type Placed } from './order';
import { windowInWords, windowOf, type Rules, type Window } from './rules';
import { durationInWords, formatTime } from './time';
import { t } from '../base/l10n';

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

const basisWords = (): Readonly<Record<Basis, string>> => ({
  marketing_touch: t('At least one touchpoint lies in the window.'),
  direct_visit: t('Every visit in the window came directly: none of them is a touchpoint, so the revenue goes to direct.'),
  outside_window: t('No visit lies in the window; the touchpoints before it are too old, so the revenue goes to direct.'),
  no_touch: t('There is no visit in the window and no touchpoint before it, so the revenue goes to direct.'),
});

/** An attribution_basis in words; one that is unknown stays as it is. */
export const basisInWords = (basis: string): string => (Object.hasOwn(basisWords(), basis) ? basisWords()[basis as Basis] : basis);

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
    if (event.id === purchase.id) return { kind: 'self', words: t('this purchase') };
    if (!rules.touchTypes.includes(event.type)) return { kind: 'not-a-touch', words: event.type === 'purchase' ? t('another purchase: not a touchpoint') : t('page view: not a touchpoint in this project') };
    if (event.channel === null) return { kind: 'direct', words: t('no channel: not a touchpoint') };
    if (event.channel === 'direct') return { kind: 'direct', words: t('direct: not a touchpoint') };
    if (event.time > window.end) return { kind: 'after', words: t('{0} after the purchase', durationInWords(event.time - window.end)) };
    if (event.time < window.start) return { kind: 'before', words: t('{0} before: outside the window', durationInWords(window.end - event.time)) };
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
  const age = purchaseTime === time ? t('at the instant of the purchase') : t('{0} before', durationInWords(purchaseTime - time));
  if (!isFirst && !isLast) return { kind: 'between', words: t('{0}: touchpoint {1}, neither first nor last', age, place(index, here, total)) };
  const kind = isFirst && isLast ? 'first-and-last' : isFirst ? 'first' : 'last';
  const name = isFirst && isLast ? t('first and last touch') : isFirst ? t('first touch') : t('last touch');
  const credits = [...(isFirst ? [first] : []), ...(isLast ? [last] : [])];
  // Credit is what the marts say; where they say something else the disagreements tell
  const credited = credits.every((credit) => credit?.touchId === id);
  return { kind, words: credited ? t('{0}: all {1} ({2})', name, money(revenue), age) : t('{0} by the events, not credited in the marts ({1})', name, age) };
}

/** `3 of 5`; of touchpoints that are not all at hand, those of the second half count from the end. */
function place(index: number, here: number, total: TouchCount | undefined): string {
  if (!total || total.count <= here) return t('{0} of {1}', index + 1, here);
  const fromEnd = here - index;
  if (index < here / 2) return total.more ? t('{0} of more than {1}', index + 1, total.count) : t('{0} of {1}', index + 1, total.count);
  return total.more ? t('{0} from the end', fromEnd) : t('{0} of {1}', total.count - fromEnd + 1, total.count);
}

/**
 * One sentence for a purchase, from the marts: "120.00 on 15 Mar 2024 18:30 UTC: first touch organic_search, last touch email
 * (30-day window, 3 touchpoints)".
 * @param touchCount how many valid touchpoints there are, in words or as a number
 */
export function creditSentence({ revenue, time, first, last }: ExplainedPurchase, rules: Rules, touchCount: number | string): string {
  const what = t('{0} on {1}', money(revenue), formatTime(time));
  const touchpoints = touchCount === 0 ? t('no touchpoint') : touchCount === 1 ? t('1 touchpoint') : t('{0} touchpoints', touchCount);
  const basis = `(${windowInWords(rules)}, ${touchpoints})`;
  if (!first && !last) return t('{0}: not credited yet; the marts do not have this purchase', what);
  if (first?.touchId === null && last?.touchId === null) return t('{0}: credited to {1} {2}', what, first.channel, basis);
  const firstWords = first ? t('first touch {0}', first.channel) : t('first touch not computed yet');
  const lastWords = last ? t('last touch {0}', last.channel) : t('last touch not computed yet');
  return `${what}: ${firstWords}, ${lastWords} ${basis}`;
}

/** What the marts and the staged events say differently about a purchase, as sentences; empty where they agree. */
export function disagreements(purchase: ExplainedPurchase, { touches, basis }: Explanation): string[] {
  const found: string[] = [];
  for (const [model, side, expected] of [['first_touch_attribution', 'first', touches[0]], ['last_touch_attribution', 'last', touches.at(-1)]] as const) {
    const credit = purchase[side];
    if (!credit) {
      found.push(t('{0} has no row for this purchase.', model));
      continue;
    }
    const channel = expected?.channel ?? 'direct';
    if (credit.touchId !== (expected?.id ?? null) || credit.channel !== channel) {
      found.push(t('{0} credits {1}; by the staged events and this project\'s window it would be {2}.', model, credit.channel, expected ? `${channel} (${formatTime(expected.time)})` : channel));
    } else if (credit.basis !== basis) {
      found.push(t('{0} says {1}; by the staged events it would be {2}.', model, credit.basis, basis));
    }
    if (!sameAmount(credit.revenue, purchase.revenue)) found.push(t('{0} credits {1}; the staged purchase says {2}.', model, money(credit.revenue), money(purchase.revenue)));
  }
  return found;
}
