import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { parseYaml } from '../analysis/document';
import { configOfPath, foldersBelow, readSettings, rolesOf } from './settings';
import { literalValue } from '../analysis/jinjaValues';
import { isWithin } from './workspace';

const settings = readSettings(parseYaml(`
name: shop
model-paths: [models, "extra\\\\models"]
test-paths: ["tests"]
seed-paths: data/
packages-install-path: .packages
`), 'folder');

test('folders are read with either slash, and the usual ones stand in', () => {
  assert.deepEqual(settings.modelPaths, ['models', 'extra/models']);
  assert.deepEqual(settings.seedPaths, ['data']);
  assert.deepEqual(settings.macroPaths, ['macros']);
  assert.equal(settings.targetPath, 'target');
  assert.equal(readSettings(undefined, 'folder').name, 'folder');
});

test('a file is what its folder and its ending make it', () => {
  const role = rolesOf(settings);
  assert.equal(role('models/a/b.sql'), 'model');
  assert.equal(role('extra/models/b.py'), 'model');
  assert.equal(role('models/a/b.yml'), 'properties');
  assert.equal(role('macros/b.yaml'), 'properties');
  assert.equal(role('models/docs.md'), 'docs');
  assert.equal(role('macros/m.sql'), 'macro');
  assert.equal(role('tests/t.sql'), 'test');
  assert.equal(role('tests/generic/t.sql'), 'macro');
  assert.equal(role('data/s.csv'), 'seed');
  assert.equal(role('dbt_project.yml'), 'project');
  assert.equal(role('target/run/models/b.sql'), undefined);
  assert.equal(role('models/.hidden/b.sql'), undefined);
  assert.equal(role('README.md'), undefined);
});

test('deeper folders decide, and a plain key that is a folder is none', () => {
  const configs = { '+materialized': 'view', shop: { '+schema': 'base', marts: { '+materialized': 'table', orders: { '+tags': ['x'] } } } };
  assert.deepEqual(configOfPath(configs, ['shop', 'marts', 'orders']), { materialized: 'table', schema: 'base', tags: ['x'] });
  assert.deepEqual(configOfPath(configs, ['other', 'marts', 'orders']), { materialized: 'view' });
  assert.deepEqual(foldersBelow(['models'], 'models/marts/eu/orders.sql'), ['marts', 'eu']);
});

test('a comment belongs to the variable below it, and a # in quotes is none', () => {
  const read = readSettings(parseYaml('name: a\nvars:\n  # One\n  # two\n  x: 1\n  y: "a # b"\n  z: 1 # three\n'), 'a');
  assert.deepEqual(read.variables.map(({ name, comment }) => [name, comment]), [['x', 'One two'], ['y', undefined], ['z', 'three']]);
});

test('literals of Jinja are values, anything else is none', () => {
  assert.equal(literalValue('True'), true);
  assert.equal(literalValue('3'), 3);
  assert.equal(literalValue('none'), null);
  assert.deepEqual(literalValue(`['a', "it's", 1, {'b': False,},]`), ['a', 'it\'s', 1, { b: false }]);
  assert.equal(literalValue('var(\'x\')'), undefined);
  assert.equal(literalValue('[var(\'x\')]'), undefined);
});

test('paths of Windows lie in folders whatever their case', () => {
  assert.equal(isWithin('C:\\Work\\shop\\models\\a.sql', 'c:\\work\\shop', path.win32), true);
  assert.equal(isWithin('C:\\Work\\shopping\\a.sql', 'c:\\work\\shop', path.win32), false);
});
