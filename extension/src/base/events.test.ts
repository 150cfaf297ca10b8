import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancelled } from './errors';
import { Emitter, until, type Disposable, type Event } from './events';

function counted(): { emitter: Emitter<void>; event: Event<void>; listeners: () => number } {
  const emitter = new Emitter<void>();
  let count = 0;
  const event: Event<void> = (listener): Disposable => {
    const subscription = emitter.event(listener);
    count++;
    return { dispose: () => [subscription.dispose(), count--] };
  };
  return { emitter, event, listeners: () => count };
}

test('what is waited for is asked after each event, and nobody listens once it holds', async () => {
  const { emitter, event, listeners } = counted();
  let asked = 0;
  const done = until(event, () => ++asked === 3, new Promise(() => undefined));
  emitter.fire();
  emitter.fire();
  await done;
  assert.equal(listeners(), 0);
});

test('who stopped waiting does not listen any more', async () => {
  const { event, listeners } = counted();
  await assert.rejects(until(event, () => false, Promise.reject(new Cancelled())), Cancelled);
  assert.equal(listeners(), 0);
});
