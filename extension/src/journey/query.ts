/** One client's journey out of PostgreSQL. Every statement goes through an index by client or by key, and is limited. */
import type { Credit } from '../attribution/explain';
import { windowOf, type Rules } from '../attribution/rules';
import { parseTime } from '../attribution/time';
import { codeOf } from '../warehouse/errors';
import { qualifiedName } from '../warehouse/identifiers';
import type { QueryOptions, Reader, ReadingWarehouse } from '../warehouse/types';
import type { ChannelCount, Client, Detail, Journey, PageView, Purchase, RejectedRecord, Share } from './protocol';
import { named, objects, text, type Row } from './rows';

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
const PAGE_VIEW = ['event_id', 'event_time', 'channel', 'session_id', 'campaign_id', 'utm_source', 'utm_medium', 'page_url', 'referrer_url', 'source_file', 'record_number'];
/** Addresses may be of any length: nobody reads more of them. */
const PAGE_VIEW_COLUMNS = PAGE_VIEW.map((name) => (name.endsWith('_url') ? `left(${name}, 1000) as ${name}` : name)).join(', ');
const PURCHASE = ['event_id', 'event_time', 'channel', 'session_id', 'revenue', 'product_id', 'product_category', 'source_file', 'record_number'];
const CREDIT = ['attributed_channel', 'attributed_revenue', 'touch_id', 'days_to_conversion', 'attribution_basis', 'purchase_id'];
const SHARE = ['touch_id', 'model', 'touch_position', 'attributed_revenue', 'weight'];
const CLIENT = ['registration_date', 'cohort', 'customer_segment'];
const UNDEFINED_TABLE = '42P01';

export class JourneyQueries {
  constructor(private readonly warehouse: ReadingWarehouse, private readonly rules: () => Rules) {}

  /**
   * The journey of a client: all of it, or for a client with many events what lies around one purchase.
   * @param purchaseId the purchase to show; null or unknown: the latest
   * @throws HumanError, Cancelled: those of Warehouse.query
   */
  async load(clientId: string, purchaseId: string | null, options: QueryOptions = {}): Promise<Journey> {
    const anchor = purchaseId !== null && UUID.test(purchaseId) ? purchaseId : null;
    const rules = this.rules();
    // One after the other on one connection: each takes about a millisecond, and tables stay the ones they are
    return this.warehouse.read(async (ask) => {
      const client = await this.#client(ask, clientId);
      const found = await this.#purchases(ask, clientId, anchor);
      const pageViews = await this.#pageViews(ask, clientId);
      const selected = found.purchases.find(({ id }) => id === anchor) ?? found.purchases.at(-1);
      const all = pageViews.length <= ALL_PAGE_VIEWS;
      const detail = await this.#detail(ask, clientId, selected ?? null, !all, rules);
      return {
        clientId, client, rules, ...found, pageViews: all ? pageViews : null, detail,
        ...(purchaseId !== null && selected?.id !== purchaseId ? { missing: purchaseId } : {}),
      };
    }, options);
  }

  /** What belongs to one purchase; `around`: with the page views around it. */
  async detail(clientId: string, purchaseId: string, around: boolean, options: QueryOptions = {}): Promise<Detail> {
    return this.warehouse.read(async (ask) => {
      const found = UUID.test(purchaseId) ? await ask(`select event_time from ${this.#table('staging', 'stg_events')} where event_id = $1::uuid and client_id = $2`, [purchaseId, clientId]) : undefined;
      const time = found?.rows[0]?.[0];
      return this.#detail(ask, clientId, time ? { id: purchaseId, time } : null, around, this.rules());
    }, options);
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

  async #client(ask: Reader, clientId: string): Promise<Client | null> {
    const { rows } = await ask(`select ${CLIENT.join(', ')} from ${this.#table('staging', 'stg_clients')} where client_id = $1`, [clientId]);
    const [row] = named(CLIENT, rows);
    return row ? { registrationDate: row.registration_date ?? null, cohort: row.cohort ?? null, segment: row.customer_segment ?? null } : null;
  }

