/** One client's journey out of PostgreSQL. Every statement goes through an index by client or by key, and is limited. */
import type { Credit } from '../attribution/explain';
import { windowOf, type Rules } from '../attribution/rules';
import { parseTime } from '../attribution/time';
import { MissingRelation } from '../warehouse/errors';
import { qualifiedName } from '../warehouse/identifiers';
import type { QueryOptions, Warehouse } from '../warehouse/types';
import type { ChannelCount, Client, Detail, Journey, PageView, Purchase, RejectedRecord, Share } from './protocol';
import { objects, text, type Row } from './rows';

/** A client with more page views than this is shown around the selected purchase. */
export const ALL_PAGE_VIEWS = 1_000;
/** Purchases on either side of the one that was asked for. */
export const PURCHASES_BESIDE = 500;
/** Touchpoints at either end of the window, for a client with many page views. */
export const TOUCHES_AT_EITHER_END = 250;
const OUTSIDE_BEFORE = 100;
const OUTSIDE_AFTER = 50;
const DIRECT_VISITS = 200;
const COUNTED_TOUCHES = 10_000;
const REJECTED_RECORDS = 200;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const EVENT_COLUMNS = `event_id, event_time, channel, session_id, campaign_id, utm_source, utm_medium, page_url, referrer_url, source_file, record_number`;

export class JourneyQueries {
  constructor(private readonly warehouse: Warehouse, private readonly rules: () => Rules) {}

  /**
   * The journey of a client: all of it, or for a client with many events what lies around one purchase.
   * @param purchaseId the purchase to show; null or unknown: the latest
   * @throws HumanError, Cancelled: those of Warehouse.query
   */
  async load(clientId: string, purchaseId: string | null, options: QueryOptions = {}): Promise<Journey> {
    const anchor = purchaseId !== null && UUID.test(purchaseId) ? purchaseId : null;
    const rules = this.rules();
    const [client, found, pageViews] = await Promise.all([
      this.#client(clientId, options), this.#purchases(clientId, anchor, options), this.#pageViews(clientId, options),
    ]);
    const { purchases } = found;
    const selected = purchases.find(({ id }) => id === anchor) ?? purchases.at(-1);
    const all = pageViews.length <= ALL_PAGE_VIEWS;
    const detail = await this.#detail(clientId, selected ?? null, !all, rules, options);
    return {
      clientId, client, rules, ...found, pageViews: all ? pageViews : null, detail,
      ...(purchaseId !== null && selected?.id !== purchaseId ? { missing: purchaseId } : {}),
    };
  }

  /** What belongs to one purchase; `around`: with the page views around it. */
  async detail(clientId: string, purchaseId: string, around: boolean, options: QueryOptions = {}): Promise<Detail> {
    const rows = UUID.test(purchaseId) ? await this.warehouse.query(
      `select event_time from ${this.#table('staging', 'stg_events')} where event_id = $1::uuid and client_id = $2`, [purchaseId, clientId], options) : undefined;
    const time = rows?.rows[0]?.[0];
    return this.#detail(clientId, time ? { id: purchaseId, time } : null, around, this.rules(), options);
  }

  /** Rejected records of this client; records whose client is unknown belong to nobody. */
  async rejected(clientId: string, options: QueryOptions = {}): Promise<{ records: RejectedRecord[]; more: boolean }> {
    const rows = objects(await this.warehouse.query(`
      select source_file, record_number, rejection_reason, entity, raw_fields
      from ${this.#table('staging', 'rejected_records')} where client_id = $1
      order by source_file collate "C", record_number limit ${REJECTED_RECORDS + 1}`, [clientId], options));
    return {
      more: rows.length > REJECTED_RECORDS,
      records: rows.slice(0, REJECTED_RECORDS).map((row) => ({
        sourceFile: text(row, 'source_file'), recordNumber: Number(row.record_number), reason: text(row, 'rejection_reason'), entity: text(row, 'entity'),
        fields: JSON.parse(row.raw_fields ?? 'null') as RejectedRecord['fields'],
      })),
    };
  }

  /** Page views by channel: reads every event of the client, so only where not all are shown. */
  async counts(clientId: string, options: QueryOptions = {}): Promise<ChannelCount[]> {
    const rows = objects(await this.warehouse.query(`
      select channel, count(*) as events, min(event_time) as first_time, max(event_time) as last_time
      from ${this.#table('staging', 'stg_events')} where client_id = $1 and event_type = 'page_view'
      group by channel order by events desc, channel limit 100`, [clientId], options));
    return rows.map((row) => ({ channel: row.channel ?? null, count: Number(row.events), first: text(row, 'first_time'), last: text(row, 'last_time') }));
  }

