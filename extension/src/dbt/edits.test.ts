import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Edits } from './edits';

const document = (text: string, isDirty = true): { isDirty: boolean; getText(): string } => ({ isDirty, getText: () => text });

function heard(): { edits: Edits; told: unknown[] } {
  const told: unknown[] = [];
  return { edits: new Edits(5, (file, text) => told.push([file, text]), (files) => told.push(files)), told };
}

test('what is typed and saved within a moment is told once, as it is at its end', async () => {
  const { edits, told } = heard();
  const typed = { ...document('half'), getText: () => text };
  let text = 'half';
  edits.typed('a.sql', typed);
  text = 'whole';
  edits.typed('a.sql', typed);
  edits.typed('b.sql', document('as it was', false));
  edits.changed('c.sql');
  edits.changed('c.sql');
  await sleep(30);
  assert.deepEqual(told, [['a.sql', 'whole'], ['b.sql', undefined], ['c.sql']]);
});

test('what was typed last in an editor that is closed right after is not left over the file', async () => {
  const { edits, told } = heard();
  edits.typed('a.sql', document('never saved'));
  edits.closed('a.sql');
  await sleep(30);
  assert.deepEqual(told, [['a.sql', undefined]]);
});
