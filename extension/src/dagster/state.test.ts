import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cancelled } from '../base/errors';
import type { FollowedRun } from './runs';
import type { Services } from './server';
import { DagsterSource } from './state';

const RUN = { __typename: 'Run', id: 'run', status: 'STARTED', creationTime: 0, updateTime: null, endTime: null, assetSelection: [{ path: ['a'] }], assetCheckSelection: null, tags: [] };
const ANSWERS: Record<string, object> = {
  Version: { version: '1.0' }, Definitions: { assetNodes: [], workspaceOrError: { __typename: 'Workspace', locationEntries: [] } }, Standing: { assetsLatestInfo: [], assetNodes: [] },
  Pulse: { version: '1.0', runsOrError: { __typename: 'Runs', results: [RUN] }, locationStatusesOrError: { __typename: 'WorkspaceLocationStatusEntries', entries: [] } },
  RunStatus: { runOrError: RUN }, Logs: { logsForRun: { __typename: 'EventConnection', events: [], cursor: '0', hasMore: false } },
};

interface Fake {
  url: string;
  /** answers the first look at a run's events, once it came */
  answerFirst: (() => void) | undefined;
}

/** A Dagster with one run under way. @param late whether the first look at the run's events waits for its answer */
async function fake(t: TestContext, late = false): Promise<Fake> {
  const found: Fake = { url: '', answerFirst: undefined };
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      if (request.method === 'GET') return void response.end('{"dagster_version": "1.0"}');
      const { operationName } = JSON.parse(body) as { operationName: string };
      const answer = (): unknown => response.end(JSON.stringify({ data: ANSWERS[operationName] }));
      if (late && operationName === 'Logs' && !found.answerFirst) found.answerFirst = answer;
      else answer();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  found.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return found;
}

test('a run whose Dagster is stopped under it lets go of who waits, and its late end takes nothing from the run that is followed anew', async (t) => {
  const dagster = await fake(t, true);
  const source = new DagsterSource({ url: () => dagster.url, lockFolder: os.tmpdir() });
  t.after(() => source.dispose());
  await source.start();
  while (!dagster.answerFirst) await sleep(5);
  const [first] = source.runs;
  assert.ok(first);
  await source.stop();
  await source.start();
  while (source.runs.length === 0) await sleep(5);
  const [again] = source.runs;
  // Also one that the source has lost
  t.after(() => (again as FollowedRun).dispose());
  assert.notEqual(again, first);
  const over = assert.rejects(first.ended, Cancelled);
  // The first look at the run's events is answered when its follower is long gone
  dagster.answerFirst();
  await over;
  await sleep(20);
  assert.deepEqual(source.runs.map((run) => run === again), [true]);
});

test('Dagster that is started again while it is still being stopped is not called stopped', async (t) => {
  const { url } = await fake(t);
  let ended = (): void => {};
  const services = { started: false, onDidChangeUrl: () => ({ dispose: () => undefined }), start: () => Promise.resolve(url), stop: () => new Promise<void>((resolve) => (ended = resolve)), dispose: () => undefined };
  const source = new DagsterSource({ url: () => '', services: services as unknown as Services, lockFolder: os.tmpdir() });
  t.after(() => source.dispose());
  await source.start();
  const stopping = source.stop();
  await source.start();
  ended();
  await stopping;
  assert.equal(source.state.kind, 'connected');
});
