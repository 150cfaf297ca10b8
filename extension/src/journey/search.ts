/** Clients by the beginning of their id, out of 10 million events: each statement walks an index and stops when it has enough. */
import { qualifiedName } from '../warehouse/identifiers';
import type { QueryOptions, Warehouse } from '../warehouse/types';
import { objects, text } from './rows';

export type ClientFilter = 'all' | 'without-touch' | 'several-purchases' | 'just-outside';

export interface FoundClient {
  clientId: string;
  /** counted up to COUNTED_PURCHASES */
  purchases: number;
  morePurchases: boolean;
  /** numeric as text; of the counted purchases */
  revenue: string;
}

export const FOUND_CLIENTS = 50;
export const COUNTED_PURCHASES = 1_000;
/** How far before the window's beginning a touchpoint counts as just outside. */
export const JUST_OUTSIDE_HOURS = 24;
/** Other ids that may stand between those that are sought, where the database does not sort by bytes. */
const MISSES = 200;

/**
 * Clients whose id begins with these characters, in the order of their ids, at most FOUND_CLIENTS.
 * @param windowDays length of the window, for touchpoints just outside of it
 * @throws HumanError, Cancelled: those of Warehouse.query
 */
export async function findClients(warehouse: Warehouse, prefix: string, filter: ClientFilter, windowDays: number, options: QueryOptions = {}): Promise<FoundClient[]> {
  const table = (schema: 'staging' | 'intermediate', name: string): string => qualifiedName({ schema: warehouse.schema(schema), name });
  const purchases = table('intermediate', 'int_purchases');
  // LIKE becomes a range of the index where the database sorts by bytes, and stays right where it does not
  const begins = (column: string): string => `${column} >= $1 and ${column} like $2`;
  const listed: Record<ClientFilter, string> = {
    // One probe of the index for each client, however many events it has
    all: `
      walked (client_id, hits, misses) as (
        (select client_id, starts_with(client_id, $1)::integer, 1 - starts_with(client_id, $1)::integer
         from ${table('staging', 'stg_events')} where client_id >= $1 order by client_id limit 1)
        union all
        select following.client_id, walked.hits + following.hit, walked.misses + 1 - following.hit
        from walked cross join lateral (
          select events.client_id, starts_with(events.client_id, $1)::integer as hit
          from ${table('staging', 'stg_events')} as events where events.client_id > walked.client_id order by events.client_id limit 1
        ) as following
        where walked.hits < ${FOUND_CLIENTS} and walked.misses < ${MISSES}
      ),
      chosen as (
        (select client_id from walked where starts_with(client_id, $1))
        union
        (select client_id from ${table('staging', 'stg_clients')} where ${begins('client_id')} order by client_id limit ${FOUND_CLIENTS})
      )`,
    'without-touch': `chosen as (
      select distinct client_id from ${table('intermediate', 'int_purchase_attribution')}
      where ${begins('client_id')} and attribution_basis <> 'marketing_touch' order by client_id limit ${FOUND_CLIENTS})`,
    'several-purchases': `chosen as (
      select client_id from ${purchases} where ${begins('client_id')} group by client_id having count(*) > 1 order by client_id limit ${FOUND_CLIENTS})`,
    'just-outside': `chosen as (
      select distinct purchases.client_id from ${purchases} as purchases
      where ${begins('purchases.client_id')} and exists (
        select from ${table('intermediate', 'int_touchpoints')} as touchpoints
        where touchpoints.client_id = purchases.client_id
          and touchpoints.touch_time < purchases.purchase_time - interval '24 hours' * $3::double precision
          and touchpoints.touch_time >= purchases.purchase_time - interval '24 hours' * $3::double precision - interval '${JUST_OUTSIDE_HOURS} hours')
      order by purchases.client_id limit ${FOUND_CLIENTS})`,
  };
  const pattern = `${prefix.replace(/[\\%_]/g, '\\$&')}%`;
  const rows = objects(await warehouse.query(`
    with recursive ${listed[filter]}
    select chosen.client_id, bought.purchases, bought.revenue
    from (select client_id from chosen order by client_id limit ${FOUND_CLIENTS}) as chosen
    cross join lateral (
      select count(*) as purchases, coalesce(sum(revenue), 0) as revenue
      from (select revenue from ${purchases} as purchases where purchases.client_id = chosen.client_id limit ${COUNTED_PURCHASES + 1}) as counted
    ) as bought
    order by chosen.client_id`, filter === 'just-outside' ? [prefix, pattern, windowDays] : [prefix, pattern], options));
  return rows.map((row) => ({
    clientId: text(row, 'client_id'), purchases: Math.min(Number(row.purchases), COUNTED_PURCHASES), morePurchases: Number(row.purchases) > COUNTED_PURCHASES, revenue: text(row, 'revenue'),
  }));
}
