import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deepest, failuresOf, plain } from './failures';
import type { EventData } from './operations';
import { RunModel } from './runModel';

const NAMES = { assetOfCheck: (name: string) => (name === 'not_null_x' ? 'marts/x' : undefined), inOrder: (keys: readonly string[]) => [...keys].sort() };
const at = { timestamp: '1795872901688' };
const failure = (description: string | null, error?: EventData['error']): EventData => ({ __typename: 'ExecutionStepFailureEvent', stepKey: 'dbt_models', ...at, failureMetadata: { description }, error: error ?? null });

test("dbt's failures: model, file and the database's words, without colours", () => {
  const [one, check, compile, ...more] = failuresOf(failure([
    '\u001b[31mfirst_touch (models/marts/first_touch.sql): Database Error in model first_touch (models/marts/first_touch.sql) column "nope" does not exist LINE 12: select nope ^ compiled code at /tmp/x/first_touch.sql\u001b[0m',
    'not_null_x (models/marts/x.yml): Got 3 results, configured to fail if != 0',
    'y (models/y.sql): Compilation Error in model y (models/y.sql) unexpected end of template line 7',
  ].join('\n')), NAMES.assetOfCheck);
  assert.deepEqual(one, { step: 'dbt_models', model: 'first_touch', file: 'models/marts/first_touch.sql', message: 'column "nope" does not exist LINE 12: select nope ^' });
  assert.deepEqual(check, { step: 'dbt_models', model: 'x', file: 'models/marts/x.yml', check: 'not_null_x', message: 'check not_null_x: 3 rows fail the test' });
  assert.equal(compile?.line, 6, "Jinja's own line, counted from 0");
  assert.deepEqual(more, []);
});

test('the deepest cause, without the name of its class', () => {
  const wrapped = { message: 'dagster._core.errors.DagsterExecutionStepExecutionError: Error occurred', className: 'DagsterExecutionStepExecutionError', errorChain: [
    { error: { message: 'a.b.Middle: no', className: 'Middle' } }, { error: { message: 'attribution_pipeline.errors.HumanError: The raw folder is gone.\n', className: 'HumanError' } },
  ] };
  assert.equal(deepest(wrapped), 'The raw folder is gone.');
  assert.deepEqual(failuresOf(failure(null, wrapped), NAMES.assetOfCheck), [{ step: 'dbt_models', message: 'The raw folder is gone.' }]);
});

test('control sequences are gone, and text ends', () => {
  assert.equal(plain('a\u001b]8;;http://evil\u0007b\u001b[1;31mc\u0000\r\nd\te'), 'abc\nd\te');
  assert.ok(plain('x'.repeat(1e6)).length < 25_000);
});

test('a run from its events', () => {
  const model = new RunModel(NAMES, ['marts/a', 'marts/b']);
  const lines: string[] = [];
  const apply = (event: EventData): void => {
    const { line } = model.apply({ ...at, ...event });
    if (line !== undefined) lines.push(line);
  };
  apply({ __typename: 'RunEnqueuedEvent', message: '' });
  apply({ __typename: 'RunStartingEvent', message: '' });
  assert.equal(model.status, 'starting');
  apply({ __typename: 'RunStartEvent', message: 'Started execution' });
  apply({ __typename: 'ExecutionStepStartEvent', stepKey: 'dbt_models', message: 'Started step' });
  assert.deepEqual([model.status, model.progress], ['started', 'dbt_models']);
  apply({ __typename: 'LogMessageEvent', level: 'INFO', message: 'Waiting for run 1: only one run writes at a time.' });
  assert.match(model.progress, /^Waiting for run 1/);
  apply({ __typename: 'AssetMaterializationPlannedEvent', assetKey: { path: ['marts', 'a'] }, message: 'silent' });
  const { materialized } = model.apply({ ...at, __typename: 'MaterializationEvent', assetKey: { path: ['marts', 'a'] }, stepKey: 'dbt_models', metadataEntries: [{ label: 'dagster/row_count', intRepr: '1' }] });
  assert.deepEqual([model.done, model.progress, materialized], [1, 'a is done', { key: 'marts/a', time: 1795872901688 }]);
  apply({ __typename: 'AssetCheckEvaluationEvent', evaluation: { assetKey: { path: ['marts', 'a'] }, checkName: 'c', success: false, severity: 'WARN', description: 'hm' } });
  apply({ __typename: 'EngineEvent', message: '[DagsterApiServer] Run execution process for 1 was terminated by signal 9 (SIGKILL). Possible solutions…' });
  apply({ __typename: 'RunFailureEvent', message: 'This run has been marked as failed from outside the execution context.' });
  assert.deepEqual(model.failures, [{ step: 'dbt_models', model: 'b', message: 'Run execution process for 1 was terminated by signal 9 (SIGKILL)' }], 'the asset at work is named');
  assert.deepEqual(lines.map((line) => line.slice(10)), [
    'Started execution', 'dbt_models: Started step', 'Waiting for run 1: only one run writes at a time.', 'check c of marts/a warned: hm',
    '[DagsterApiServer] Run execution process for 1 was terminated by signal 9 (SIGKILL). Possible solutions…', 'This run has been marked as failed from outside the execution context.',
  ]);
});

test('a job that names no assets is for those that it plans; a cancelled run has no failures', () => {
  const model = new RunModel(NAMES, undefined);
  for (const name of ['a', 'b']) model.apply({ ...at, __typename: 'AssetMaterializationPlannedEvent', assetKey: { path: [name] } });
  assert.deepEqual(model.assets, ['a', 'b']);
  model.apply(failure('interrupted'));
  assert.equal(model.failures.length, 1);
  model.apply({ ...at, __typename: 'RunCanceledEvent', message: '' });
  assert.deepEqual([model.failures, model.status], [[], 'canceled']);
});
