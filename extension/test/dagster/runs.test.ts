/** Runs on a real Dagster: to the end, to a failure, cancelled, doubled, and with everything breaking meanwhile. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DagsterClient } from '../../src/dagster/client';
import { cancelRun, UNDER_WAY } from '../../src/dagster/launch';
import { TERMINATE } from '../../src/dagster/operations';
import type { DagsterSource } from '../../src/dagster/state';
import { FollowedRun } from '../../src/dagster/runs';
import { lineOf } from '../../src/runs/place';
import { cuttingProxy } from './proxy';
import { allRuns, eventsOf, heard, openRig, statusOf, until, type Rig } from './rig';

const MART = 'marts/first_touch_attribution';
let rig: Rig;
let window: DagsterSource;

before(async () => {
  rig = await openRig();
  window = await rig.window({ services: rig.services, url: () => '' });
});
after(() => rig.close());

const asset = (key: string) => window.assets.find((candidate) => candidate.key === key) ?? assert.fail(`no asset ${key}`);

test('one mart to its end: progress, checks, row count, and the sockets dropped all the way (row 16)', async () => {
  const proxy = await cuttingProxy(rig.client().url);
  const told: string[] = [];
  const listening = window.onDidMaterialize((key) => told.push(key));
  assert.equal(asset(MART).status, 'missing', 'this Dagster has no history yet');
  const run = await window.launch({ assets: [MART] });
  assert.deepEqual([...run.assets], [MART]);
  const [data] = (await allRuns(rig.client())).filter(({ id }) => id === run.id);
  assert.ok(data);
  const dropping = new DagsterClient(proxy.url);
  const dropped = new FollowedRun(data, { client: () => dropping, names: { assetOfCheck: () => undefined, inOrder: (keys) => [...keys] }, bellsApart: 0 });
  const [lines, droppedLines] = [heard(run), heard(dropped)];
  const seen: string[] = [];
  run.onDidChange(() => seen.push(`${run.status} ${run.done}/${run.total}`));

  assert.equal(await run.ended, 'succeeded');
  assert.equal(await dropped.ended, 'succeeded');
  assert.deepEqual([run.done, run.total, run.failures.length], [1, 1, 0]);
  assert.ok(seen.some((word) => word.startsWith('started 0/1')) && seen.includes('started 1/1'), seen.join(', '));
  assert.ok(lines.some((line) => line.includes(`${MART} materialized, 26 rows`)), lines.join('\n'));
  await until('the asset is fresh', () => asset(MART).rows === 26 && asset(MART).status === 'fresh' && asset(MART).checks.every(({ outcome }) => outcome === 'passed'));
  assert.deepEqual(told, [MART], 'told of once, by event and by looking');
  assert.match(asset('marts/channel_performance').reason ?? asset('marts/channel_performance').status, /missing|first_touch_attribution was materialized since/);

  // What was shown equals a full read, once and in order, whatever happened to the socket
  const whole = new FollowedRun(data, { client: () => rig.client(), names: { assetOfCheck: () => undefined, inOrder: (keys) => [...keys] } });
  const wholeLines = heard(whole);
  await whole.ended;
  assert.deepEqual(lines, wholeLines);
  assert.deepEqual(droppedLines, wholeLines);
  console_(`${proxy.dropped()} sockets dropped, ${wholeLines.length} lines equal`);
  assert.ok(proxy.dropped() > 10);
  listening.dispose();
  await proxy.close();
});

test('checks alone materialize nothing', async () => {
  const before_ = asset(MART).materialized;
  const run = await window.launch({ assets: [MART], checksOnly: true });
  assert.equal(await run.ended, 'succeeded');
  assert.deepEqual([run.done, run.total], [1, 1]);
  const events = await eventsOf(rig.client(), run.id);
  assert.equal(events.filter(({ __typename: kind }) => kind === 'MaterializationEvent').length, 0);
  assert.equal(events.filter(({ __typename: kind }) => kind === 'AssetCheckEvaluationEvent').length, asset(MART).checks.length);
  await window.refresh();
  assert.equal(asset(MART).materialized, before_);
});

test('double clicks and two windows: never two runs of one selection (row 14)', async () => {
  const windows = [window, await rig.window(), await rig.window({ lockFolder: path.join(rig.folder, 'another-machine') })];
  const client = rig.client();
  const known = new Set((await allRuns(client)).map(({ id }) => id));
  const stayed = new Set<string>();
  const tries = 100;
  /** when two machines launched, from and to (seconds since 1970) */
  const apart: [from: number, to: number][] = [];
  for (let at = 0; at < tries; at++) {
    // With the third, two machines that share no lock
    const chosen = at % 5 === 4 ? windows : windows.slice(0, 2);
    const from = Date.now() / 1000;
    const runs = await Promise.all(chosen.flatMap((each) => [each.launch({ assets: [MART] }), each.launch({ assets: [MART] })]));
    const ids = [...new Set(runs.map(({ id }) => id))];
    assert.equal(ids.length, 1, `${ids.length} runs in try ${at}`);
    stayed.add(ids[0] ?? '');
    // As long as the first is there the others wait, and are taken out
    if (chosen.length > 2) {
      await until('one run of the selection', async () => (await allRuns(client)).filter(({ id, status }) => !known.has(id) && UNDER_WAY.includes(status)).length <= 1);
      apart.push([from, Date.now() / 1000]);
    }
    // Out of the queue again, so that 100 of them need not run
    await client.query(TERMINATE, { id: ids[0] ?? '', policy: 'SAFE_TERMINATE' });
  }
  const doubles = (await allRuns(client)).filter(({ id }) => !known.has(id) && !stayed.has(id));
  await Promise.all((await allRuns(client)).filter(({ status }) => UNDER_WAY.includes(status)).map(({ id }) => cancelRun(client, id)));
  const kinds = await Promise.all(doubles.map(async ({ id }) => (await eventsOf(client, id)).map(({ __typename: kind }) => kind)));
  const with_ = (kind: string): number => kinds.filter((one) => one.includes(kind)).length;
  console_(`${tries} tries, ${doubles.length} runs taken out of the queue again, ${with_('ExecutionStepStartEvent')} of them as they began`);
  // Windows of one machine never start a second run; of two machines Dagster may begin one in the moment in which it is taken out, and does not finish it
  assert.deepEqual(doubles.filter(({ creationTime }) => !apart.some(([from, to]) => from <= creationTime && creationTime <= to)), []);
  assert.equal(with_('MaterializationEvent') + with_('RunSuccessEvent'), 0);
  for (const each of windows.slice(1)) each.dispose();
});

