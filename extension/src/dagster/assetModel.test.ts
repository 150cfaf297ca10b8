import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assetsOf, inOrder, problemOf, type Blame } from './assetModel';
import { paramsOf } from './launch';
import type { CheckExecutionData, LatestData, NodeData, StaleData } from './operations';

const key = (name: string) => ({ path: ['marts', name] });

function node(name: string, upstream: string[] = [], more: Partial<NodeData> = {}): NodeData {
  return {
    assetKey: key(name), groupName: 'marts', kinds: ['dbt'], opName: 'dbt_models', jobNames: ['everything', '__ASSET_JOB'], isMaterializable: true, isExecutable: true,
    description: 'One row per purchase.\n\n#### Raw SQL:\n```sql\nselect 1\n```', dependencyKeys: upstream.map(key), dependedByKeys: [],
    repository: { name: '__repository__', location: { name: 'attribution' } }, configField: { configType: { fields: [{ name: 'full_refresh' }] } },
    metadataEntries: [{}, { codeReferences: [{ filePath: `/w/${name}.sql`, lineNumber: null }] }],
    assetChecksOrError: { checks: [{ name: 'unique', description: null, canExecuteIndividually: 'CAN_EXECUTE', jobNames: [] }] }, ...more,
  };
}

const nodesOf = (...nodes: NodeData[]) => new Map(nodes.map((each) => [each.assetKey.path.join('/'), each]));

function latest(name: string, time: number | undefined, more: Partial<LatestData> = {}): LatestData {
  return {
    assetKey: key(name), unstartedRunIds: [], inProgressRunIds: [], latestRun: { id: 'run1', status: 'SUCCESS', endTime: null },
    latestMaterialization: time === undefined ? null : { runId: 'run1', timestamp: String(time), metadataEntries: [{ label: 'dagster/row_count', intRepr: '26' }] }, ...more,
  };
}

const check = (more: Partial<CheckExecutionData> = {}): CheckExecutionData => ({
  runId: 'run1', status: 'SUCCEEDED', timestamp: 1, run: { status: 'SUCCESS' }, evaluation: { timestamp: 2, severity: 'ERROR', success: true, targetMaterialization: { timestamp: 1 } }, ...more,
});

const stale = (name: string, staleStatus: StaleData['staleStatus'] = 'FRESH', causes: StaleData['staleCauses'] = [], execution: CheckExecutionData | null = check()): StaleData => ({
  assetKey: key(name), staleStatus, staleCauses: causes, assetChecksOrError: { checks: [{ name: 'unique', executionForLatestMaterialization: execution }] },
});

test('an asset as it stands', () => {
  const [asset] = assetsOf(nodesOf(node('a')), { assetsLatestInfo: [latest('a', 1000)], assetNodes: [stale('a')] }, new Map(), new Map());
  assert.deepEqual(asset, {
    key: 'marts/a', group: 'marts', kinds: ['dbt'], executable: true, upstream: [], downstream: [], description: 'One row per purchase.', materialized: 1000, rows: 26, lastRunId: 'run1',
    definition: { file: '/w/a.sql', line: 0 }, checks: [{ name: 'unique', outcome: 'passed', time: 2000 }], status: 'fresh',
  });
});

test('stale in words: code, upstream, and what is built from a stale asset', () => {
  const nodes = nodesOf(node('c', ['b']), node('b', ['a']), node('a'), node('e', ['d']), node('d'));
  const code = { category: 'CODE' as const, reason: 'code version changed', key: key('a'), dependency: null };
  const assets = assetsOf(nodes, {
    assetsLatestInfo: [latest('a', 1000), latest('b', 1001), latest('c', 1002), latest('d', 2000), latest('e', 1000)],
    assetNodes: [stale('a', 'STALE', [code]), stale('b'), stale('c'), stale('d'), stale('e')],
  }, new Map(), new Map());
  const reasons = Object.fromEntries(assets.map(({ key: name, status, reason }) => [name.slice(-1), `${status}: ${reason ?? ''}`]));
  assert.deepEqual(reasons, { a: 'stale: code changed', b: 'stale: upstream a is stale: its code changed', c: 'stale: upstream b is stale', d: 'fresh: ', e: 'stale: upstream d was materialized since' });
});

test('failed only where the materialization itself failed; running; missing', () => {
  const failed = { latestRun: { id: 'run2', status: 'FAILURE' as const, endTime: 1 } };
  const blames = new Map<string, Blame>([['run2', { models: new Set(['a']), steps: new Set(), words: new Map([['a', 'column "x" does not exist'], ['c', 'check unique: 3 rows']]) }]]);
  const assets = assetsOf(nodesOf(node('a'), node('b'), node('c'), node('d'), node('e')), {
    assetsLatestInfo: [
      latest('a', 1000, failed), latest('b', 1000, failed), latest('c', 1000, { latestRun: { id: 'run1', status: 'FAILURE', endTime: 1 } }),
      latest('d', 1000, { inProgressRunIds: ['run3'] }), latest('e', undefined, { latestRun: null }),
    ],
    assetNodes: [stale('a'), stale('b'), stale('c', 'FRESH', [], check({ status: 'FAILED' })), stale('d'), stale('e', 'MISSING')],
  }, blames, new Map());
  assert.deepEqual(assets.map(({ status, reason }) => [status, reason]), [['failed', 'column "x" does not exist'], ['fresh', undefined], ['fresh', undefined], ['running', undefined], ['missing', undefined]]);
  assert.equal(assets[2]?.checks[0]?.outcome, 'failed');
});

