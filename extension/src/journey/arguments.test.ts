import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkOf, targetOf, targetOfLink } from './arguments';

test('a client is taken from an object or a string, and nothing else is', () => {
  assert.deepEqual(targetOf('one'), { clientId: 'one', purchaseId: null });
  assert.deepEqual(targetOf({ clientId: 'one', purchaseId: 'p' }), { clientId: 'one', purchaseId: 'p' });
  assert.deepEqual(targetOf({ clientId: 'one', purchaseId: 7 }), { clientId: 'one', purchaseId: null });
  for (const wrong of [undefined, null, '', 7, {}, { model: 'first_touch_attribution' }, { clientId: '' }, { clientId: 'a\0b' }, 'x'.repeat(256)]) assert.equal(targetOf(wrong), undefined);
});

test('a link names the client and the purchase', () => {
  assert.deepEqual(targetOfLink('/journey', 'client=a%26b%20c&purchase=p'), { clientId: 'a&b c', purchaseId: 'p' });
  assert.equal(targetOfLink('/journey', ''), undefined);
  assert.equal(targetOfLink('/other', 'client=a'), undefined);
});

test('a link that was copied leads back to the same client, whatever its id', () => {
  for (const clientId of ['client_1', 'a&b=c +%25#/?"<é\u202e', '%']) {
    const link = linkOf('vscode', 'publisher.name', { clientId, purchaseId: 'p' });
    const query = decodeURIComponent(link.slice(link.indexOf('?') + 1));
    assert.deepEqual(targetOfLink('/journey', query), { clientId, purchaseId: 'p' });
  }
  assert.equal(linkOf('vscode', 'publisher.name', { clientId: 'client_1', purchaseId: null }), 'vscode://publisher.name/journey?client=client_1');
});
