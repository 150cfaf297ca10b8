import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Asset, AssetCheck, DagsterState } from '../dagster/types';
import type { Model } from '../dbt/types';
import { lensesOf, subjectOfModel, subjectsOfPython, type Shown, type Subject } from './model';
import { scanAssets } from './python';

const ALL: Shown = { materialize: true, preview: true, journeys: true, checks: true, state: true };
const CONNECTED: DagsterState = { kind: 'connected', url: '', version: '', started: true };
const MINUTE = 60_000;
const NOW = 1_700_000_000_000;

const mart: Model = { name: 'first_touch', file: '/w/first_touch.sql', projectRoot: '/w', layer: 'marts', relation: { schema: 'marts', name: 'first_touch' }, columns: [{ name: 'client_id' }], refs: [], sources: [] };
const check = (name: string, outcome?: AssetCheck['outcome']): AssetCheck => ({ name, ...(outcome ? { outcome } : {}) });
const asset = (more: Partial<Asset> = {}): Asset => ({
  key: 'marts/first_touch', group: 'marts', kinds: ['dbt'], upstream: [], downstream: [], status: 'fresh', executable: true, materialized: NOW - 2 * MINUTE, rows: 36, checks: [check('a', 'passed'), check('b', 'passed')], ...more,
});
const titles = (assets: readonly Asset[], { model = mart, dagster = CONNECTED, shown = ALL }: { model?: Model; dagster?: DagsterState; shown?: Shown } = {}): string[] =>
  lensesOf(subjectOfModel(model, 0, assets), dagster, shown, NOW).map(({ title }) => title);

test('a mart: everything, in its order', () => {
  assert.deepEqual(titles([asset()]), ['Materialize', 'Preview', 'Journeys', '$(check) 2/2 checks', '2 min ago, 36 rows']);
});

test('only marts with clients have journeys', () => {
  assert.ok(!titles([], { model: { ...mart, columns: [] } }).includes('Journeys'));
  assert.ok(!titles([], { model: { ...mart, layer: 'staging' } }).includes('Journeys'));
});

test('while Dagster starts, what is to come has its place already; where it is down, it is quiet', () => {
  assert.deepEqual(titles([], { dagster: { kind: 'starting' } }), ['Materialize', 'Preview', 'Journeys', 'checks', 'not yet known']);
  for (const dagster of [{ kind: 'stopped' }, { kind: 'off', reason: '' }, { kind: 'disconnected', url: '', message: '' }] as const) {
    assert.deepEqual(titles([asset()], { dagster }), ['Materialize', 'Preview', 'Journeys']);
  }
  assert.deepEqual(titles([asset({ key: 'other' })]).at(-1), 'not in Dagster yet');
});

test('each state in words', () => {
  const state = (more: Partial<Asset>): string | undefined => titles([asset(more)]).at(-1);
  assert.equal(state({ status: 'running' }), '$(sync~spin) running…');
  assert.equal(state({ status: 'stale', reason: 'code changed' }), 'stale: code changed');
  assert.equal(state({ status: 'missing' }), 'never materialized');
  assert.equal(state({ status: 'failed', reason: `relation "x" does not exist ${'x'.repeat(99)}\nLINE 1` }), `$(error) failed: relation "x" does not exist ${'x'.repeat(31)}…`);
  assert.equal(state({ status: 'failed' }), '$(error) failed');
});

test('checks: the worst is the icon, and those that did not pass are named', () => {
  const checks = (...list: AssetCheck[]): string | undefined => titles([asset({ checks: list })], { shown: { ...ALL, state: false } }).at(-1);
  assert.equal(checks(check('a', 'passed'), check('b', 'failed'), check('c', 'warned')), '$(error) 1/3 checks');
  assert.equal(checks(check('a', 'passed'), check('b', 'warned')), '$(warning) 1/2 checks');
  assert.equal(checks(check('a', 'passed'), check('b')), '1/2 checks');
  assert.equal(checks(), 'Journeys', 'an asset without checks has no lens of them');
  const lens = lensesOf(subjectOfModel(mart, 0, [asset({ checks: [check('not_null', 'failed')] })]), CONNECTED, ALL, NOW)[3];
  assert.match(lens?.tooltip ?? '', /not_null \(failed\)/);
  assert.deepEqual([lens?.command, lens?.arguments], ['attribution.runChecks', ['first_touch']]);
});

test('each lens can be switched off', () => {
  const every = titles([asset()]);
  for (const [index, name] of (Object.keys(ALL) as (keyof Shown)[]).entries()) {
    assert.deepEqual(titles([asset()], { shown: { ...ALL, [name]: false } }), every.filter((_, at) => at !== index));
  }
});

