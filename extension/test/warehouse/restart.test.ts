import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Unavailable } from '../../src/warehouse/errors';
import { holdServer } from '../servers';
import { warehouseOn } from './fixture';

test('a server that stops ends what it was asked at once, and is found again when it is back', async (t) => {
  const local = fs.mkdtempSync(path.join(os.tmpdir(), 'attribution-restart-'));
  fs.chmodSync(local, 0o755);
  let server = await holdServer(local);
  const warehouse = await warehouseOn(server.connection, { credentials: () => undefined });
  t.after(async () => {
    await warehouse.reset();
    await server.release();
    fs.rmSync(local, { recursive: true, force: true });
  });
  await warehouse.query('select 1');
  const running = warehouse.query('select pg_sleep(600)').catch((error: unknown) => error);
  const start = Date.now();
  process.kill(server.pid, 'SIGQUIT');
  assert.ok((await running) instanceof Unavailable);
  await assert.rejects(warehouse.query('select 1'), Unavailable);
  assert.ok(Date.now() - start < 10_000, 'it hung');
  assert.equal(warehouse.state.kind, 'unavailable');
  server = await holdServer(local);
  assert.deepEqual((await warehouse.query('select 1')).rows, [['1']]);
  assert.equal(warehouse.state.kind, 'connected');
});
