import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asset } from '../dagster/types';
import type { DbtProject, Model } from '../dbt/types';
import { lineageOf } from './graph';
import { afterResize, directionOf, fitOf, layoutOf, neighbour, type Direction, type Layout } from './layout';

const model = (name: string, refs: string[] = [], sources: Model['sources'] = []): Model =>
  ({ name, file: `/w/${name}.sql`, projectRoot: '/w', layer: 'marts', relation: { schema: 'marts', name }, columns: [], refs, sources });
const project = (...models: Model[]): DbtProject => ({ root: '/w', name: 'w', profile: 'w', vars: {}, models: new Map(models.map((one) => [one.name, one])) });
const events = { source: 'raw', table: 'events' };
const diamond = project(model('stg', [], [events]), model('left', ['stg']), model('right', ['stg']), model('mart', ['left', 'right', 'left']), model('report', ['mart']), model('other', ['stg']));
const asset = (key: string, status: Asset['status']): Asset => ({ key, group: 'g', kinds: [], upstream: [], downstream: [], status, checks: [], executable: true, rows: 36, materialized: 0 });
const ask = (focus: string, depth: number | null, all = [diamond], assets: Asset[] = []) => lineageOf({ projects: { all }, assets, focus, depth, now: 120_000 });

test('everything above and below, and nothing beside', () => {
  const graph = ask('left', null);
  assert.deepEqual(graph?.nodes.map(({ id }) => id).sort(), ['left', 'mart', 'raw.events', 'report', 'stg']);
  assert.deepEqual(graph.edges.map(({ from, to }) => `${from} ${to}`).sort(), ['left mart', 'mart report', 'raw.events stg', 'stg left']);
  assert.deepEqual(graph.nodes.find(({ id }) => id === 'mart')?.hidden, { upstream: 1, downstream: 0 });
});

test('only so many steps, and how many more there are', () => {
  const graph = ask('mart', 1);
  assert.deepEqual(graph?.nodes.map(({ id }) => id).sort(), ['left', 'mart', 'report', 'right']);
  assert.deepEqual(graph.nodes.find(({ id }) => id === 'left')?.hidden, { upstream: 1, downstream: 0 });
});

test('states come from Dagster, of sources too, and are absent without it', () => {
  const graph = ask('stg', 1, [diamond], [asset('stg', 'fresh'), asset('raw/events', 'stale')]);
  const node = (id: string) => graph?.nodes.find((one) => one.id === id);
  assert.deepEqual([node('stg')?.status, node('stg')?.state], ['fresh', '2 min ago · 36 rows']);
  assert.deepEqual([node('raw.events')?.kind, node('raw.events')?.layer, node('raw.events')?.status], ['source', 'raw', 'stale']);
  assert.deepEqual([node('left')?.status, node('left')?.state], [undefined, '']);
});

test('a model whose check failed is failed, and says how many passed', () => {
  const failing: Asset = { ...asset('stg', 'fresh'), checks: [{ name: 'a', outcome: 'passed' }, { name: 'b', outcome: 'failed' }] };
  const node = ask('stg', 1, [diamond], [failing])?.nodes.find(({ id }) => id === 'stg');
  assert.deepEqual([node?.status, node?.state], ['failed', '2 min ago · 36 rows · 1/2 checks']);
});

test('a new size fits again what the person left as it was, and draws anew what changes its direction', () => {
  const after = (width: number, direction: Direction, fitted: boolean) => afterResize({ width, height: 600 }, direction, fitted, () => ({ width: 100, height: 100 }));
  assert.deepEqual([after(900, 'LR', true), after(900, 'LR', false), after(500, 'LR', false), after(900, 'TB', true), after(900, 'TB', false), after(0, 'LR', true)], ['fit', undefined, 'draw', 'draw', undefined, undefined]);
});

test('layers stand beside one another where that can be read, and below where more of them fits so', () => {
  const sizes = { LR: { width: 1700, height: 150 }, TB: { width: 400, height: 700 } };
  const asked: Direction[] = [];
  const direction = (width: number, height: number, factor = 1): Direction => directionOf({ width, height }, (one) => {
    asked.push(one);
    return { width: sizes[one].width * factor, height: sizes[one].height * factor };
  });
  assert.deepEqual([direction(1700, 800), direction(1100, 700), direction(1000, 700), direction(1000, 250), direction(600, 300)], ['LR', 'LR', 'TB', 'LR', 'TB']);
  asked.length = 0;
  assert.equal(direction(1000, 700, 10), 'LR');
  assert.deepEqual(asked, ['LR'], 'no second layout of what is large anyway');
});

test('everything fits, or what is around the focus where it could not be read', () => {
  const layout: Layout = { width: 1000, height: 100, nodes: new Map([['end', { x: 900, y: 0, width: 100, height: 100 }]]), edges: [] };
  assert.deepEqual(fitOf(layout, 'end', { width: 1200, height: 100 }, false), { scale: 1, x: 100, y: 0 });
  assert.deepEqual(fitOf(layout, 'end', { width: 500, height: 100 }, false), { scale: 0.75, x: -250, y: 12.5 });
  assert.deepEqual(fitOf(layout, 'end', { width: 500, height: 100 }, true), { scale: 0.5, x: 0, y: 25 });
  assert.deepEqual(fitOf(layout, 'end', { width: 650, height: 100 }, false), { scale: 0.65, x: 0, y: 17.5 });
});

test('a circle ends, a ref to nothing is no node, and a model that is gone has no graph', () => {
  const circle = project(model('a', ['b', 'nowhere']), model('b', ['a']));
  assert.deepEqual(ask('a', null, [circle])?.nodes.map(({ id }) => id).sort(), ['a', 'b']);
  assert.equal(ask('gone', null), undefined);
});

test('a traced column marks its nodes and edges', () => {
  const graph = lineageOf({
    projects: { all: [diamond] }, assets: [], focus: 'mart', depth: null, now: 0,
    trace: { column: 'mart.revenue', columns: { left: ['amount'], mart: ['revenue'] }, edges: [{ from: 'left', to: 'mart' }] },
  });
  assert.deepEqual(graph?.edges.filter(({ traced }) => traced), [{ from: 'left', to: 'mart', traced: true }]);
  assert.deepEqual(graph.nodes.find(({ id }) => id === 'left')?.columns, ['amount']);
});

for (const direction of ['LR', 'TB'] as const) {
  test(`boxes stand apart, and the flow has one direction: ${direction}`, () => {
    const graph = ask('stg', null);
    assert.ok(graph);
    const layout = layoutOf(graph, new Map(graph.nodes.map(({ id }) => [id, { width: 100, height: 40 }])), direction);
    const boxes = [...layout.nodes.values()];
    for (const [index, one] of boxes.entries()) {
      for (const other of boxes.slice(index + 1)) assert.ok(one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y);
      assert.ok(one.x >= 0 && one.y >= 0 && one.x + one.width <= layout.width && one.y + one.height <= layout.height);
    }
    const axis = direction === 'LR' ? 'x' : 'y';
    for (const { from, to } of graph.edges) assert.ok((layout.nodes.get(from)?.[axis] ?? 0) < (layout.nodes.get(to)?.[axis] ?? 0));
    const [back, on] = direction === 'LR' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    assert.equal(neighbour(graph, layout, 'report', back, direction), 'mart');
    assert.equal(neighbour(graph, layout, 'mart', on, direction), 'report');
    assert.equal(neighbour(graph, layout, 'report', on, direction), undefined);
  });
}
