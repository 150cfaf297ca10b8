import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { LineIndex } from '../analysis/positions';
import { FileProject } from '../project/fileProject';
import { diagnostics, problemsOf } from './diagnostics';
import { projectOf, type Fixture } from './fixture';

const PROJECT = {
  'dbt_project.yml': 'name: shop\nprofile: shop\nvars:\n  window_days: 30\n',
  'models/sources.yml': 'sources:\n  - name: raw\n    tables:\n      - name: events\n        columns:\n          - name: event_id\n          - name: client_id\n',
  'models/stg_events.sql': "select event_id, client_id from {{ source('raw', 'events') }}\n",
  'models/stg_clients.sql': "select client_id, 1 as age from {{ ref('stg_events') }}\n",
  'models/models.yml': 'models:\n  - name: stg_events\n    columns:\n      - name: event_id\n      - name: client_id\n  - name: stg_clients\n  - name: orders\n',
  'macros/money.sql': '{% macro cents(column, places=2) %}round({{ column }}, {{ places }}){% endmacro %}\n{% macro many() %}{{ varargs | join }}{% endmacro %}\n{% macro named() %}{{ kwargs }}{% endmacro %}\n{% macro either(a, b) %}{{ a or b }}{% endmacro %}\n{% macro handed(a) %}{{ return(adapter.dispatch("handed")(a)) }}{% endmacro %}\n{% test positive(model, column_name) %}select 1 from {{ model }}{% endtest %}\n',
  'models/docs.md': '{% docs client_id %}The client.{% enddocs %}\n',
};

/** What is wrong, as `code: text`; of the model `orders` unless another file is named. */
function found(text: string, { file = 'models/orders.sql', files = {} }: { file?: string; files?: Record<string, string> } = {}): string[] {
  return foundIn(projectOf({ ...PROJECT, ...files, [file]: text }), file, text);
}

function foundIn(fixture: Fixture, file: string, text: string): string[] {
  return problemsOf(fixture.at(file)).map(({ code, span }) => `${code}: ${text.slice(span.start, span.end)}`);
}

function messages(text: string, files: Record<string, string> = {}): string[] {
  return problemsOf(projectOf({ ...PROJECT, ...files, 'models/orders.sql': text }).at('models/orders.sql')).map(({ message }) => message);
}

test('a ref to nothing, with what may be meant', () => {
  assert.deepEqual(found("select 1 as id from {{ ref('stg_event') }}"), ['unknown-ref: stg_event']);
  assert.deepEqual(messages("select 1 as id from {{ ref('stg_event') }}"), ['No model, seed or snapshot is named "stg_event". Did you mean "stg_events"?']);
  assert.deepEqual(messages("select 1 as id from {{ ref('events') }}"), ['No model, seed or snapshot is named "events". Did you mean "stg_events"?']);
  assert.deepEqual(found("select 1 as id from {{ ref('shop', 'stg_event') }}"), ['unknown-ref: stg_event']);
  for (const right of ["{{ ref('stg_events') }}", "{{ ref('shop', 'stg_events') }}", "{{ ref('elsewhere', 'x') }}", '{{ ref(name) }}', "{{ ref('') }}", "{# {{ ref('no') }} #}", "{% set model = 'x' %}{{ ref(model) }}"]) assert.deepEqual(found(`select 1 as id from ${right}`), [], right);
});

test('nothing is unknown before everything was read', () => {
  const fixture = projectOf({ ...PROJECT, 'models/orders.sql': "select 1 as id from {{ ref('nothing') }}" });
  const early = new FileProject(fixture.root, () => undefined);
  assert.equal(early.complete, false);
  assert.deepEqual(problemsOf({ ...fixture.at('models/orders.sql'), project: early }), []);
});

test('sources and their tables', () => {
  assert.deepEqual(found("select 1 as id from {{ source('raw', 'evens') }}"), ['unknown-source-table: evens']);
  assert.deepEqual(found("select 1 as id from {{ source('rwa', 'events') }}"), ['unknown-source: rwa']);
  assert.deepEqual(found("select 1 as id from {{ source('raw', 'events') }}"), []);
});

