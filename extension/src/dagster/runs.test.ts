import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { Cancelled } from '../base/errors';
import { DagsterClient } from './client';
import type { EventData, RunData } from './operations';
import { FollowedRun } from './runs';

const RUN: RunData = { id: 'run', status: 'STARTED', creationTime: 0, updateTime: null, endTime: null, assetSelection: [{ path: ['a'] }], assetCheckSelection: null, tags: [] };
const NAMES = { assetOfCheck: () => undefined, inOrder: (keys: readonly string[]) => [...keys] };

test('the socket dropped 200 times and HTTP broken every seventh time: every event once, in order, and the true end (row 16)', async (t) => {
  const events: EventData[] = [];
  let dropped = 0;
  let asked = 0;
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      asked++;
      if (asked % 7 === 0) return void request.socket.destroy();
      const { operationName, variables } = JSON.parse(body) as { operationName: string; variables: { cursor?: string | null } };
      const ended = events.at(-1)?.__typename === 'RunSuccessEvent';
      if (operationName === 'RunStatus') {
        response.end(JSON.stringify({ data: { runOrError: { __typename: 'Run', ...RUN, status: ended ? 'SUCCESS' : 'STARTED' } } }));
      } else {
        const from = Number(variables.cursor ?? 0);
        const page = events.slice(from, from + 50);
        response.end(JSON.stringify({ data: { logsForRun: { __typename: 'EventConnection', events: page, cursor: String(from + page.length), hasMore: from + page.length < events.length } } }));
      }
    });
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-ws' });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { type } = JSON.parse((data as Buffer).toString()) as { type: string };
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
      if (type !== 'start' || dropped === 200) return;
      // Something happens, is told of or not, and the line is cut
      for (let count = 0; count < 5; count++) events.push({ __typename: 'LogMessageEvent', level: 'INFO', message: `event ${events.length}`, timestamp: '0' });
      if (dropped++ % 2 === 0) socket.send('{"type":"data","id":"1","payload":{}}');
      if (dropped === 200) events.push({ __typename: 'RunSuccessEvent', message: 'the end', timestamp: '0' });
      socket.terminate();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = new DagsterClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const run = new FollowedRun(RUN, { client: () => client, names: NAMES, bellsApart: 0, readApart: 1 });
  const lines: string[] = [];
  run.onDidLog((line) => lines.push(line));
  assert.equal(await run.ended, 'succeeded');
  assert.ok(dropped >= 200, `${dropped} drops`);
  assert.deepEqual(lines, events.map(({ message }) => `00:00:00  ${message ?? ''}`));
  // Whoever comes late hears the same
  const late: string[] = [];
  run.onDidLog((line) => late.push(line));
  assert.deepEqual(late, lines);
});

test('a run that is followed no longer lets go of who waits for it', async () => {
  const run = new FollowedRun(RUN, { client: () => undefined, names: NAMES, readApart: 1 });
  setTimeout(() => run.dispose(), 20);
  await assert.rejects(run.ended, Cancelled);
});

test('a run that was deleted ends', async (t) => {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => response.end(JSON.stringify({ data: body.includes('RunStatus') ? { runOrError: { __typename: 'RunNotFoundError', message: 'gone' } } : { logsForRun: { __typename: 'RunNotFoundError', message: 'gone' } } })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = new DagsterClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  assert.equal(await new FollowedRun(RUN, { client: () => client, names: NAMES }).ended, 'canceled');
});