test('a check that its run never came to keeps its last outcome, which may be outdated', () => {
  const nodes = nodesOf(node('a'));
  const skipped = check({ status: 'SKIPPED', evaluation: null });
  const standing = { assetsLatestInfo: [latest('a', 5000)], assetNodes: [stale('a', 'FRESH', [], skipped)] };
  assert.deepEqual(assetsOf(nodes, standing, new Map(), new Map([['marts/a unique', check()]]))[0]?.checks, [{ name: 'unique', outcome: 'passed', time: 2000, outdated: true }]);
  assert.deepEqual(assetsOf(nodes, standing, new Map(), new Map())[0]?.checks, [{ name: 'unique' }]);
});

test('parents come first, and circles and depth do no harm', () => {
  const deep = nodesOf(...Array.from({ length: 20_000 }, (_, at) => node(`n${at}`, at < 19_999 ? [`n${at + 1}`] : [])));
  assert.equal(inOrder(['marts/n0', 'marts/n19999', 'marts/unknown'], deep).join(' '), 'marts/n19999 marts/n0 marts/unknown');
  assert.equal(inOrder(['marts/a', 'marts/b'], nodesOf(node('a', ['b']), node('b', ['a']))).length, 2);
});

test('a location that does not load is told by its deepest cause', () => {
  const error = { __typename: 'PythonError', message: 'outer', className: 'DagsterImportError', errorChain: [{ error: { message: 'NameError: name "x" is not defined', className: 'NameError' } }] };
  assert.equal(problemOf({ workspaceOrError: { __typename: 'Workspace', locationEntries: [{ name: 'attribution', locationOrLoadError: error }, { name: 'fine', locationOrLoadError: { __typename: 'RepositoryLocation' } }] } }), 'attribution does not load: name "x" is not defined');
  assert.equal(problemOf({ workspaceOrError: { __typename: 'Workspace', locationEntries: [] } }), undefined);
});

test('what Dagster is asked to run: the same for the same selection, another for another', () => {
  const nodes = nodesOf(node('a'), node('b'), node('elsewhere', [], { repository: { name: 'r', location: { name: 'other' } } }), node('source', [], { isMaterializable: false }), node('plain', [], { configField: null, opName: 'plain' }));
  const tag = (params: ReturnType<typeof paramsOf>) => params.executionMetadata.tags[0]?.value;
  const params = paramsOf({ assets: ['marts/b', 'marts/a', 'marts/a'] }, nodes);
  assert.deepEqual(params.selector, { repositoryLocationName: 'attribution', repositoryName: '__repository__', jobName: '__ASSET_JOB', assetSelection: [key('a'), key('b')], assetCheckSelection: null });
  assert.equal(tag(params), tag(paramsOf({ assets: ['marts/a', 'marts/b'] }, nodes)));
  const full = paramsOf({ assets: ['marts/a', 'marts/plain'], fullRefresh: true }, nodes);
  assert.deepEqual(full.runConfigData, { ops: { dbt_models: { config: { full_refresh: true } } } });
  assert.notEqual(tag(full), tag(paramsOf({ assets: ['marts/a', 'marts/plain'] }, nodes)));
  const checks = paramsOf({ assets: ['marts/a'], checksOnly: true }, nodes);
  assert.deepEqual([checks.selector.assetSelection, checks.selector.assetCheckSelection], [[], [{ assetKey: key('a'), name: 'unique' }]]);
  assert.equal(paramsOf({ assets: ['marts/a'], checksOnly: true, checks: ['unique'] }, nodes).selector.assetCheckSelection?.length, 1);
  assert.throws(() => paramsOf({ assets: ['marts/a'], checksOnly: true, checks: ['another'] }, nodes), /has a check that runs/);
  assert.throws(() => paramsOf({ assets: [] }, nodes), /nothing to run/);
  assert.throws(() => paramsOf({ assets: ['marts/nope'] }, nodes), /no asset "marts\/nope"/);
  assert.throws(() => paramsOf({ assets: ['marts/a', 'marts/elsewhere'] }, nodes), /different code locations/);
  assert.throws(() => paramsOf({ assets: ['marts/source'] }, nodes), /cannot be materialized/);
  assert.throws(() => paramsOf({ assets: ['marts/plain'], fullRefresh: true }, nodes), /no setting "full_refresh"/);
});