test('cancelled at any moment: in the queue, while it starts, and at work', async () => {
  const client = rig.client();
  for (const moment of ['queued', 'starting', 'started', 'working']) {
    const run = await window.launch({ assets: ['marts/last_touch_attribution', MART] });
    const lines = heard(run);
    await until(moment, () => moment === 'queued' || run.status === moment || (run.status === 'started' && (moment === 'starting' || lines.some((line) => line.includes('Running dbt command')))));
    const began = performance.now();
    await window.cancel(run.id);
    const took = performance.now() - began;
    console_(`cancelled while ${moment}: ${Math.round(took)} ms`);
    assert.equal(await run.ended, 'canceled');
    assert.equal(await statusOf(client, run.id), 'CANCELED');
    assert.deepEqual(run.failures, []);
    assert.ok(took < 20_000);
    assert.equal(window.runs.length, 0);
  }
});

test('a run worker killed is a failure within 5 s, the model named (row 11)', async () => {
  const run = await window.launch({ assets: [MART] });
  const lines = heard(run);
  await until('at work', () => lines.some((line) => line.includes('Running dbt command')));
  const pid = Number(/pid: (\d+)/.exec(lines.join('\n'))?.[1]);
  const began = performance.now();
  process.kill(pid, 'SIGKILL');
  assert.equal(await run.ended, 'failed');
  const took = performance.now() - began;
  console_(`worker killed: failed after ${Math.round(took)} ms: ${run.failures[0]?.message ?? ''}`);
  assert.ok(took < 5000);
  assert.equal(run.failures[0]?.model, 'first_touch_attribution');
  assert.match(run.failures[0].message, /SIGKILL/);
});