test('macros that nobody defines', () => {
  assert.deepEqual(found('select {{ cent(1) }} as id'), ['unknown-macro: cent']);
  assert.deepEqual(messages('select {{ cent(1) }} as id'), ['No macro is named "cent". Did you mean "cents"?']);
  assert.deepEqual(found('select {{ shop.cent(1) }} as id'), ['unknown-macro: cent']);
  for (const right of [
    "{{ cents('a') }}", "{{ shop.cents('a') }}", "{{ dbt.date_trunc('day', 'a') }}", '{{ log(1) }}', '{{ is_incremental() }}', '{{ adapter.quote(1) }}', '{{ elsewhere.thing(1) }}', "{{ ['a'] | join(', ') }}", "{{ 1 if x is divisibleby(3) }}",
    '{% set f = cents %}{{ f(1) }}', '{{ range(3) }}', "{{ 'a'.upper() }}", "{{ dbt_utils.star(1) }}", '{% for x in y.items() %}{{ x() }}{% endfor %}', '{% if (x) and (y) %}1{% endif %}', '{{ modules.re.match(1, 2) }}', "{{ run_query('x').rows.values() }}", '{{ my_adapter__thing() }}',
  ]) assert.deepEqual(found(`select ${right} as id`), [], right);
  assert.deepEqual(found('select {{ cent(1) }} as id', { files: { 'packages.yml': 'packages:\n  - package: a/b\n    version: 1\n' } }), []);
});

test('arguments that a function does not take', () => {
  assert.deepEqual(found("select 1 as id from {{ ref('a', 'b', 'c') }}"), ["too-many-arguments: 'c'"]);
  assert.deepEqual(found("select 1 as id from {{ source('raw') }}"), ['missing-argument: source']);
  assert.deepEqual(found("select {{ var('a', 'b', 'c') }} as id"), ["too-many-arguments: 'c'"]);
  assert.deepEqual(found('select {{ cents(1, 2, 3) }} as id'), ['too-many-arguments: 3']);
  assert.deepEqual(found("select {{ cents('a', place=3) }} as id"), ['unknown-argument: place']);
  assert.deepEqual(found('select {{ cents() }} as id'), ['missing-argument: cents']);
  for (const right of ['cents(column=1)', 'cents(1, places=3)', 'many(1, 2, 3)', 'named(a=1)', 'either()', 'handed()', 'cents(*args)', "ref('stg_events', v=2)", "var('x', default=1)"]) assert.deepEqual(found(`select {{ ${right} }} as id`), [], right);
});

test('variables without a value', () => {
  assert.deepEqual(found("select {{ var('window_day') }} as id"), ['unknown-variable: window_day']);
  for (const right of ["var('window_days')", "var('x', 1)", 'var(name)']) assert.deepEqual(found(`select {{ ${right} }} as id`), [], right);
});

test('columns that are not there, or stand in two relations', () => {
  const from = "from {{ ref('stg_events') }} as events";
  assert.deepEqual(found(`select events.client as id ${from}`), ['unknown-column: client']);
  assert.deepEqual(found(`select clent_id ${from}`), ['unknown-column: clent_id']);
  assert.deepEqual(messages(`select clent_id ${from}`), ['"events" has no column "clent_id". Did you mean "client_id"?']);
  assert.deepEqual(found(`with a as (select event_id from {{ ref('stg_events') }}) select client_id from a`), ['unknown-column: client_id']);
  assert.deepEqual(found(`select event.client_id ${from}`), ['unknown-relation: event']);
  assert.deepEqual(found(`select client_id.part, x.y ${from} {{ dbt_utils.more('x') }}`), []);
  assert.deepEqual(found(`select client_id ${from} inner join {{ ref('stg_clients') }} as clients on events.client_id = clients.client_id`), ['ambiguous-column: client_id']);
  assert.deepEqual(found(`select age ${from} inner join {{ ref('stg_clients') }} as clients on client_id = clients.age`), ['ambiguous-column: client_id']);
  // The second join's condition sees the third table, the first one's does not
  assert.deepEqual(found(`select age ${from} inner join (select 1 as age) as ages on event_id = age left join {{ ref('stg_clients') }} as clients on true`), ['ambiguous-column: age']);
  for (const right of [
    `select client_id, event_id ${from}`, `select events.client_id ${from} where event_id = 1`, `select client_id, current_date as today ${from}`, `select to_jsonb(events) as row ${from}`, `select client_id as c ${from} order by c`,
    `select client_id ${from} inner join {{ ref('stg_clients') }} as clients using (client_id)`, `select age, other ${from} {{ dbt_utils.more_joins('x') }}`, "select anything from somewhere", "select x from {{ this }}",
    `select (select max(clients.age) from {{ ref('stg_clients') }} as clients where clients.client_id = events.client_id) as age ${from}`, `select count(*) filter (where event_id is not null) as n ${from}`, `select {{ x }}_id, events.{{ y }} as y ${from}`, `select ctid as id ${from}`,
  ]) assert.deepEqual(found(right), [], right);
});

