/** States of assets and checks in words: pure. */
import type { Asset, AssetCheck, AssetStatus } from './types';
import type { Model } from '../dbt/types';

/** The last part of an asset's key, which is the dbt model's name: `marts/first_touch_attribution` → `first_touch_attribution`. */
export const nameOf = (key: string): string => key.split('/').at(-1) ?? key;

/** The asset that Dagster makes of a model. */
export function assetOfModel(assets: readonly Asset[], { name, layer }: Model): Asset | undefined {
  const named = assets.filter(({ key }) => nameOf(key) === name);
  return named.find(({ kinds, group }) => kinds.includes('dbt') && group === layer) ?? named.find(({ kinds }) => kinds.includes('dbt')) ?? named[0];
}

/** Whether a check of it failed, whatever became of the materialization. */
export const hasFailingCheck = ({ checks }: Asset): boolean => checks.some(({ outcome }) => outcome === 'failed' || outcome === 'errored');

/** The state that an asset is shown in: failed too where a check failed, unless it is at work. */
export const shownStatus = (asset: Asset): AssetStatus => (asset.status !== 'running' && hasFailingCheck(asset) ? 'failed' : asset.status);

/** "2 min ago", "3 h ago", "5 days ago". @param milliseconds that have passed */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? '1 day ago' : `${days} days ago`;
}

/** "1 row", "36 rows", "10,000,000 rows". */
export const rowsInWords = (rows: number): string => (rows === 1 ? '1 row' : `${rows.toLocaleString('en-US')} rows`);

/** The line beside an asset's name. @param now milliseconds since 1970 */
export function describeAsset({ status, reason, materialized, rows }: Asset, now: number): string {
  const parts: string[] = [];
  if (status === 'running') parts.push('running');
  if (status === 'failed') parts.push('failed');
  if (status === 'missing') parts.push('never materialized');
  if (status === 'stale') parts.push(reason === undefined ? 'stale' : `stale: ${reason}`);
  if (materialized !== undefined) parts.push(ago(now - materialized));
  if (rows !== undefined) parts.push(rowsInWords(rows));
  return parts.join(' · ');
}

/** "7/8 checks" as passed and known ones; warnings count as not passed. Empty without checks. */
export function checksInWords(checks: readonly AssetCheck[]): string {
  if (checks.length === 0) return '';
  return `${checks.filter(({ outcome }) => outcome === 'passed').length}/${checks.length} checks`;
}

/** The line beside a check's name. */
export function describeCheck({ outcome, time, outdated }: AssetCheck, now: number): string {
  if (outcome === undefined) return 'never run';
  const parts: string[] = [outcome];
  if (time !== undefined) parts.push(ago(now - time));
  if (outdated) parts.push('before the last materialization');
  return parts.join(' · ');
}
