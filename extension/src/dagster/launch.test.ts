import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DagsterClient } from './client';
import { cancelRun, Launcher } from './launch';
import type { DagsterRunStatus, NodeData } from './operations';

interface FakeRun { id: string; status: DagsterRunStatus; endTime: number | null }
type Answer = Record<string, unknown>;

const NODES = new Map([['a', {
  assetKey: { path: ['a'] }, opName: 'op', jobNames: ['__ASSET_JOB'], isMaterializable: true, repository: { name: 'r', location: { name: 'l' } }, configField: null,
  assetChecksOrError: { checks: [] },
} as unknown as NodeData]]);

/** A Dagster that keeps runs, newest first, as slowly as a real one. */
async function fake(t: TestContext, terminate: (run: FakeRun, policy: string) => Answer): Promise<{ client: DagsterClient; runs: FakeRun[] }> {
  const runs: FakeRun[] = [];
  let created = 0;
  const answers: Record<string, (variables: Record<string, string>) => Answer | Promise<Answer>> = {
    RequiredKeys: () => ({ assetNodeAdditionalRequiredKeys: [] }),
    Runs: async () => {
      const active = runs.filter(({ status }) => ['QUEUED', 'STARTING', 'STARTED'].includes(status)).map((run) => ({ ...run }));
      await sleep(5);
      return { runsOrError: { __typename: 'Runs', results: active } };
    },
    Launch: async () => {
      await sleep(Math.random() * 20);
      const run: FakeRun = { id: `run ${created++}`, status: 'QUEUED', endTime: null };
      runs.unshift(run);
      await sleep(5);
      return { launchRun: { __typename: 'LaunchRunSuccess', run } };
    },
    RunStatus: ({ id }) => ({ runOrError: { __typename: 'Run', ...runs.find((run) => run.id === id) } }),
    Terminate: ({ id, policy = '' }) => ({ terminateRun: terminate(runs.find((run) => run.id === id) ?? assert.fail(), policy) }),
  };
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      const { operationName, variables } = JSON.parse(body) as { operationName: string; variables: Record<string, string> };
      void Promise.resolve(answers[operationName]?.(variables)).then((data) => response.end(JSON.stringify({ data })));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { client: new DagsterClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), runs };
}

const end = (run: FakeRun): Answer => {
  run.status = 'CANCELED';
  run.endTime = Date.now() / 1000;
  return { __typename: 'TerminateRunSuccess' };
};

test('two machines that share no lock: the run that was created first stays, the other is taken out of the queue', async (t) => {
  const { client, runs } = await fake(t, end);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'attribution-launch-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const machines = ['one', 'two', 'three'].map((name) => new Launcher(path.join(folder, name)));
  let doubles = 0;
  for (let at = 0; at < 25; at++) {
    runs.splice(0);
    const launched = await Promise.all(machines.flatMap((machine) => [machine.launch(client, { assets: ['a'] }, NODES), machine.launch(client, { assets: ['a'] }, NODES)]));
    assert.equal(new Set(launched.map(({ id }) => id)).size, 1);
    doubles += runs.length - 1;
    const queued = (): string[] => runs.filter(({ status }) => status === 'QUEUED').map(({ id }) => id);
    for (let wait = 0; wait < 200 && queued().length > 1; wait++) await sleep(10);
    assert.deepEqual(queued(), [runs.at(-1)?.id]);
    assert.equal(launched[0]?.id, runs.at(-1)?.id);
    for (const run of runs) run.status = 'CANCELED';
  }
  assert.ok(doubles > 0, 'the race was never run');
});

test('a run that was taken out of the queue and begins all the same is not joined, and ends no other', async (t) => {
  const { client, runs } = await fake(t, end);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'attribution-launch-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const [one, other] = ['one', 'other'].map((name) => new Launcher(path.join(folder, name)));
  const taken: FakeRun = { id: 'taken out', status: 'CANCELED', endTime: 1 };
  runs.push(taken);
  const launching = one?.launch(client, { assets: ['a'] }, NODES);
  while (runs.length === 1) await sleep(1);
  taken.status = 'STARTING';
  const launched = await launching;
  assert.equal(launched?.id, 'run 0');
  assert.equal((await other?.launch(client, { assets: ['a'] }, NODES))?.id, 'run 0');
  assert.deepEqual(runs.map(({ id, status }) => [id, status]), [['run 0', 'QUEUED'], ['taken out', 'STARTING']]);
});

test('cancelling: nothing is asked while it starts, which would make it fail; nobody there: marked as cancelled', async (t) => {
  const asked: string[] = [];
  const starting = await fake(t, (run) => {
    asked.push(run.status);
    return end(run);
  });
  const run: FakeRun = { id: 'x', status: 'STARTING', endTime: null };
  starting.runs.push(run);
  setTimeout(() => (run.status = 'STARTED'), 700);
  await cancelRun(starting.client, 'x');
  assert.deepEqual(asked, ['STARTED']);

  const policies: string[] = [];
  const stuck = await fake(t, (run, policy) => {
    policies.push(policy);
    return policy === 'SAFE_TERMINATE' ? { __typename: 'PythonError', message: 'no process' } : end(run);
  });
  stuck.runs.push({ id: 'x', status: 'STARTED', endTime: null });
  await cancelRun(stuck.client, 'x');
  assert.deepEqual(policies, ['SAFE_TERMINATE', 'SAFE_TERMINATE', 'MARK_AS_CANCELED_IMMEDIATELY']);
});

test('a run that was taken out of the queue and starts all the same is ended again', async (t) => {
  let ends = 0;
  const { client, runs } = await fake(t, (run) => {
    // The daemon had it in its hands already
    if (++ends === 1) {
      setTimeout(() => (run.status = 'STARTING'), 500);
      setTimeout(() => (run.status = 'STARTED'), 900);
    }
    return run.status === 'STARTING' ? { __typename: 'TerminateRunFailure', message: 'not yet' } : end(run);
  });
  runs.push({ id: 'x', status: 'QUEUED', endTime: null });
  await cancelRun(client, 'x');
  assert.equal(runs[0]?.status, 'CANCELED');
  assert.ok(ends > 1);
});