test('a model that nobody describes, at its first word', () => {
  const text = '\n-- about\nselect 1 as id\n';
  assert.deepEqual(found(text, { file: 'models/other.sql' }), ['undocumented-model: --']);
  assert.deepEqual(found('select 1 as id', { file: 'models/other.sql' }), ['undocumented-model: select']);
  assert.deepEqual(found('select 1 as id', { file: 'analyses/other.sql' }), []);
});

test('a copy whose name has a space keeps dbt from the whole project', () => {
  assert.deepEqual(found('select 1 as id', { file: 'models/other copy.sql' }), ['name-with-space: select 1 as id', 'undocumented-model: select']);
});

test('columns that YAML leaves out, where it has others', () => {
  const yaml = 'models:\n  - name: other\n    columns:\n      - name: id\n';
  assert.deepEqual(found('select 1 as id, 2 as size', { file: 'models/other.sql', files: { 'models/other.yml': yaml } }), ['undocumented-column: size']);
  assert.deepEqual(found('select 1 as id, 2 as size', { file: 'models/other.sql', files: { 'models/other.yml': 'models:\n  - name: other\n' } }), []);
});

test('a contract needs every column in YAML: what it lacks is a warning', () => {
  const yaml = (columns: string): string => `models:\n  - name: other\n    config: {contract: {enforced: true}}\n${columns}`;
  const given = (text: string, columns: string): unknown[] => {
    const request = projectOf({ 'models/other.yml': yaml(columns), 'models/parent.sql': 'select 1 as id, 2 as size' }).at('models/other.sql', text);
    return diagnostics(request).map(({ severity, range, message }) => [severity, range.start.character, message]);
  };
  const lacks = (column: string): string => `"other" has a contract, and its YAML does not name the column "${column}": dbt refuses to build it.`;
  assert.deepEqual(given('select 1 as id, 2 as size', '    columns: [{name: id}]\n'), [[2, 21, lacks('size')]]);
  assert.deepEqual(given('select 1 as id', ''), [[2, 12, lacks('id')]]);
  assert.deepEqual(given("select * from {{ ref('parent') }}", '    columns: [{name: id}]\n'), [[2, 0, lacks('size')]]);
  assert.deepEqual(given("{{ config(materialized='ephemeral') }} select 1 as id", ''), []);
  const project = { 'dbt_project.yml': 'name: shop\nprofile: shop\nmodels:\n  shop:\n    +contract:\n      enforced: true\n' };
  assert.deepEqual(diagnostics(projectOf(project).at('models/new.sql', 'select 1 as id')).map(({ severity, message }) => [severity, message]), [[2, '"new" has a contract and no YAML that names its columns: dbt refuses to build it.']]);
});

