/** What the timeline draws, as plain data: lanes, marks, sessions, the window, who is connected with the purchase. */
import type { ExplainedPurchase, Explanation, TouchCandidate, TouchCount, Verdict } from '../attribution/explain';
import { money } from '../attribution/money';
import { windowOf, type Rules } from '../attribution/rules';
import { formatTime, toMillis } from '../attribution/time';
import type { PageView } from './protocol';
import { t } from '../base/l10n';

/** Channels beyond this many share one lane. */
export const MAX_LANES = 12;
export const OTHER_LANE = 'other channels';
export const NO_CHANNEL = 'no channel';

export interface Lane {
  name: string;
  /** a CSS class `channel-…` that gives it its colour */
  colour: string;
}

export type Shape = 'touch' | 'outside' | 'visit';

export interface ViewMark {
  id: string;
  time: number;
  lane: number;
  shape: Shape;
  credited: boolean;
  /** how many marks of the same lane and instant stand before it */
  stack: number;
  /** one line each, for the tooltip; joined, the name for screen readers */
  lines: string[];
}

export interface PurchaseMark {
  id: string;
  time: number;
  revenue: string;
  stack: number;
  /** other purchases have the same instant */
  isStacked: boolean;
  lines: string[];
}

export interface SessionBar {
  name: string;
  start: number;
  end: number;
  events: number;
}

export interface Scene {
  lanes: Lane[];
  views: ViewMark[];
  purchases: PurchaseMark[];
  sessions: SessionBar[];
  window: { start: number; end: number; opens: string } | null;
  /** touchpoints in the middle of the window that are not here */
  gap: { start: number; end: number; words: string } | null;
  /** from a touch to the selected purchase */
  credits: { touchId: string; label: string }[];
  selected: string | null;
  /** everything there is to see, in milliseconds since 1970 */
  extent: [number, number];
}

const COLOURS: Readonly<Record<string, string>> = { organic_search: 'green', paid_search: 'yellow', email: 'blue', social: 'purple', direct: 'plain', [NO_CHANNEL]: 'plain', [OTHER_LANE]: 'plain', affiliate: 'red' };
const FURTHER_COLOURS = ['red', 'yellow', 'blue', 'green', 'purple'];
const MINUTE = 60_000;
/** Of a page's address and the like, in characters. */
const LONGEST_DETAIL = 300;

export interface SceneInput {
  /** in the order of the rules */
  views: readonly (PageView & { at: TouchCandidate })[];
  purchases: readonly ExplainedPurchase[];
  sessionOf: ReadonlyMap<string, string | null>;
  selected: ExplainedPurchase | null;
  explanation: Explanation | null;
  rules: Rules;
  /** how many valid touchpoints there are; more than are here where the client has very many */
  touches: TouchCount | undefined;
}

export function sceneOf({ views, purchases, sessionOf, selected, explanation, rules, touches }: SceneInput): Scene {
  const lanes = lanesOf(views.map(({ channel }) => channel));
  const laneOf = new Map(lanes.map(({ name }, index) => [name, index]));
  const window = selected ? windowOf(selected.time, rules) : null;
  const credits = selected ? creditsOf(selected) : [];
  const stackOf = stacker();
  const times = [...views.map(({ at }) => at.time), ...purchases.flatMap(({ time }) => [time, windowOf(time, rules).start])].map(toMillis);
  return {
    lanes, credits, selected: selected?.id ?? null, gap: explanation && touches ? gapOf(explanation.touches, touches) : null,
    views: views.map((view) => {
      const lane = laneOf.get(view.channel ?? NO_CHANNEL) ?? lanes.length - 1;
      const verdict = explanation?.verdicts.get(view.id);
      return {
        id: view.id, time: toMillis(view.at.time), lane, shape: shapeOf(verdict), credited: credits.some(({ touchId }) => touchId === view.id), stack: stackOf(`${lane} ${view.at.time}`),
        lines: [t('Page view, {0}', channelInWords(view.channel)), formatTime(view.at.time), ...(verdict ? [verdict.words] : []), ...details(view)],
      };
    }),
    purchases: purchases.map(({ id, time, revenue, first, last }, index) => ({
      id, time: toMillis(time), revenue: money(revenue), stack: stackOf(`purchase ${time}`), isStacked: purchases[index - 1]?.time === time || purchases[index + 1]?.time === time,
      lines: [t('Purchase, {0}', money(revenue)), formatTime(time), t('first touch: {0}, last touch: {1}', first?.channel ?? t('not computed yet'), last?.channel ?? t('not computed yet'))],
    })),
    sessions: sessionsOf([...views.map(({ at }) => at), ...purchases], sessionOf),
    window: window && { start: toMillis(window.start), end: toMillis(window.end), opens: formatTime(window.start) },
    extent: extentOf(times),
  };
}