test('a model that fails is named with its file and line; a project that does not load keeps the last good assets', async () => {
  const file = path.join(rig.dbt, 'models', 'marts', 'first_touch_attribution.sql');
  const good = fs.readFileSync(file, 'utf8');
  fs.writeFileSync(file, `${good}\nwhere nowhere_to_be_found > 1\n`);
  try {
    const editing = await rig.window({
      prepare: () => {
        rig.parse();
        return Promise.resolve(true);
      },
    });
    const run = await editing.launch({ assets: [MART] });
    const failing = editing.assets.find(({ key }) => key === MART);
    assert.equal(await run.ended, 'failed');
    const [failure, ...more] = run.failures;
    assert.deepEqual(more, []);
    assert.equal(failure?.model, 'first_touch_attribution');
    assert.equal(failure.file, 'models/marts/first_touch_attribution.sql');
    assert.match(failure.message, /^column "nowhere_to_be_found" does not exist/);
    const text = fs.readFileSync(file, 'utf8');
    assert.equal(text.split('\n')[lineOf(text, failure)], 'where nowhere_to_be_found > 1');
    assert.ok(failing);
    await until('the asset has failed', () => {
      const now = editing.assets.find(({ key }) => key === MART);
      return now?.status === 'failed' && now.reason?.includes('nowhere_to_be_found');
    });
    editing.dispose();

    const manifest = path.join(rig.dbt, 'target', 'dagster', 'manifest.json');
    fs.renameSync(manifest, `${manifest}.gone`);
    const count = window.assets.length;
    await assert.rejects(window.reload(), /There is no dbt manifest/);
    assert.match(problem(), /attribution does not load: There is no dbt manifest/);
    assert.equal(window.assets.length, count);
    fs.renameSync(`${manifest}.gone`, manifest);
  } finally {
    fs.writeFileSync(file, good);
    rig.parse();
  }
});

test('the webserver killed in mid-run: disconnected within 5 s, and the true end after its restart (row 10)', async () => {
  await window.reload();
  assert.equal(problem(), 'none');
  const run = await window.launch({ assets: [MART] });
  const lines = heard(run);
  await until('at work', () => lines.some((line) => line.includes('Running dbt command')));
  const before_ = rig.client().url;
  const began = performance.now();
  process.kill(webserver(before_), 'SIGKILL');
  await until('disconnected', () => window.state.kind === 'disconnected', 5000);
  console_(`disconnected after ${Math.round(performance.now() - began)} ms`);
  await until('connected again', () => window.state.kind === 'connected', 60_000).catch((error: unknown) => assert.fail(`${String(error)}\n${rig.said.join('\n')}`));
  console_(`connected again after ${Math.round(performance.now() - began)} ms`);
  const end = await Promise.race([run.ended, sleep(15_000, 'stuck' as const)]);
  if (end === 'stuck') {
    // Whose process was killed with its server is stuck in Dagster: it can be cancelled
    assert.ok(window.runs.some(({ id }) => id === run.id));
    await window.cancel(run.id);
  }
  console_(`the run: ${end}, then ${await run.ended}`);
  const status = await statusOf(rig.client(), run.id);
  assert.equal({ SUCCESS: 'succeeded', FAILURE: 'failed', CANCELED: 'canceled' }[status ?? ''], await run.ended);
  assert.equal(window.runs.length, 0);
});

/** What the window says about the code location. */
function problem(): string {
  const { state } = window;
  return state.kind === 'connected' ? (state.problem ?? 'none') : `not connected: ${state.kind}`;
}

/** The process that listens at the address, by its arguments. */
function webserver(url: string): number {
  const port = new URL(url).port;
  const found = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find((pid) => {
    try {
      const args = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return args.includes('dagster_webserver') && args.includes(port);
    } catch {
      return false;
    }
  });
  return Number(found ?? assert.fail(`no webserver on port ${port}`));
}

/** Figures belong into the report. */
function console_(line: string): void {
  process.stdout.write(`# ${line}\n`);
}