test('a column of a contract needs a type, which the SQL tells where it can', () => {
  const yaml = 'models:\n  - name: typed\n    config: {contract: {enforced: true}}\n    columns:\n      - name: id\n        description: "Key."\n      - {name: size, data_type: integer}\n      - name: other\n';
  const request = projectOf({ 'models/typed.sql': "select 1::bigint as id, 2 as size, {{ x }} as other", 'models/typed.yml': yaml }).at('models/typed.yml');
  const told = problemsOf(request).filter(({ code }) => code === 'untyped-column');
  assert.deepEqual(told.map(({ span }) => yaml.slice(span.start, span.end)), ['id', 'other']);
  const fixes = told.map(({ fixes: ways }) => ways?.() ?? []);
  assert.deepEqual(fixes.map((ways) => ways.map(({ title }) => title)), [['Give "id" the type bigint'], []]);
  assert.deepEqual(fixes[0]?.[0]?.changes.map(({ span, text }) => `${yaml.slice(0, span.start).split('\n').at(-1) ?? ''}${text}`), ['      - name: id\n        data_type: bigint']);
});

test('refs in a circle, in words', () => {
  const files = { 'models/a.sql': "select 1 as id from {{ ref('b') }}", 'models/b.sql': "select 1 as id from {{ ref('orders') }}" };
  const text = "select 1 as id from {{ ref('a') }}";
  assert.deepEqual(found(text, { files }), ['cyclic-ref: a']);
  assert.deepEqual(messages(text, files), ['These models refer to one another in a circle: orders → a → b → orders.']);
  assert.deepEqual(messages("select 1 as id from {{ ref('orders') }}"), ['"orders" refers to itself: use this.']);
  assert.deepEqual(found("select 1 as id from {{ ref('stg_clients') }} inner join {{ ref('stg_events') }} on true"), []);
});

test('two models of one name', () => {
  assert.deepEqual(found('select 1 as id', { file: 'models/other/orders.sql', files: { 'models/orders.sql': 'select 1 as id' } }).concat(found('select 1 as id', { files: { 'models/other/orders.sql': 'select 1 as id' } })), ['same-name: select 1 as id']);
});

test('Jinja that does not close', () => {
  assert.ok(found('select {{ 1 as id').some((one) => one.startsWith('jinja-syntax')));
  assert.ok(found('{% if x %} select 1 as id').some((one) => one.startsWith('jinja-syntax')));
  assert.deepEqual(found('{% if x %}select 1 as id{% endif %}'), []);
});

test('YAML of models that are not there, of columns, tests and refs', () => {
  const yaml = (text: string): string[] => found(text, { file: 'models/more.yml', files: { 'models/orders.sql': 'select 1 as id' } });
  assert.deepEqual(yaml('models:\n  - name: order\n'), ['missing-model: order']);
  assert.deepEqual(yaml('seeds:\n  - name: nothing\n'), ['missing-model: nothing']);
  assert.deepEqual(yaml('models:\n  - name: orders\n'), ['described-twice: orders']);
  assert.deepEqual(yaml("snapshots:\n  - name: kept\n    relation: ref('orderz')\n"), ['unknown-ref: orderz']);
  assert.deepEqual(yaml("metrics:\n  - name: m\n    filter: \"{{ Dimension('order__status') }} = 'paid' and {{ TimeDimension('metric_time', 'day') }} > '2020' and {{ Entity('order') }} > 1\"\n"), []);
  assert.deepEqual(yaml("unit_tests:\n  - name: t\n    model: orderz\n    given:\n      - input: ref('stg_eventz')\n        rows: []\n"), ['missing-model: orderz', 'unknown-ref: stg_eventz']);
  assert.deepEqual(yaml("exposures:\n  - name: e\n    depends_on:\n      - ref('orders')\n      - source('raw', 'nope')\n"), ['unknown-source-table: nope']);
  assert.deepEqual(yaml('macros:\n  - name: cent\n'), ['unknown-macro: cent']);
  assert.deepEqual(yaml('models: [\n').map((one) => one.split(':')[0]), ['yaml-syntax']);
  const models = (columns: string): string[] => found(`models:\n  - name: stg_clients\n    columns:\n${columns}`, { file: 'models/models.yml', files: { 'models/orders.sql': 'select 1 as id' } });
  assert.deepEqual(models('      - name: client\n'), ['unknown-column: client']);
  assert.deepEqual(models('      - name: client_id\n        data_tests: [unique, positve, dbt_utils.thing, positive]\n'), ['unknown-test: positve']);
  assert.deepEqual(models("      - name: client_id\n        data_tests:\n          - relationships:\n              arguments: {to: ref('stg_eventz'), field: client_id}\n"), ['unknown-ref: stg_eventz']);
  assert.deepEqual(models("      - name: client_id\n        description: \"{{ doc('client_id') }} {{ doc('clientid') }}\"\n"), ['unknown-doc: clientid']);
  assert.deepEqual(found(`${PROJECT['dbt_project.yml']}on-run-start: "{{ cent(1) }}"\n`, { file: 'dbt_project.yml' }), ['unknown-macro: cent']);
});

