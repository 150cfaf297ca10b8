import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Outbox, Rpc } from './rpc';

interface Host {
  requests: { double: { argument: number; result: number }; fail: { argument: null; result: null }; wait: { argument: null; result: null } };
  notifications: { hello: string };
}
interface Page {
  requests: Record<string, never>;
  notifications: Record<string, never>;
}

function pair(heard: string[], aborted: { value: boolean }): { page: Rpc<Page, Host> } {
  const page: Rpc<Page, Host> = new Rpc<Page, Host>((message) => queueMicrotask(() => host.receive(structuredClone(message))), {});
  const host: Rpc<Host, Page> = new Rpc<Host, Page>((message) => queueMicrotask(() => page.receive(structuredClone(message))), {
    double: (value) => value * 2,
    fail: () => {
      throw new Error('the table is gone');
    },
    wait: async (_, signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      aborted.value = true;
      return null;
    },
    hello: (name) => void heard.push(name),
  });
  return { page };
}

test('a request is answered, and its error comes back in words', async () => {
  const { page } = pair([], { value: false });
  assert.equal(await page.request('double', 21), 42);
  await assert.rejects(page.request('fail', null), /the table is gone/);
});

test('a request that nobody knows is refused instead of hanging', async () => {
  const { page } = pair([], { value: false });
  await assert.rejects(page.request('toString' as never, null as never), /There is no request/);
});

test('aborting a request rejects it here and aborts the work there', async () => {
  const aborted = { value: false };
  const { page } = pair([], aborted);
  const controller = new AbortController();
  const answer = page.request('wait', null, controller.signal);
  await sleep(1);
  controller.abort(new Error('no longer wanted'));
  await assert.rejects(answer, /no longer wanted/);
  await sleep(1);
  assert.equal(aborted.value, true);
});

test('a notification arrives, and an unknown one is ignored', async () => {
  const heard: string[] = [];
  const { page } = pair(heard, { value: false });
  page.notify('hello', 'reader');
  page.notify('constructor' as never, '' as never);
  await sleep(1);
  assert.deepEqual(heard, ['reader']);
});

test('a page that starts anew gets no answer to what an earlier one asked under the same number', async () => {
  const numbers: unknown[] = [];
  let first = true;
  let release = (): void => {};
  const host: Rpc<Host, Page> = new Rpc<Host, Page>((message) => numbers.push(message), {
    double: async (value) => {
      if (first) {
        first = false;
        await new Promise<void>((resolve) => (release = resolve));
      }
      return value * 2;
    },
    fail: () => null, wait: () => null, hello: () => undefined,
  });
  host.receive({ kind: 'request', id: 1, name: 'double', argument: 1 });
  host.forget(new Error('anew'));
  host.receive({ kind: 'request', id: 1, name: 'double', argument: 21 });
  release();
  await sleep(1);
  assert.deepEqual(numbers, [{ kind: 'result', id: 1, result: 42 }]);
});

test('what waits for a page is the last of each kind, however much was said', () => {
  const outbox = new Outbox();
  for (let count = 0; count < 1000; count++) {
    outbox.add({ kind: 'notification', name: 'shown', argument: count });
    outbox.add({ kind: 'result', id: count, result: null });
    if (count < 10) outbox.add({ kind: 'notification', name: 'model', argument: count });
  }
  outbox.add({ kind: 'notification', name: 'model', argument: 'last' });
  assert.deepEqual(outbox.take().map((message) => (message.kind === 'notification' ? [message.name, message.argument] : message.kind)), [['shown', 999], ['model', 'last']]);
  assert.deepEqual(outbox.take(), []);
});
