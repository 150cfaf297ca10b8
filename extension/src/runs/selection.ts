/** Which assets a request means: pure. */
import type { Asset } from '../dagster/types';
import { hasFailingCheck, nameOf } from '../dagster/words';

export type Reach = 'only' | 'upstream' | 'downstream';

/**
 * Keys of the assets that a request means, without duplicates: what was asked for first, then the others, each in the order of `assets`.
 * @param keys what was asked for; unknown keys are left out
 */
export function reach(assets: readonly Asset[], keys: readonly string[], way: Reach): string[] {
  const byKey = new Map(assets.map((asset) => [asset.key, asset]));
  const found = new Set<string>();
  const queue = [...keys];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    const asset = byKey.get(key);
    if (!asset || found.has(key)) continue;
    found.add(key);
    if (way === 'upstream') queue.push(...asset.upstream);
    if (way === 'downstream') queue.push(...asset.downstream);
  }
  const meant = assets.filter(({ key, executable }) => executable && found.has(key)).map(({ key }) => key);
  return [...meant.filter((key) => keys.includes(key)), ...meant.filter((key) => !keys.includes(key))];
}

/**
 * What of a failed run is still to do: the assets that it did not materialize, and those with a check that failed.
 * @param asked the assets that the run was asked for
 */
export function unfinished(assets: readonly Asset[], asked: readonly string[], runId: string): string[] {
  const wanted = new Set(asked);
  return assets
    .filter(({ key, executable }) => executable && wanted.has(key))
    .filter((asset) => asset.lastRunId !== runId || asset.status === 'failed' || hasFailingCheck(asset))
    .map(({ key }) => key);
}

/** Dagster does not know a model: it may be new. */
export class UnknownAsset extends Error {
  constructor(readonly model: string) {
    super(`Dagster has no asset for "${model}".`);
  }
}

/** The selection in words: one name, or how many. */
export function inWords(keys: readonly string[]): string {
  const [first] = keys;
  if (first === undefined) return 'nothing';
  return keys.length === 1 ? nameOf(first) : `${nameOf(first)} and ${keys.length - 1} more`;
}
