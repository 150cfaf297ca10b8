/** What the page shows, derived from what the host sent and which purchase is selected. */
import { creditSentence, disagreements, explain, type ExplainedPurchase, type Explanation, type TouchCandidate } from '../../attribution/explain';
import { factsOf, type Facts } from '../facts';
import { candidatesOf, explainable, pageViewsOf } from '../model';
import type { Detail, Journey } from '../protocol';
import { sceneOf, type Scene } from '../scene';

export interface View {
  scene: Scene;
  facts: Facts;
  selected: ExplainedPurchase | null;
  explanation: Explanation | null;
  /** place of the selected purchase among those here, from 0; -1 where there is none */
  index: number;
  sentence: string;
  disagreements: string[];
}

/** A journey and its selection. */
export class JourneyState {
  readonly purchases: readonly ExplainedPurchase[];
  #detail: Detail;
  #selected: string | null;

  constructor(private readonly journey: Journey) {
    this.purchases = journey.purchases.map(explainable);
    this.#detail = journey.detail;
    this.#selected = journey.detail.purchaseId;
  }

  get selected(): string | null {
    return this.#selected;
  }

  get purchaseIds(): string[] {
    return this.purchases.map(({ id }) => id);
  }

  /** Whether what belongs to the selected purchase alone is here. */
  get isDetailed(): boolean {
    return this.#detail.purchaseId === this.#selected;
  }

  /** @returns whether the selection changed */
  select(id: string): boolean {
    if (id === this.#selected || !this.purchases.some((purchase) => purchase.id === id)) return false;
    this.#selected = id;
    return true;
  }

  /** Takes in what the host sent for a purchase; what is not selected any more is ignored. */
  detailed(detail: Detail): void {
    if (detail.purchaseId === this.#selected) this.#detail = detail;
  }

  view(): View {
    const journey = { ...this.journey, detail: this.#detail };
    const { rules } = journey;
    const candidates = candidatesOf(journey);
    const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
    const selected = this.purchases.find(({ id }) => id === this.#selected) ?? null;
    const touches = this.isDetailed ? this.#detail.touches : undefined;
    const explanation = selected && explain(selected, candidates, rules, touches);
    const sessionOf = new Map([...pageViewsOf(journey), ...journey.purchases].map(({ id, session }) => [id, session]));
    const views = pageViewsOf(journey).flatMap((view) => ({ ...view, at: byId.get(view.id) as TouchCandidate })).sort((one, other) => candidates.indexOf(one.at) - candidates.indexOf(other.at));
    // The page views around another purchase say nothing about this one
    const whole = journey.pageViews !== null || this.isDetailed;
    return {
      scene: sceneOf({ views, purchases: this.purchases, sessionOf, selected, explanation, rules, touches }),
      facts: factsOf(candidates, new Map(this.purchases.map((purchase) => [purchase.id, purchase])), sessionOf, selected, explanation, this.isDetailed ? this.#detail.shares : blank(this.#detail)),
      selected, explanation, index: this.purchases.findIndex(({ id }) => id === this.#selected),
      sentence: selected && explanation ? creditSentence(selected, rules, this.#touchCount(explanation)) : '',
      disagreements: selected && explanation && whole ? disagreements(selected, explanation) : [],
    };
  }

  #touchCount({ touches }: Explanation): number | string {
    if (this.journey.pageViews !== null) return touches.length;
    const counted = this.isDetailed ? this.#detail.touches : undefined;
    if (!counted) return '…';
    return counted.more ? `more than ${counted.count}` : counted.count;
  }
}

/** Keeps the columns while the shares of another purchase are on their way. */
const blank = ({ shares }: Detail): Detail['shares'] => [...new Set(shares.map(({ model }) => model))].map((model) => ({ model, touchId: '', position: 0, revenue: '0', weight: 0 }));
