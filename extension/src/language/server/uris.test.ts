import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { Uris } from './uris';

test('names with spaces, percent signs and other scripts go both ways', () => {
  const uris = new Uris(path.posix);
  for (const file of ['/a b/models/größe.sql', '/50% off/100%25.sql', '/project/#1?.sql', '/日本/модель.sql', '/a(b)\'c\'/x.sql']) assert.equal(uris.fileOf(uris.uriOf(file)), file);
  assert.equal(uris.fileOf('file:///a%20b/50%.sql'), '/a b/50%.sql');
  assert.equal(uris.fileOf('file:///a/./b//c.sql'), '/a/b/c.sql');
  assert.equal(uris.fileOf('file://localhost/a.sql'), '/a.sql');
  assert.equal(uris.fileOf('untitled:Untitled-1'), undefined);
});

test('a file is spelled as the client spelled it, or its folder', () => {
  const uris = new Uris(path.posix);
  uris.root('file:///shop/my%2Dproject/');
  assert.equal(uris.uriOf('/shop/my-project/models/a b.sql'), 'file:///shop/my%2Dproject/models/a%20b.sql');
  uris.opened('file:///shop/my-project/models/%61.sql');
  assert.equal(uris.uriOf('/shop/my-project/models/a.sql'), 'file:///shop/my-project/models/%61.sql');
  uris.closed('file:///shop/my-project/models/%61.sql');
  assert.equal(uris.uriOf('/shop/my-project/models/a.sql'), 'file:///shop/my%2Dproject/models/a.sql');
});

test('drives and shares of Windows', () => {
  const uris = new Uris(path.win32);
  assert.equal(uris.fileOf('file:///C:/'), 'c:\\', 'the drive, and not where somebody stands on it');
  assert.equal(uris.fileOf('file:///C%3A/Users/a/models/x.sql'), 'c:\\Users\\a\\models\\x.sql');
  assert.equal(uris.fileOf('file:///c:/Users/a/models/x.sql'), 'c:\\Users\\a\\models\\x.sql');
  assert.equal(uris.uriOf('c:\\Users\\a b\\x.sql'), 'file:///c%3A/Users/a%20b/x.sql');
  assert.equal(uris.fileOf('file://server/share/x.sql'), '\\\\server\\share\\x.sql');
  assert.equal(uris.uriOf('\\\\server\\share\\x.sql'), 'file://server/share/x.sql');
  uris.root('file:///c:/Users/a');
  assert.equal(uris.uriOf('c:\\Users\\a\\models\\x.sql'), 'file:///c:/Users/a/models/x.sql');
});