test('a diagnostic has its place, code and source, and the other places', () => {
  const fixture = projectOf({ ...PROJECT, 'models/orders.sql': "select 1 as id\nfrom {{ ref('stg_event') }}", 'models/more.yml': 'models:\n  - name: orders\n' });
  assert.deepEqual(diagnostics(fixture.at('models/orders.sql')), [{
    range: { start: { line: 1, character: 13 }, end: { line: 1, character: 22 } }, code: 'unknown-ref', severity: 1, source: 'attribution', message: 'No model, seed or snapshot is named "stg_event". Did you mean "stg_events"?',
  }]);
  const [twice] = diagnostics(fixture.at('models/more.yml'));
  assert.deepEqual(twice?.relatedInformation?.map(({ location: { range } }) => range.start), [{ line: 6, character: 10 }]);
});

test('a package is not the person\'s to repair', () => {
  assert.deepEqual(found("select * from {{ ref('nothing') }}", { file: 'dbt_packages/other/models/x.sql', files: { 'dbt_packages/other/dbt_project.yml': 'name: other\n' } }), []);
  assert.deepEqual(found("select * from {{ ref('nothing') }}", { file: 'vendor/dbt/other/models/x.sql', files: { 'dbt_project.yml': 'name: shop\npackages-install-path: vendor/dbt\n', 'vendor/dbt/other/dbt_project.yml': 'name: other\n' } }), []);
});

test('the project of this workspace has nothing wrong', () => {
  const root = path.resolve(import.meta.dirname, '../../../../dbt');
  const project = new FileProject(root, () => undefined);
  while (project.step()) { /* reads everything */ }
  const files = fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(?:sql|ya?ml|md)$/.test(file) && !/^(?:target|dbt_packages|logs)[\\/]/.test(file)).map((file) => path.join(root, file));
  assert.ok(files.length > 60);
  const wrong = files.flatMap((file) => {
    const text = fs.readFileSync(file, 'utf8');
    const role = project.roleOf(file);
    const lines = new LineIndex(text);
    const sql = /\.(?:sql|md)$/.test(file) ? project.sql(file) : undefined;
    const yaml = /\.ya?ml$/.test(file) ? project.yaml(file) : undefined;
    return diagnostics({ project, file, uri: file, role, text, lines, uriOf: (other) => other, linesOf: () => undefined, cancelled: () => false, ...(sql ? { sql } : {}), ...(yaml ? { yaml } : {}) })
      .map(({ code, range }) => `${path.relative(root, file)}:${range.start.line + 1} ${code ?? ''}`);
  });
  assert.deepEqual(wrong, []);
});

test('a recursive CTE that others read has the columns that it is given', () => {
  assert.deepEqual(found("with recursive w (n, p) as (select 1, 'a'::text union all select n + 1, p || 'b' from w where n < 5), x as (select n, p from w), y as (with z as (select p from x) select p from z) select y.p, 1 as no from y").filter((problem) => !problem.startsWith('undocumented')), []);
});