  async #client(clientId: string, options: QueryOptions): Promise<Client | null> {
    const [row] = objects(await this.warehouse.query(
      `select registration_date, cohort, customer_segment from ${this.#table('staging', 'stg_clients')} where client_id = $1`, [clientId], options));
    return row ? { registrationDate: row.registration_date ?? null, cohort: row.cohort ?? null, segment: row.customer_segment ?? null } : null;
  }

  async #purchases(clientId: string, anchor: string | null, options: QueryOptions): Promise<Pick<Journey, 'purchases' | 'morePurchases'>> {
    const events = this.#table('staging', 'stg_events');
    const credit = (side: 'first' | 'last'): string => ['attributed_channel', 'attributed_revenue', 'touch_id', 'days_to_conversion', 'attribution_basis', 'purchase_id']
      .map((column) => `${side}_touch.${column} as ${side}_${column}`).join(', ');
    const columns = 'event_id, event_time, channel, session_id, revenue, product_id, product_category, source_file, record_number';
    const rows = objects(await this.warehouse.query(`
      with anchor as (
        select coalesce((select event_time from ${events} where event_id = $2::uuid and client_id = $1), 'infinity'::timestamp) as anchor_time
      ),
      purchases as (
        (select ${columns}, false as later from ${events} as events where client_id = $1 and event_type = 'purchase'
         and event_time <= (select anchor_time from anchor) order by event_time desc, event_id limit ${PURCHASES_BESIDE + 1})
        union all
        (select ${columns}, true as later from ${events} as events where client_id = $1 and event_type = 'purchase'
         and event_time > (select anchor_time from anchor) order by event_time, event_id limit ${PURCHASES_BESIDE + 1})
      )
      select purchases.*, ${credit('first')}, ${credit('last')}
      from purchases
      left join ${this.#table('marts', 'first_touch_attribution')} as first_touch on first_touch.client_id = $1 and first_touch.purchase_id = purchases.event_id
      left join ${this.#table('marts', 'last_touch_attribution')} as last_touch on last_touch.client_id = $1 and last_touch.purchase_id = purchases.event_id
      order by event_time, source_file collate "C", record_number`, [clientId, anchor], options));
    const before = rows.filter(({ later }) => later === 'f');
    const after = rows.filter(({ later }) => later !== 'f');
    return {
      purchases: [...before.slice(-PURCHASES_BESIDE), ...after.slice(0, PURCHASES_BESIDE)].map(purchaseOf),
      morePurchases: { before: before.length > PURCHASES_BESIDE, after: after.length > PURCHASES_BESIDE },
    };
  }

  /** One more than is shown at most, in no order: sorting a million to take a thousand is not worth it. */
  async #pageViews(clientId: string, options: QueryOptions): Promise<PageView[]> {
    const rows = await this.warehouse.query(
      `select ${EVENT_COLUMNS} from ${this.#table('staging', 'stg_events')} where client_id = $1 and event_type = 'page_view' limit ${ALL_PAGE_VIEWS + 1}`, [clientId], options);
    return objects(rows).map(pageViewOf);
  }

  async #detail(clientId: string, purchase: { id: string; time: string } | null, around: boolean, rules: Rules, options: QueryOptions): Promise<Detail> {
    const [shares, slice] = await Promise.all([
      purchase ? this.#shares(purchase.id, options) : [],
      around ? this.#around(clientId, purchase, rules, options) : {},
    ]);
    return { purchaseId: purchase?.id ?? null, shares, ...slice };
  }

  /** The shares of the touchpoints that may be shown: those at either end. */
  async #shares(purchaseId: string, options: QueryOptions): Promise<Share[]> {
    const table = this.#table('marts', 'multi_touch_attribution');
    const part = (direction: 'asc' | 'desc'): string => `(
      select touch_id, ends.model, touch_position, attributed_revenue, weight from ${table} as shares
      where shares.purchase_id = $1::uuid and shares.model = ends.model order by touch_position ${direction} limit ${ALL_PAGE_VIEWS})`;
    try {
      const rows = objects(await this.warehouse.query(`
        select shares.* from (values ('linear'), ('time_decay'), ('position_based')) as ends (model)
        cross join lateral (${part('asc')} union ${part('desc')}) as shares order by model, touch_position`, [purchaseId], options));
      return rows.map(shareOf);
    } catch (error) {
      // The multi-touch models are an option of the project
      if (error instanceof MissingRelation) return [];
      throw error;
    }
  }

  /** The two ends of the window whole, so that first and last are among them, and what lies nearest outside of it. */
  async #around(clientId: string, purchase: { time: string } | null, rules: Rules, options: QueryOptions): Promise<Pick<Detail, 'touches' | 'around'>> {
    const events = this.#table('staging', 'stg_events');
    const touchpoints = this.#table('intermediate', 'int_touchpoints');
    if (!purchase) {
      const rows = await this.warehouse.query(
        `select ${EVENT_COLUMNS} from ${events} where client_id = $1 and event_type = 'page_view' order by event_time desc limit ${ALL_PAGE_VIEWS}`, [clientId], options);
      return { around: objects(rows).map(pageViewOf) };
    }
    const { start } = windowOf(parseTime(purchase.time), rules);
    const parameters = [clientId, purchase.time, start.toString()];
    const from = `(timestamp '1970-01-01' + $3::bigint * interval '1 microsecond')`;
    const touches = (condition: string, direction: 'asc' | 'desc', limit: number): string => `(
      select touch_id as event_id from ${touchpoints} where client_id = $1 and ${condition}
      order by touch_time ${direction}, source_file collate "C" ${direction}, record_number ${direction} limit ${limit})`;
    const inWindow = `touch_time >= ${from} and touch_time <= $2::timestamp`;
    const [rows, counted] = await Promise.all([
      this.warehouse.query(`
        with chosen as (
          ${touches(inWindow, 'asc', TOUCHES_AT_EITHER_END)} union ${touches(inWindow, 'desc', TOUCHES_AT_EITHER_END)}
          union ${touches(`touch_time < ${from}`, 'desc', OUTSIDE_BEFORE)} union ${touches('touch_time > $2::timestamp', 'asc', OUTSIDE_AFTER)}
          union (select event_id from (
            select event_id, channel from ${events} where client_id = $1 and event_type = 'page_view' and event_time <= $2::timestamp order by event_time desc limit ${DIRECT_VISITS}
          ) as visits where channel is null or channel = 'direct')
        )
        select ${EVENT_COLUMNS} from ${events} where event_id in (select event_id from chosen) and event_type = 'page_view'`, parameters, options),
      this.warehouse.query(`select count(*) from (select from ${touchpoints} where client_id = $1 and ${inWindow} limit ${COUNTED_TOUCHES + 1}) as touches`, parameters, options),
    ]);
    const count = Number(counted.rows[0]?.[0] ?? 0);
    return { around: objects(rows).map(pageViewOf), touches: { count: Math.min(count, COUNTED_TOUCHES), more: count > COUNTED_TOUCHES } };
  }

  #table(schema: 'staging' | 'intermediate' | 'marts', name: string): string {
    return qualifiedName({ schema: this.warehouse.schema(schema), name });
  }
}