  async #purchases(ask: Reader, clientId: string, anchor: string | null): Promise<Pick<Journey, 'purchases' | 'morePurchases'>> {
    const events = this.#table('staging', 'stg_events');
    const side = (later: boolean): string => `(
      select ${PURCHASE.join(', ')}, ${later} as later from ${events} where client_id = $1 and event_type = 'purchase'
        ${anchor === null ? '' : `and event_time ${later ? '>' : '<='} (select anchor_time from anchor)`} order by event_time ${later ? 'asc' : 'desc'}, event_id limit ${PURCHASES_BESIDE + 1})`;
    const anchorTime = `anchor as (select coalesce((select event_time from ${events} where event_id = $2::uuid and client_id = $1), 'infinity'::timestamp) as anchor_time)`;
    const credits = ['first', 'last'].flatMap((name) => CREDIT.map((column) => `${name}_touch.${column}`));
    const { rows } = await ask(`
      with ${anchor === null ? `purchases as ${side(false)}` : `${anchorTime}, purchases as (${side(false)} union all ${side(true)})`}
      select purchases.*, ${credits.join(', ')}
      from purchases
      left join ${this.#table('marts', 'first_touch_attribution')} as first_touch on first_touch.client_id = $1 and first_touch.purchase_id = purchases.event_id
      left join ${this.#table('marts', 'last_touch_attribution')} as last_touch on last_touch.client_id = $1 and last_touch.purchase_id = purchases.event_id
      order by event_time, source_file collate "C", record_number`, anchor === null ? [clientId] : [clientId, anchor]);
    const found = named([...PURCHASE, 'later', ...['first', 'last'].flatMap((name) => CREDIT.map((column) => `${name}_${column}`))], rows);
    const before = found.filter(({ later }) => later === 'f');
    const after = found.filter(({ later }) => later !== 'f');
    return {
      purchases: [...before.slice(-PURCHASES_BESIDE), ...after.slice(0, PURCHASES_BESIDE)].map(purchaseOf),
      morePurchases: { before: before.length > PURCHASES_BESIDE, after: after.length > PURCHASES_BESIDE },
    };
  }

  /** One more than is shown at most, in no order: sorting a million to take a thousand is not worth it. */
  async #pageViews(ask: Reader, clientId: string): Promise<PageView[]> {
    const { rows } = await ask(`select ${PAGE_VIEW_COLUMNS} from ${this.#table('staging', 'stg_events')} where client_id = $1 and event_type = 'page_view' limit ${ALL_PAGE_VIEWS + 1}`, [clientId]);
    return named(PAGE_VIEW, rows).map(pageViewOf);
  }

  async #detail(ask: Reader, clientId: string, purchase: { id: string; time: string } | null, around: boolean, rules: Rules): Promise<Detail> {
    const slice = around ? await this.#around(ask, clientId, purchase, rules) : {};
    return { purchaseId: purchase?.id ?? null, ...slice, shares: purchase ? await this.#shares(ask, purchase.id, around) : [] };
  }

  /** @param ends only the touchpoints at either end of the window are shown */
  async #shares(ask: Reader, purchaseId: string, ends: boolean): Promise<Share[]> {
    const table = this.#table('marts', 'multi_touch_attribution');
    const part = (direction: 'asc' | 'desc'): string =>
      `(select ${SHARE.join(', ')} from ${table} where purchase_id = $1::uuid and model = models.model order by touch_position ${direction} limit ${TOUCHES_AT_EITHER_END})`;
    const sql = ends
      ? `select shares.* from (values ('linear'), ('time_decay'), ('position_based')) as models (model) cross join lateral (${part('asc')} union ${part('desc')}) as shares order by model, touch_position`
      : `select ${SHARE.join(', ')} from ${table} where purchase_id = $1::uuid order by model, touch_position`;
    try {
      const { rows } = await ask(sql, [purchaseId]);
      return named(SHARE, rows).map(shareOf);
    } catch (error) {
      // The multi-touch models are an option of the project; nothing is asked after this
      if (codeOf(error) === UNDEFINED_TABLE) return [];
      throw error;
    }
  }

  /** The two ends of the window whole, so that first and last are among them, and what lies nearest outside of it. */
  async #around(ask: Reader, clientId: string, purchase: { time: string } | null, rules: Rules): Promise<Pick<Detail, 'touches' | 'around'>> {
    const events = this.#table('staging', 'stg_events');
    const touchpoints = this.#table('intermediate', 'int_touchpoints');
    const columns = PAGE_VIEW_COLUMNS;
    if (!purchase) {
      const { rows } = await ask(`select ${columns} from ${events} where client_id = $1 and event_type = 'page_view' order by event_time desc limit ${ALL_PAGE_VIEWS}`, [clientId]);
      return { around: named(PAGE_VIEW, rows).map(pageViewOf) };
    }
    const { start } = windowOf(parseTime(purchase.time), rules);
    const parameters = [clientId, purchase.time, start.toString()];
    const from = `(timestamp '1970-01-01' + $3::bigint * interval '1 microsecond')`;
    const touches = (condition: string, direction: 'asc' | 'desc', limit: number): string => `(
      select touch_id as event_id from ${touchpoints} where client_id = $1 and ${condition}
      order by touch_time ${direction}, source_file collate "C" ${direction}, record_number ${direction} limit ${limit})`;
    const inWindow = `touch_time >= ${from} and touch_time <= $2::timestamp`;
    const { rows } = await ask(`
      with chosen as (
        ${touches(inWindow, 'asc', TOUCHES_AT_EITHER_END)} union ${touches(inWindow, 'desc', TOUCHES_AT_EITHER_END)}
        union ${touches(`touch_time < ${from}`, 'desc', OUTSIDE_BEFORE)} union ${touches('touch_time > $2::timestamp', 'asc', OUTSIDE_AFTER)}
        union (select event_id from (
          select event_id, channel from ${events} where client_id = $1 and event_type = 'page_view' and event_time <= $2::timestamp order by event_time desc limit ${DIRECT_VISITS}
        ) as visits where channel is null or channel = 'direct')
      )
      select ${columns} from ${events} where event_id in (select event_id from chosen) and event_type = 'page_view'`, parameters);
    const counted = await ask(`select count(*) from (select from ${touchpoints} where client_id = $1 and ${inWindow} limit ${COUNTED_TOUCHES + 1}) as touches`, parameters);
    const count = Number(counted.rows[0]?.[0] ?? 0);
    return { around: named(PAGE_VIEW, rows).map(pageViewOf), touches: { count: Math.min(count, COUNTED_TOUCHES), more: count > COUNTED_TOUCHES } };
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