/** Channels in the order of their first event, those of visits that are no touchpoints last. */
function lanesOf(channels: readonly (string | null)[]): Lane[] {
  const names = [...new Set(channels.map((channel) => channel ?? NO_CHANNEL))];
  const isLast = (name: string): boolean => name === 'direct' || name === NO_CHANNEL;
  const touching = names.filter((name) => !isLast(name));
  const visits = names.filter(isLast).sort();
  const kept = touching.length + visits.length > MAX_LANES ? [...touching.slice(0, MAX_LANES - visits.length - 1), ...visits, OTHER_LANE] : [...touching, ...visits];
  let further = 0;
  return kept.map((name) => ({ name, colour: Object.hasOwn(COLOURS, name) ? (COLOURS[name] ?? 'plain') : (FURTHER_COLOURS[further++ % FURTHER_COLOURS.length] ?? 'plain') }));
}

/** A channel's own name; what has none is said in words. */
export const channelInWords = (name: string | null): string => (name === null || name === NO_CHANNEL ? t('no channel') : name === OTHER_LANE ? t('other channels') : name);

const grouped = (count: number): string => new Intl.NumberFormat('en').format(count);

function shapeOf(verdict: Verdict | undefined): Shape {
  if (!verdict || verdict.kind === 'before' || verdict.kind === 'after') return 'outside';
  return verdict.kind === 'direct' || verdict.kind === 'not-a-touch' ? 'visit' : 'touch';
}

/** Of very many touchpoints the first and the last are here, as many of either. */
function gapOf(here: readonly TouchCandidate[], { count, more }: TouchCount): Scene['gap'] {
  const [start, end] = [here[here.length / 2 - 1], here[here.length / 2]];
  if (count <= here.length || !start || !end) return null;
  return { start: toMillis(start.time), end: toMillis(end.time), words: more ? t('more than {0} touchpoints not shown', grouped(count - here.length)) : t('{0} touchpoints not shown', grouped(count - here.length)) };
}

/** The marts say who is credited, and with what. */
function creditsOf({ first, last }: ExplainedPurchase): Scene['credits'] {
  if (first?.touchId && first.touchId === last?.touchId) return [{ touchId: first.touchId, label: t('first and last {0}', money(first.revenue)) }];
  return [[first, 'first {0}'] as const, [last, 'last {0}'] as const].flatMap(([credit, label]) => (credit?.touchId ? [{ touchId: credit.touchId, label: t(label, money(credit.revenue)) }] : []));
}

const details = ({ session, campaign, utmSource, utmMedium, pageUrl }: PageView): string[] => [
  ...(session === null ? [] : [t('session {0}', session)]), ...(campaign === null ? [] : [t('campaign {0}', campaign)]),
  ...(utmSource === null && utmMedium === null ? [] : [`utm ${[utmSource, utmMedium].filter(Boolean).join(' / ')}`]), ...(pageUrl === null ? [] : [pageUrl]),
].map((line) => (line.length > LONGEST_DETAIL ? `${line.slice(0, LONGEST_DETAIL)}…` : line));

function stacker(): (place: string) => number {
  const counts = new Map<string, number>();
  return (place) => {
    const count = counts.get(place) ?? 0;
    counts.set(place, count + 1);
    return count;
  };
}

function sessionsOf(events: readonly TouchCandidate[], sessionOf: ReadonlyMap<string, string | null>): SessionBar[] {
  const bars = new Map<string, SessionBar>();
  for (const { id, time } of events) {
    const name = sessionOf.get(id) ?? null;
    if (name === null) continue;
    const at = toMillis(time);
    const bar = bars.get(name) ?? { name, start: at, end: at, events: 0 };
    bars.set(name, { name, start: Math.min(bar.start, at), end: Math.max(bar.end, at), events: bar.events + 1 });
  }
  return [...bars.values()].sort((one, other) => one.start - other.start);
}

function extentOf(times: readonly number[]): [number, number] {
  const start = times.reduce((least, time) => Math.min(least, time), Infinity);
  const end = times.reduce((most, time) => Math.max(most, time), -Infinity);
  if (start > end) return [0, MINUTE];
  const pad = Math.max((end - start) * 0.03, MINUTE);
  return [start - pad, end + pad];
}