test('a version that is not there, and one by the name of its file', () => {
  const files = { 'models/dim_v1.sql': 'select 1 as a', 'models/newest.sql': 'select 1 as a', 'models/dim.yml': 'models:\n  - name: dim\n    versions: [{v: 1}, {v: 2, defined_in: newest}]\n' };
  const of = (call: string): string[] => found(`select 1 as id from {{ ${call} }}`, { files });
  assert.deepEqual(of("ref('dim_v1')"), ['unknown-ref: dim_v1']);
  assert.deepEqual(of("ref('newest')"), ['unknown-ref: newest']);
  assert.deepEqual(of("ref('dim', v=3)"), ['unknown-ref: 3']);
  assert.deepEqual(of("ref('dim', version='x')"), ['unknown-ref: x']);
  for (const right of ["ref('dim')", "ref('dim', v=1)", "ref('dim', version='2')", "ref('dim', v=n)", "ref('dim', v=var('n', 1))", "ref('stg_events', v=1)"]) assert.deepEqual(of(right), [], right);
  assert.deepEqual(messages("select 1 as id from {{ ref('dim_v1') }}", files), [`"dim_v1" is a version of "dim": dbt finds it as ref('dim', v=1).`]);
});

test('names that joins, SEARCH and CYCLE bring, and those with escapes', () => {
  for (const right of [
    "select j.client_id, a.age as k from {{ ref('stg_clients') }} a join {{ ref('stg_clients') }} b using (client_id) as j",
    "select j.age, 1 as k from ({{ ref('stg_clients') }} a cross join (select 1 as one) b) as j",
    "with recursive r(n) as (select 1 union select n + 1 from r) search depth first by n set ordering cycle n set is_cycle using way select n, ordering, is_cycle, r.way from r",
    'select q.U&"d\\0061t" as k from (select 1 as dat) q',
  ]) assert.deepEqual(found(right).filter((problem) => !problem.startsWith('undocumented')), [], right);
  assert.deepEqual(found("with recursive r(n) as (select 1 union select n + 1 from r) cycle n set is_cycle using way select ordering from r").filter((problem) => !problem.startsWith('undocumented')), ['unknown-column: ordering']);
});

test('a column that a data test or a row of a unit test names, and that is not there', () => {
  const yaml = (text: string): string[] => found(text, { file: 'models/more.yml', files: { 'models/orders.sql': "select client_id, 1 as total from {{ ref('stg_clients') }}" } }).filter((problem) => problem.startsWith('unknown'));
  const column = 'models:\n  - name: orders\n    columns:\n      - name: client_id\n        data_tests:\n          - relationships:\n';
  const unit = 'unit_tests:\n  - name: u\n    model: orders\n    given:\n      - input: ref(\'stg_clients\')\n        rows:\n';
  assert.deepEqual(yaml(`${column}              arguments:\n                to: ref('stg_clients')\n                field: client\n`), ['unknown-column: client']);
  assert.deepEqual(yaml(`${column}              to: ref('stg_clients')\n              field: "client"\n`), ['unknown-column: client']);
  assert.deepEqual(yaml(`${unit}          - {client_id: 1, ages: 2}\n    expect:\n      rows:\n        - totals: 1\n          client_id: 2\n`), ['unknown-column: ages', 'unknown-column: totals']);
  for (const right of [
    `${column}              to: ref('stg_clients')\n              field: AGE\n`, `${column}              to: ref('stg_clients')\n              field: lower(age)\n`, `${column}              to: source('raw', 'events')\n              field: other\n`,
    `${unit}          - {client_id: 1, age: 2}\n    expect:\n      rows: [{total: 1}]\n`, `${unit.replace("ref('stg_clients')", 'this')}          - total: 1\n`, `${unit}          select 1 as x\n`,
  ]) assert.deepEqual(yaml(right), [], right);
});

test('Jinja in YAML is read as YAML has it: with its quotes, over its lines', () => {
  const yaml = (value: string): string[] => found(`exposures:\n  - name: board\n    description: ${value}\n`, { file: 'models/more.yml' });
  for (const right of ["'{{ var(''window_days'') }}'", '"{{ var(\\"window_days\\") }}"', '"{{ [1,\\n 2] }}"', ">\n      {{ doc('client_id') }}\n      {{ [1,\n      2] }}", "'{{ [1,\n      2] }}'"]) assert.deepEqual(yaml(right), [], right);
  assert.deepEqual(yaml('"{{ [1,, 2] }}"'), ['jinja-syntax: ,']);
  assert.deepEqual(yaml("'{{ var(''window_days'',,) }}'")[0]?.startsWith('jinja-syntax'), true);
});
