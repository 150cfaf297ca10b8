import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, similar } from './diagnosticsProblem';

test('what may be meant: a letter changed, added, dropped or swapped', () => {
  const names = ['stg_events', 'stg_clients', 'int_purchases', 'int_touchpoints', 'orders'];
  for (const [written, meant] of [
    ['stg_event', 'stg_events'], ['stg_eventss', 'stg_events'], ['stg_evemts', 'stg_events'], ['stg_evnets', 'stg_events'], ['STG_EVENTS', 'stg_events'], ['int_purchaces', 'int_purchases'], ['nt_touchpoints', 'int_touchpoints'],
    ['events', 'stg_events'], ['orderz', 'orders'],
  ] as const) assert.deepEqual(similar(written, names), [meant], written);
  for (const written of ['customers', 'x', '', 'stg_products', 'int_touches_of_purchases']) assert.deepEqual(similar(written, names), [], written);
});

test('one letter off leaves out what is further away; at most three', () => {
  assert.deepEqual(similar('model_12', ['model_1', 'model_11', 'model_13', 'model_22', 'model_999']), ['model_1', 'model_11', 'model_13']);
  assert.deepEqual(similar('clent_id', ['client_id', 'event_id']), ['client_id']);
});

test('guesses in words', () => {
  assert.equal(didYouMean([]), '');
  assert.equal(didYouMean(['a']), ' Did you mean "a"?');
  assert.equal(didYouMean(['a', 'b', 'c']), ' Did you mean "a", "b" or "c"?');
});
