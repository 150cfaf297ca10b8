import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import { Checks, type Checkable } from './checks';

interface Asked {
  name: string;
  signal: AbortSignal;
  answer: (done: boolean) => void;
}

const documentOf = (name: string): Checkable => ({ uri: { toString: () => name }, version: 1, isClosed: false });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function rig(context: TestContext): { checks: Checks<Checkable>; asked: Asked[]; pass: (milliseconds: number) => void } {
  mock.timers.enable({ apis: ['setTimeout'] });
  context.after(() => mock.timers.reset());
  const asked: Asked[] = [];
  const checks = new Checks<Checkable>(({ uri }, signal) => new Promise((answer) => asked.push({ name: uri.toString(), signal, answer })));
  return { checks, asked, pass: (milliseconds) => mock.timers.tick(milliseconds) };
}

test('a text that is closed is not checked, and what is under way ends', async (context) => {
  const { checks, asked, pass } = rig(context);
  const document = documentOf('a');
  checks.request(document, 1000);
  checks.forget(document.uri);
  pass(2000);
  assert.equal(asked.length, 0);
  checks.request(document, 1000);
  pass(1000);
  const isEnded = (): boolean | undefined => asked[0]?.signal.aborted;
  checks.forget(documentOf('b').uri);
  assert.equal(isEnded(), false);
  checks.forget(document.uri);
  assert.equal(isEnded(), true);
  checks.request({ ...document, isClosed: true }, 0);
  pass(1);
  await settled();
  assert.equal(asked.length, 1);
});

test('what comes into sight is checked once a version, and again where the check could not tell', async (context) => {
  const { checks, asked, pass } = rig(context);
  const document = documentOf('a');
  const look = async (done: boolean): Promise<number> => {
    const before = asked.length;
    checks.once(document, 1000);
    checks.once(document, 1000);
    pass(1000);
    asked.at(-1)?.answer(done);
    await settled();
    return asked.length - before;
  };
  assert.equal(await look(false), 1);
  assert.equal(await look(true), 1);
  assert.equal(await look(true), 0);
  document.version++;
  assert.equal(await look(true), 1);
  checks.forget(document.uri);
  assert.equal(await look(true), 1);
});

test('the text that was touched last is checked, and a save checks again', async (context) => {
  const { checks, asked, pass } = rig(context);
  const [one, other] = [documentOf('a'), documentOf('b')];
  checks.request(one, 1000);
  checks.request(other, 1000);
  pass(1000);
  checks.once(one, 1000);
  assert.deepEqual(asked.map(({ name, signal }) => [name, signal.aborted]), [['b', true]]);
  asked[0]?.answer(true);
  pass(1000);
  asked[1]?.answer(true);
  await settled();
  checks.once(one, 0);
  pass(1);
  assert.equal(asked.length, 2);
  checks.request(one, 0);
  pass(1);
  assert.equal(asked.length, 3);
});
