/** The facts that the host sends, as what the explanation and the page work with. */
import type { ExplainedPurchase, TouchCandidate } from '../attribution/explain';
import { compareEvents } from '../attribution/order';
import { parseTime } from '../attribution/time';
import type { Journey, PageView, Purchase } from './protocol';

const placed = ({ id, time, channel, sourceFile, recordNumber }: PageView | Purchase): Omit<TouchCandidate, 'type'> => ({ id, time: parseTime(time), channel, sourceFile, recordNumber });

export const explainable = (purchase: Purchase): ExplainedPurchase => ({
  ...placed(purchase), type: 'purchase', revenue: purchase.revenue, first: purchase.first ?? undefined, last: purchase.last ?? undefined,
});

/** The page views that are here: all, or those around the selected purchase. */
export const pageViewsOf = ({ pageViews, detail }: Journey): readonly PageView[] => pageViews ?? detail.around ?? [];

/** Every event that is here, in the order of the rules. */
export function candidatesOf(journey: Journey): TouchCandidate[] {
  const views = pageViewsOf(journey).map((view): TouchCandidate => ({ ...placed(view), type: 'page_view' }));
  return [...views, ...journey.purchases.map((purchase): TouchCandidate => ({ ...placed(purchase), type: 'purchase' }))].sort(compareEvents);
}
