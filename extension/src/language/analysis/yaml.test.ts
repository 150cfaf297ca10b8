import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseYaml } from './document';
import type { YamlNode } from './types';
import { readYaml } from './yaml';
import { parseWithPackage } from './yamlPackage';

const plain = (node: YamlNode | undefined): unknown => {
  if (!node) return '';
  if (node.kind === 'mapping') return Object.fromEntries((node.entries ?? []).map(({ key, value }) => [key, plain(value)]));
  return node.kind === 'sequence' ? (node.items ?? []).map(plain) : node.text;
};

const VALID = [
  'version: 2\n\nmodels:\n  - name: a\n    columns:\n    - name: b\n      data_tests: [unique, not_null]\n    - name: "c"  # comment\n',
  'a: >\n  one\n  two\n\n  three\n   deeper\nb: |-\n  x\n\n  y\nc: |+\n  z\n\nd: 1\n',
  'a: one\n  two\n\n  three\nb: "one\n  two \\\n  three\\n"\nc: \'it\'\'s\'\n',
  '- a\n-\n  b: 1\n- - c\n  - d\n-\n- e: f\n  g: h\n',
  'a: {b: 1, "c": [x, y, {z: w}], d: }\ne: [\n  1,\n  2,\n]\n',
  '# comment\n---\na: b#c\nurl: http://x:80/y\ntime: 12:30\nempty:\nlast: "{{ doc(\'x\') }}"',
  "models:\n  shop:\n    +materialized: table\n    staging: {+schema: stg}\non-run-end: \"{{ x('}') }}\"\n",
  'a:\r\n  - b: c\r\n    d: |\r\n      e\r\n      f\r\n',
];

test('valid files say what the yaml package reads', () => {
  for (const text of VALID) {
    const { root, errors, special } = readYaml(text);
    assert.deepEqual([errors, special], [[], false], text);
    assert.deepEqual(plain(root), plain(parseWithPackage(text).root), text);
  }
});

test('keys and scalars have their places, without quotes', () => {
  const text = 'models:\n  - "name": \'a\'\n    description: >\n      one\n      two\n';
  const { root } = parseYaml(text);
  const item = root?.entries?.[0]?.value?.items?.[0];
  const [name, description] = item?.entries ?? [];
  assert.ok(item && name?.value?.textSpan && description?.value?.textSpan);
  assert.equal(text.slice(name.keySpan.start, name.keySpan.end), 'name');
  assert.equal(text.slice(name.value.span.start, name.value.span.end), "'a'");
  assert.equal(text.slice(name.value.textSpan.start, name.value.textSpan.end), 'a');
  assert.equal(text.slice(description.value.textSpan.start, description.value.textSpan.end), '      one\n      two'.slice(6));
  assert.equal(item.span.end, text.trimEnd().length);
});

test('half-written files give what can be read, and the errors', () => {
  const model = (text: string): unknown => plain(parseYaml(text).root);
  assert.deepEqual(model('models:\n  - name: a\n    desc\n    columns:\n      - name: b\n'), { models: [{ name: 'a', columns: [{ name: 'b' }] }] });
  assert.deepEqual(model('models:\n  - name: a\n    description: "open\n  - name: b\n'), { models: [{ name: 'a', description: 'open' }, { name: 'b' }] });
  assert.deepEqual(model('models:\n  - name: a\n    data_tests: [unique, \n  - name: b\n'), { models: [{ name: 'a', data_tests: ['unique'] }, { name: 'b' }] });
  assert.deepEqual(model('models:\n  - name: a\n     description: x\n  - name: b\n'), { models: [{ name: 'a', description: 'x' }, { name: 'b' }] });
  for (const text of ['a: "b', 'a: [b', 'a: b: c', 'a\nb: 1', 'a: 1\na: 2', '\ta: 1']) assert.ok(parseYaml(text).errors.length > 0, text);
});

test('of errors that follow from one another only the first is told, on its own line', () => {
  const rest = '    columns:\n      - name: a\n  - name: other\n';
  const told = (line: string): string[] => {
    const text = `models:\n  - name: o\n${line}\n${rest}`;
    return parseYaml(text).errors.map(({ span }) => `${text.slice(0, span.start).split('\n').length} ${text.slice(span.start, span.end)}`);
  };
  assert.deepEqual(told('    desc'), ['3 desc']);
  assert.deepEqual(told('  desc'), ['3 desc']);
  assert.deepEqual(told('\tdescription: x'), ['3 \t']);
  assert.deepEqual(told('    description: "x'), ['3 "x']);
  assert.deepEqual(told('    tags: [a, b'), ['3 [']);
  assert.deepEqual(told('    meta: !!map {a: 1, b: }\n    x: a: b'), ['4 a']);
});

test('anchors, aliases and tags are read by the yaml package', () => {
  const text = 'a: &x\n  b: 1\nc: *x\nd: !!str 2\n';
  assert.deepEqual(plain(parseYaml(text).root), { a: { b: '1' }, c: { b: '1' }, d: '2' });
  assert.deepEqual(parseYaml(text).errors, []);
});

test('what is no error to the yaml package is none here', () => {
  const text = '? a\n: b\n';
  assert.deepEqual(parse(text), { a: 'b' });
  assert.deepEqual(parseYaml(text).errors, []);
});
