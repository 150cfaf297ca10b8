/** Assets with their state, out of what Dagster says: pure. */
import { deepest, lastPart, plain } from './failures';
import type { CheckExecutionData, DefinitionsData, LatestData, NodeData, StaleData, StandingData } from './operations';
import { keyOf, rowsOf } from './runModel';
import type { Asset, AssetCheck } from './types';

/** Which assets a failed run is to be blamed for: names of models, and whole steps that name none. */
export interface Blame {
  models: ReadonlySet<string>;
  /** steps that failed without a word about a model */
  steps: ReadonlySet<string>;
  /** the last words about a model or a step */
  words: ReadonlyMap<string, string>;
}

/** What went wrong while the code locations were loaded, in words; undefined where they are well. */
export function problemOf({ workspaceOrError }: Pick<DefinitionsData, 'workspaceOrError'>): string | undefined {
  if (workspaceOrError.__typename !== 'Workspace') return plain(workspaceOrError.message ?? workspaceOrError.__typename);
  const broken = (workspaceOrError.locationEntries ?? []).flatMap(({ name, locationOrLoadError: error }) =>
    error?.__typename === 'PythonError' ? [`${name} does not load: ${deepest({ message: error.message ?? '', className: error.className ?? null, errorChain: error.errorChain ?? [] })}`] : []);
  return broken.length > 0 ? broken.join('\n') : undefined;
}

/** @param lastChecks executions of checks that ran on an older materialization, by `asset key` + space + `check` */
export function assetsOf(
  nodes: ReadonlyMap<string, NodeData>, { assetsLatestInfo, assetNodes }: StandingData, blames: ReadonlyMap<string, Blame>, lastChecks: ReadonlyMap<string, CheckExecutionData | undefined>,
): Asset[] {
  const latest = new Map(assetsLatestInfo.map((each) => [keyOf(each.assetKey), each]));
  const stale = new Map(assetNodes.map((each) => [keyOf(each.assetKey), each]));
  const assets = new Map<string, Asset>();
  for (const key of inOrder([...nodes.keys()], nodes)) {
    const node = nodes.get(key);
    if (!node) continue;
    const asset = assetOf(key, node, latest.get(key), stale.get(key), lastChecks);
    const standing = standingOf(asset, node, latest.get(key), stale.get(key), blames, assets);
    assets.set(key, { ...asset, ...standing });
  }
  return [...assets.values()];
}