const pageViewOf = (row: Row): PageView => ({
  id: text(row, 'event_id'), time: text(row, 'event_time'), channel: row.channel ?? null, session: row.session_id ?? null, campaign: row.campaign_id ?? null,
  utmSource: row.utm_source ?? null, utmMedium: row.utm_medium ?? null, pageUrl: row.page_url ?? null, referrerUrl: row.referrer_url ?? null,
  sourceFile: text(row, 'source_file'), recordNumber: Number(row.record_number),
});

const purchaseOf = (row: Row): Purchase => ({
  id: text(row, 'event_id'), time: text(row, 'event_time'), channel: row.channel ?? null, session: row.session_id ?? null, revenue: text(row, 'revenue'),
  productId: row.product_id ?? null, productCategory: row.product_category ?? null, sourceFile: text(row, 'source_file'), recordNumber: Number(row.record_number),
  first: creditOf(row, 'first'), last: creditOf(row, 'last'),
});

const shareOf = (row: Row): Share => ({
  touchId: row.touch_id ?? null, model: text(row, 'model'), position: Number(row.touch_position), revenue: text(row, 'attributed_revenue'), weight: Number(row.weight),
});

function creditOf(row: Row, side: 'first' | 'last'): Credit | null {
  if (!row[`${side}_purchase_id`]) return null;
  const days = row[`${side}_days_to_conversion`] ?? null;
  return {
    channel: text(row, `${side}_attributed_channel`), revenue: text(row, `${side}_attributed_revenue`), touchId: row[`${side}_touch_id`] ?? null,
    days: days === null ? null : Number(days), basis: text(row, `${side}_attribution_basis`),
  };
}