test('a model is found among assets of the same last name', () => {
  const others = [asset({ key: 'raw/first_touch', group: 'raw', kinds: ['csv'], rows: 1 }), asset({ key: 'old/first_touch', group: 'old', rows: 2 }), asset()];
  assert.equal(titles(others).at(-1), '2 min ago, 36 rows');
});

test('text that only ages changes the state lens and nothing else', () => {
  const at = (now: number): string => JSON.stringify(lensesOf(subjectOfModel(mart, 0, [asset()]), CONNECTED, ALL, now));
  assert.equal(at(NOW), at(NOW + MINUTE - 1));
  assert.notEqual(at(NOW), at(NOW + MINUTE));
});

const PYTHON = `
"""@asset
def no(): ..."""
from dagster import asset, multi_asset
# @asset
# def nor(): ...
@asset
def plain(): ...

@dg.asset(key_prefix=["a", "b"], description="(", group_name='x')
@other(1)
async def prefixed(context) -> None: ...

@asset(name="named", deps=[plain], key_prefix="p")
def f(): ...

@dg.asset(
    key=dg.AssetKey(["raw", "events"]),
    metadata={"x": ")"},
)
def g(): ...

@asset(key=f"{x}/y")
def computed(): ...

@asset_check(asset=plain)
def check(): ...

@multi_asset(specs=[dg.AssetSpec("one"), AssetSpec(key=["raw", "two"])])
def several(): ...

@multi_asset(outs={"three": AssetOut(), 'four': AssetOut()})
def outs(): ...

@dbt_assets(manifest=x)
def models(): ...

@asset(
    name="half`;

test('asset definitions in Python', () => {
  assert.deepEqual(scanAssets(PYTHON).map(({ line, decorator, function: name, keys }) => [line, decorator, name, ...keys]), [
    [6, 'asset', 'plain', 'plain'], [9, 'asset', 'prefixed', 'a/b/prefixed'], [13, 'asset', 'f', 'p/named'], [16, 'asset', 'g', 'raw/events'], [22, 'asset', 'computed'],
    [28, 'multi_asset', 'several', 'one', 'raw/two'], [31, 'multi_asset', 'outs', 'three', 'four'], [34, 'dbt_assets', 'models'],
  ]);
});

/** The subjects of a file of this checkout's Dagster project. */
function subjectsOf(name: string, assets: readonly Asset[], isHere = (one: Asset): boolean => one.definition?.file === name): Subject[] {
  const file = path.resolve(import.meta.dirname, '../../../dagster_project/attribution_pipeline/assets', name);
  return subjectsOfPython(scanAssets(fs.readFileSync(file, 'utf8')), assets, isHere);
}

test('the load of the sample project: known by where its assets are defined', () => {
  const raw = ['events', 'clients', 'source_files'].map((name, index) => asset({ key: `raw/${name}`, group: 'raw', kinds: ['csv'], definition: { file: 'raw.py', line: 0 }, materialized: NOW - index * 60 * MINUTE, checks: [check('x', 'passed')] }));
  const [subject] = subjectsOf('raw.py', [...raw, asset()]);
  assert.ok(subject);
  assert.deepEqual(lensesOf(subject, CONNECTED, ALL, NOW).map(({ title, arguments: args }) => [title, ...args]), [
    ['Materialize', 'raw/events', ['raw/events', 'raw/clients', 'raw/source_files']], ['$(check) 3/3 checks'], ['2 h ago'],
  ]);
  const [stale] = subjectsOf('raw.py', [{ ...raw[0], status: 'stale', reason: 'x' } as Asset, ...raw.slice(1)]);
  assert.ok(stale);
  assert.equal(lensesOf(stale, CONNECTED, ALL, NOW).at(-1)?.title, '1 of 3 stale: x');
  const [unknown] = subjectsOf('raw.py', []);
  assert.ok(unknown);
  assert.deepEqual(lensesOf(unknown, { kind: 'starting' }, ALL, NOW).map(({ title, command }) => [title, command]), [['Materialize', 'attribution.materializeSelection'], ['checks', 'attribution.assets.focus'], ['not yet known', 'attribution.assets.focus']]);
});

test('the models of the sample project: all of dbt\'s assets', () => {
  const [subject] = subjectsOf('models.py', [asset(), asset({ key: 'staging/s', status: 'running' }), asset({ key: 'raw/events', kinds: [] })]);
  assert.deepEqual(subject?.names, ['marts/first_touch', 'staging/s']);
  assert.equal(lensesOf(subject, CONNECTED, ALL, NOW).at(-1)?.title, '$(sync~spin) 1 of 2 running…');
});
