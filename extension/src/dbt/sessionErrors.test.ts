import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HumanError } from '../base/errors';
import { inWords } from './sessionErrors';
import { DbtFailure } from './sessionProcess';

test('a place of packages that cannot be reached is named, with what to do', () => {
  const words = "External connection exception occurred: HTTPSConnectionPool(host='hub.getdbt.com', port=443): Max retries exceeded with url: /api/v1/index.json (Caused by NameResolutionError(\"HTTPSConnection(host='hub.getdbt.com', port=443): Failed to resolve 'hub.getdbt.com' ([Errno -2] Name or service not known)\"))";
  const error = inWords(new DbtFailure('ConnectionError', words), '/shop');
  assert.ok(error instanceof HumanError);
  assert.match(error.message, /^dbt cannot reach hub\.getdbt\.com: this machine seems to be offline\. /);
  assert.deepEqual(error.remedies.map(({ title }) => title), ['Install Packages']);
});