function assetOf(key: string, node: NodeData, latest: LatestData | undefined, stale: StaleData | undefined, lastChecks: ReadonlyMap<string, CheckExecutionData | undefined>): Omit<Asset, 'status'> {
  const reference = node.metadataEntries.flatMap(({ codeReferences = [] }) => codeReferences).find(({ filePath }) => filePath !== undefined);
  const materialization = latest?.latestMaterialization;
  const rows = materialization ? rowsOf(materialization.metadataEntries) : undefined;
  // dagster-dbt adds the whole SQL, which the editor shows better
  const description = node.description?.split(/\n*#+ Raw SQL:/)[0]?.trim();
  const executions = new Map((stale?.assetChecksOrError.checks ?? []).map(({ name, executionForLatestMaterialization: execution }) => [name, execution]));
  return {
    key, group: node.groupName, kinds: node.kinds, executable: node.isMaterializable && node.isExecutable,
    upstream: node.dependencyKeys.map(keyOf), downstream: node.dependedByKeys.map(keyOf),
    ...(description ? { description } : {}),
    ...(materialization ? { materialized: Number(materialization.timestamp) } : {}),
    ...(rows === undefined ? {} : { rows }),
    ...(latest?.latestRun ? { lastRunId: latest.latestRun.id } : {}),
    ...(reference?.filePath === undefined ? {} : { definition: { file: reference.filePath, line: Math.max(0, (reference.lineNumber ?? 1) - 1) } }),
    checks: (node.assetChecksOrError.checks ?? []).map((check) => checkOf(check, executions.get(check.name), lastChecks.get(`${key} ${check.name}`), Number(materialization?.timestamp ?? 0))),
  };
}

/** Whether a check was planned and its run ended before it came to it. */
export const neverRan = ({ status, run }: CheckExecutionData): boolean => status === 'SKIPPED' || (status === 'EXECUTION_FAILED' && run?.status === 'CANCELED');

/** @param materialized milliseconds since 1970 */
function checkOf({ name, description }: { name: string; description: string | null }, current: CheckExecutionData | null | undefined, last: CheckExecutionData | undefined, materialized: number): AssetCheck {
  const execution = current && !neverRan(current) ? current : last;
  if (!execution) return { name, ...(description ? { description } : {}) };
  const target = execution.evaluation?.targetMaterialization?.timestamp;
  // Materializations are told in whole milliseconds
  const outdated = execution !== current && target !== undefined && target * 1000 < materialized - 1;
  return {
    name,
    ...(description ? { description } : {}),
    outcome: outcomeOf(execution), time: (execution.evaluation?.timestamp ?? execution.timestamp) * 1000,
    ...(outdated ? { outdated } : {}),
  };
}

function outcomeOf({ status, evaluation }: CheckExecutionData): NonNullable<AssetCheck['outcome']> {
  if (status === 'IN_PROGRESS') return 'running';
  if (status === 'SUCCEEDED') return 'passed';
  if (status === 'FAILED') return evaluation?.severity === 'WARN' ? 'warned' : 'failed';
  return 'errored';
}

/** @param before the assets upstream, whose state is known by now */
function standingOf(
  asset: Omit<Asset, 'status'>, node: NodeData, latest: LatestData | undefined, stale: StaleData | undefined, blames: ReadonlyMap<string, Blame>, before: ReadonlyMap<string, Asset>,
): Pick<Asset, 'status' | 'reason'> {
  const done = latest?.latestMaterialization?.runId;
  const at = [...(latest?.inProgressRunIds ?? []), ...(latest?.unstartedRunIds ?? [])].filter((id) => id !== done);
  if (at.length > 0) return { status: 'running' };
  const run = latest?.latestRun;
  // A failed check does not make the table a failed one: dbt had built it before
  if (run?.status === 'FAILURE' && run.id !== done) {
    const blame = blames.get(run.id);
    const name = lastPart(asset.key);
    const words = blame?.models.has(name) ? blame.words.get(name) : node.opName !== null && blame?.steps.has(node.opName) ? blame.words.get(node.opName) : undefined;
    if (words !== undefined) return { status: 'failed', reason: words };
  }
  if (asset.materialized === undefined) return { status: 'missing' };
  const reason = whyStale(asset, stale, before);
  return reason === undefined ? { status: 'fresh' } : { status: 'stale', reason };
}

function whyStale(asset: Omit<Asset, 'status'>, stale: StaleData | undefined, before: ReadonlyMap<string, Asset>): string | undefined {
  const causes = stale?.staleStatus === 'STALE' ? stale.staleCauses : [];
  const code = causes.find(({ category, dependency }) => category === 'CODE' && dependency === null);
  if (code) return 'code changed';
  const upstream = asset.upstream.flatMap((key) => before.get(key) ?? []);
  const newer = upstream.filter(({ materialized }) => materialized !== undefined && materialized > (asset.materialized ?? 0));
  if (newer.length > 0) return `upstream ${namesOf(newer)} materialized since`;
  const [cause] = causes;
  if (cause) return cause.category === 'DEPENDENCIES' ? 'its dependencies changed' : `${cause.dependency ? `upstream ${lastPart(keyOf(cause.dependency))}: ` : ''}${cause.reason}`;
  if (stale?.staleStatus === 'STALE') return 'Dagster does not say why';
  // Dagster does not carry staleness on to what is built from a stale asset
  const waiting = upstream.find(({ status }) => status === 'stale');
  return waiting && `upstream ${lastPart(waiting.key)} is stale${waiting.reason === 'code changed' ? ': its code changed' : ''}`;
}

function namesOf(assets: readonly Asset[]): string {
  const names = assets.map(({ key }) => lastPart(key));
  return `${names.slice(0, 2).join(', ')}${names.length > 2 ? ` and ${names.length - 2} more` : ''} ${names.length > 1 ? 'were' : 'was'}`;
}

/** Keys, those that others depend on first; unknown ones last. */
export function inOrder(keys: readonly string[], nodes: ReadonlyMap<string, NodeData>): string[] {
  const wanted = new Set(keys);
  const seen = new Set<string>();
  const sorted: string[] = [];
  // By hand, not by recursion: a project may be deeper than the stack
  const stack = [...nodes.keys()].reverse().map((key) => ({ key, left: false }));
  for (let item = stack.pop(); item; item = stack.pop()) {
    const { key, left } = item;
    if (left) {
      if (wanted.has(key)) sorted.push(key);
    } else if (!seen.has(key)) {
      seen.add(key);
      stack.push({ key, left: true });
      for (const parent of (nodes.get(key)?.dependencyKeys ?? []).map(keyOf)) if (nodes.has(parent) && !seen.has(parent)) stack.push({ key: parent, left: false });
    }
  }
  return [...sorted, ...keys.filter((key) => !nodes.has(key))];
}
