import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { t, useWords } from './l10n';

after(() => useWords({}));

test('a message is English without a bundle, and the bundle\'s with one; values go in as they are', () => {
  assert.equal(t('{0} rows of {1}', 3, '{0}'), '3 rows of {0}');
  assert.equal(t('{0} of {2}', 3), '3 of {2}');
  useWords({ '{0} rows of {1}': '{1}: {0} Zeilen' });
  assert.equal(t('{0} rows of {1}', 3, 'a'), 'a: 3 Zeilen');
  assert.equal(t('Close'), 'Close');
});
