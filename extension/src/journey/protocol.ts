/** What the journey's page and its host say to each other. Times are PostgreSQL's text in UTC, amounts are numerics as text. */
import type { Credit, TouchCount } from '../attribution/explain';
import type { Rules } from '../attribution/rules';

export interface PageView {
  id: string;
  time: string;
  channel: string | null;
  session: string | null;
  campaign: string | null;
  utmSource: string | null;
  utmMedium: string | null;
  pageUrl: string | null;
  referrerUrl: string | null;
  sourceFile: string;
  recordNumber: number;
}

export interface Purchase {
  id: string;
  time: string;
  channel: string | null;
  session: string | null;
  revenue: string;
  productId: string | null;
  productCategory: string | null;
  sourceFile: string;
  recordNumber: number;
  /** null: the mart has no row of it */
  first: Credit | null;
  last: Credit | null;
}

export interface Client {
  registrationDate: string | null;
  cohort: string | null;
  segment: string | null;
}

/** One row of multi_touch_attribution. */
export interface Share {
  touchId: string | null;
  model: string;
  position: number;
  revenue: string;
  weight: number;
}

/** What belongs to the selected purchase alone. */
export interface Detail {
  /** null where nothing is selected */
  purchaseId: string | null;
  shares: Share[];
  /** valid touchpoints, where not all page views are here */
  touches?: TouchCount;
  /** page views around the purchase, where not all are here */
  around?: PageView[];
}

export interface Journey {
  clientId: string;
  /** null: no row in stg_clients */
  client: Client | null;
  rules: Rules;
  /** in the order of time */
  purchases: Purchase[];
  /** whether there are more than those here, on either side */
  morePurchases: { before: boolean; after: boolean };
  /** all of them, or null for a client with too many: then `detail.around` */
  pageViews: PageView[] | null;
  detail: Detail;
  /** a purchase was asked for that this client does not have */
  missing?: string;
}

export interface RejectedRecord {
  sourceFile: string;
  recordNumber: number;
  reason: string;
  entity: string;
  /** untrimmed, as they were read */
  fields: Record<string, string | null> | null;
}

/** Page views of a client with many, by channel. */
export interface ChannelCount {
  channel: string | null;
  count: number;
  first: string;
  last: string;
}

export type Loaded = { kind: 'journey'; journey: Journey } | { kind: 'failed'; message: string; remedies: string[] };

/** What the page may ask of the host. */
export interface HostSide {
  requests: {
    /** `purchaseId` null: the one that the host wants to show */
    load: { argument: { purchaseId: string | null }; result: Loaded };
    detail: { argument: { purchaseId: string; around: boolean }; result: Detail };
    rejected: { argument: null; result: { records: RejectedRecord[]; more: boolean } };
    counts: { argument: null; result: ChannelCount[] };
    copy: { argument: { text: string }; result: null };
    /** a link to the journey, at the selected purchase */
    copyLink: { argument: null; result: null };
  };
  notifications: {
    selected: { purchaseId: string | null };
    openRecord: { sourceFile: string; recordNumber: number };
    openRows: null;
    /** the journey becomes a dbt unit test */
    freeze: null;
    findClient: null;
    /** the marts that credit, with all they depend on */
    materialize: null;
    /** runs what the failed load's button says */
    remedy: { index: number };
  };
}

/** What the host may ask of the page. */
export interface PageSide {
  // eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- the host asks nothing that has an answer
  requests: Record<never, never>;
  notifications: {
    /** the data changed: load again, and keep selection and zoom */
    changed: { assets: string[] };
    select: { purchaseId: string };
  };
}

/** What the serializer keeps. */
export interface PageState {
  clientId: string;
  purchaseId: string | null;
  /** visible range, in milliseconds since 1970 */
  view: [number, number] | null;
}
