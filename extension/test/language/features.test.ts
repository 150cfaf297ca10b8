/** Every feature on this repository's own dbt project, through the real protocol. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { CodeAction, DocumentSymbol, FoldingRange, Location, SemanticTokens, SignatureHelp, SymbolInformation, WorkspaceEdit } from 'vscode-languageserver/node';
import { parse } from 'yaml';
import { MODEL_AT } from '../../src/language/protocol';
import { fileOf, uriOf, type LanguageClient } from './client';
import { apply, labelOf } from './oracle';
import { offered, offsetAt, openAt, problems, Rig } from './rig';

const rig = new Rig();
let root: string;
let client: LanguageClient;
const at = (...parts: string[]): string => path.join(root, ...parts);
const scratch = (): string => at('models', 'marts', 'scratch.sql');
const mart = (name: string): string => at('models', 'marts', `${name}.sql`);
const intermediate = (name: string): string => at('models', 'intermediate', `${name}.sql`);

before(async () => {
  root = rig.dbtProject();
  client = await rig.start(root);
});
beforeEach(() => assert.deepEqual(client.complaints, []));
after(() => rig.end());

const columnsInYaml = (name: string, layer: string): string[] => {
  const { models } = parse(fs.readFileSync(at('models', layer, `${name}.yml`), 'utf8')) as { models: { columns: { name: string }[] }[] };
  return models[0]?.columns.map((column) => column.name) ?? [];
};

describe('completion', () => {
  test('models in ref, whole and half written, in any quotes', async () => {
    const models = ['int_purchases', 'int_touchpoints', 'int_purchase_attribution', 'int_purchase_touches'];
    for (const text of ["select * from {{ ref('int_|') }}", "select * from {{ ref('int_|", 'select * from {{ ref("|") }}', "{% set x = ref('|') %}", "select * from {{ ref( '|"]) {
      const found = await offered(client, scratch(), text);
      for (const model of models) assert.ok(found.includes(model), `${model} for ${text}, among ${found.join()}`);
    }
  });

  test('a chosen model stands there once, with its quotes', async () => {
    for (const [text, wanted] of [["{{ ref('int_pur|') }}", "{{ ref('int_purchases') }}"], ["{{ ref('|int_x') }}", "{{ ref('int_purchases') }}"], ["{{ ref('int_pur|", /^\{\{ ref\('int_purchases'?\)?( \}\})?$/]] as const) {
      const offset = openAt(client, scratch(), text);
      const { items } = await client.completion(scratch(), offset);
      const item = items.find((one) => one.label === 'int_purchases');
      assert.ok(item, text);
      const got = apply(client.text(scratch()), item, offset);
      if (typeof wanted === 'string') assert.equal(got, wanted);
      else assert.match(got, wanted);
      client.close(scratch());
    }
  });

  test('sources and their tables', async () => {
    assert.deepEqual(await offered(client, scratch(), "select * from {{ source('|') }}"), ['raw']);
    const tables = await offered(client, scratch(), "select * from {{ source('raw', '|') }}");
    assert.deepEqual([...tables].sort(), ['clients', 'events', 'loads', 'source_files']);
    assert.deepEqual([...await offered(client, scratch(), "select * from {{ source('raw', '|")].sort(), [...tables].sort());
  });

  test('values of a column that a literal is compared with', async () => {
    const from = "from {{ ref('int_purchases') }} as p join {{ ref('stg_events') }} as e using (client_id)";
    assert.ok((await offered(client, scratch(), `select 1 ${from} where e.event_type = '|'`)).includes('purchase'));
    assert.ok((await offered(client, scratch(), `with a as (select e.* ${from}) select 1 from a where channel in ('email', '|')`)).includes('paid_search'));
    assert.deepEqual(await offered(client, scratch(), `select '|' ${from}`), []);
  });

  test('macros with their signatures, and variables', async () => {
    const offset = openAt(client, scratch(), '{{ only_aff| }}');
    const { items } = await client.completion(scratch(), offset);
    const item = items.find(({ label }) => labelOf({ label }).startsWith('only_affected'));
    assert.ok(item, 'the macro');
    assert.match(JSON.stringify(item), /time_column|relation|alias/);
    client.close(scratch());
    const variables = await offered(client, scratch(), "{{ var('|') }}");
    for (const name of ['attribution_window_days', 'multi_touch_models', 'schema_prefix']) assert.ok(variables.includes(name), name);
  });

  test('keys of config and what they may be', async () => {
    const keys = await offered(client, scratch(), '{{ config(|) }}');
    for (const key of ['materialized', 'tags', 'alias', 'unique_key']) assert.ok(keys.some((label) => label.startsWith(key)), `${key} among ${keys.join()}`);
    const values = await offered(client, scratch(), "{{ config(materialized='|') }}");
    for (const value of ['table', 'view', 'incremental', 'ephemeral']) assert.ok(values.includes(value), value);
  });

  test('doc blocks, models, keys, columns and test arguments in YAML', async () => {
    const yaml = at('models', 'marts', 'scratch.yml');
    const docs = await offered(client, yaml, "version: 2\nmodels:\n  - name: channel_performance\n    description: \"{{ doc('|') }}\"\n");
    assert.ok(docs.includes('record_number') && docs.includes('source_file'), docs.join());
    const keys = await offered(client, yaml, 'version: 2\nmodels:\n  - name: channel_performance\n    |\n');
    for (const key of ['description', 'columns', 'config', 'data_tests']) assert.ok(keys.some((label) => label.startsWith(key)), `${key} among ${keys.join()}`);
    const names = await offered(client, yaml, 'version: 2\nmodels:\n  - name: |\n');
    assert.ok(names.includes('channel_performance'), names.join());
    const columns = await offered(client, yaml, 'version: 2\nmodels:\n  - name: channel_performance\n    columns:\n      - name: |\n');
    for (const column of ['channel', 'unique_clients']) assert.ok(columns.includes(column), `${column} among ${columns.join()}`);
    const to = await offered(client, yaml, "version: 2\nmodels:\n  - name: channel_performance\n    columns:\n      - name: channel\n        data_tests:\n          - relationships:\n              arguments:\n                to: ref('|')\n");
    assert.ok(to.includes('int_purchases'), to.join());
    const args = await offered(client, yaml, 'version: 2\nmodels:\n  - name: channel_performance\n    columns:\n      - name: channel\n        data_tests:\n          - accepted_values:\n              arguments:\n                |\n');
    assert.ok(args.some((label) => label.startsWith('values')), args.join());
  });

  for (const [layer, name] of [['marts', 'first_touch_attribution'], ['marts', 'last_touch_attribution'], ['marts', 'channel_performance'], ['marts', 'multi_touch_attribution'], ['intermediate', 'int_purchase_touches'], ['intermediate', 'int_touchpoints'], ['intermediate', 'int_purchases'], ['intermediate', 'int_purchase_attribution'], ['staging', 'stg_events'], ['staging', 'stg_clients'], ['staging', 'stg_event_records'], ['staging', 'rejected_records'], ['staging', 'load_reconciliation']] as const) {
    test(`the columns of ${name}, all of them, as its YAML lists them`, async () => {
      const found = await offered(client, scratch(), `select m.| from {{ ref('${name}') }} as m`);
      assert.deepEqual([...found].sort(), columnsInYaml(name, layer).sort());
    });
  }

  test('columns of CTEs through stars, while the item is being written', async () => {
    const text = fs.readFileSync(mart('multi_touch_attribution'), 'utf8').replace('        models.model,\n        {{ touch_weight', '        models.model,\n        measured.|,\n        {{ touch_weight');
    const found = await offered(client, mart('multi_touch_attribution'), text);
    for (const column of [...columnsInYaml('int_purchase_touches', 'intermediate'), 'units', 'touch_count', 'microseconds_before_latest']) assert.ok(found.includes(column), `${column} among ${found.join()}`);
  });
});

describe('hover and signature', () => {
  test('a model: its description, columns with types, tests, materialization', async () => {
    const offset = openAt(client, scratch(), "select * from {{ ref('channel_per|formance') }}");
    const text = await client.hover(scratch(), offset);
    for (const word of ['channel_performance', 'Grain', 'unique_clients', 'table']) assert.ok(text.includes(word), `${word} in ${text}`);
    // Whose last run our own client adds
    assert.equal(await client.at(MODEL_AT, scratch(), offset), 'channel_performance');
    assert.equal(await client.at(MODEL_AT, scratch(), 2), null);
    client.close(scratch());
  });

  test('a macro, a variable, a source, a column', async () => {
    for (const [text, words] of [
      ['{{ attribution_wi|ndow() }}', ['attribution_window']], ["{{ var('attribution_win|dow_days') }}", ['30', 'attribution window in days']], ["select * from {{ source('raw', 'ev|ents') }}", ['one row per record', 'source_file']],
      ["select p.rev|enue from {{ ref('int_purchases') }} as p", ['revenue']],
    ] as const) {
      const hover = await client.hover(scratch(), openAt(client, scratch(), text));
      for (const word of words) assert.ok(hover.includes(word), `${word} in the hover of ${text}: ${hover}`);
      client.close(scratch());
    }
  });

  test('the signature of a macro, with the argument that is being written', async () => {
    const help = await client.at<SignatureHelp | null>('textDocument/signatureHelp', scratch(), openAt(client, scratch(), "{{ only_affected('a', |) }}"));
    assert.match(help?.signatures[0]?.label ?? '', /only_affected\(/);
    assert.equal(help?.activeParameter ?? help?.signatures[0]?.activeParameter, 1);
    client.close(scratch());
  });
});

describe('definition, references, rename', () => {
  const definition = async (file: string, text: string): Promise<string[]> => {
    const found = await client.definition(file, openAt(client, file, text));
    client.close(file);
    return found.map((place) => `${path.relative(root, place.file)}: ${wordAt(place.file, place.range.start)}`);
  };
  const wordAt = (file: string, position: { line: number; character: number }): string => {
    const text = fs.readFileSync(file, 'utf8');
    return /^[\w.:" -]*/.exec(text.slice(offsetAt(text, position)))?.[0].trim() ?? '';
  };

  test('models, sources, macros, variables, CTEs, columns', async () => {
    assert.deepEqual(await definition(scratch(), "select * from {{ ref('int_pur|chases') }}").then((found) => found.map((place) => place.split(':')[0])), ['models/intermediate/int_purchases.sql']);
    assert.match((await definition(scratch(), "select * from {{ source('raw', 'ev|ents') }}")).join(), /^models\/staging\/_sources\.yml: (name: )?events/);
    assert.match((await definition(scratch(), '{{ attribution_win|dow() }}')).join(), /^macros\/attribution\/window\.sql: attribution_window/);
    assert.match((await definition(scratch(), "{{ var('multi_touch|_models') }}")).join(), /^dbt_project\.yml: multi_touch_models/);
    const text = fs.readFileSync(mart('channel_performance'), 'utf8');
    assert.match((await definition(mart('channel_performance'), text.replace('select * from channels', 'select * from cha|nnels'))).join(), /^models\/marts\/channel_performance\.sql: channels/);
    assert.match((await definition(mart('channel_performance'), text.replace('sum(first_touch_revenue)', 'sum(first_|touch_revenue)'))).join(), /^models\/marts\/channel_performance\.sql: (attributed_revenue as )?first_touch_revenue/);
  });

  test('references of a model: every ref in SQL and YAML', async () => {
    const offset = openAt(client, scratch(), "select * from {{ ref('int_pur|chases') }}");
    const found = await client.references(scratch(), offset);
    client.close(scratch());
    const files = new Set(found.map(({ file }) => path.relative(root, file)));
    for (const file of ['models/marts/multi_touch_attribution.sql', 'models/intermediate/int_purchase_touches.sql', 'models/intermediate/int_purchase_attribution.sql']) assert.ok(files.has(file), `${file} among ${[...files].join()}`);
    const byHand = fs.readdirSync(at('models'), { recursive: true, encoding: 'utf8' }).filter((name) => /\.(sql|ya?ml)$/.test(name) && /ref\('int_purchases'\)/.test(fs.readFileSync(at('models', name), 'utf8'))).map((name) => path.join('models', name));
    for (const file of byHand) assert.ok(files.has(file), `${file} among ${[...files].join()}`);
  });

  test('a model is renamed with its file, its YAML and every ref', async () => {
    const copy = rig.dbtProject();
    const own = await rig.start(copy);
    const file = path.join(copy, 'models', 'intermediate', 'int_purchase_touches.sql');
    const reader = path.join(copy, 'models', 'marts', 'multi_touch_attribution.sql');
    const offset = own.open(reader).getText().indexOf('int_purchase_touches');
    const edit = await own.at<WorkspaceEdit>('textDocument/rename', reader, offset, { newName: 'int_touches_of_purchases' });
    own.close(reader);
    carryOut(edit);
    assert.ok(!fs.existsSync(file), 'the file has its new name');
    const left = fs.readdirSync(copy, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(sql|ya?ml)$/.test(name) && fs.statSync(path.join(copy, name)).isFile())
      .filter((name) => /ref\('int_purchase_touches'\)|name: int_purchase_touches$|model: int_purchase_touches$/m.test(fs.readFileSync(path.join(copy, name), 'utf8')));
    assert.deepEqual(left, []);
    const beside = (name: string): string => path.join(path.dirname(file), name);
    // The YAML that is called as the model is goes with it
    const endings = ['.sql', '.yml', '_unit_tests.yml'];
    for (const ending of endings) assert.ok(fs.existsSync(beside(`int_touches_of_purchases${ending}`)), ending);
    own.watched(Object.fromEntries(endings.flatMap((ending) => [[beside(`int_purchase_touches${ending}`), 'deleted'], [beside(`int_touches_of_purchases${ending}`), 'created']] as const)));
    assert.deepEqual(await problems(own, reader), []);
  });

  test('a CTE, a variable and a macro are renamed', async () => {
    const text = fs.readFileSync(mart('channel_performance'), 'utf8');
    const edit = await client.at<WorkspaceEdit>('textDocument/rename', mart('channel_performance'), openAt(client, mart('channel_performance'), text.replace('from credits', 'from cre|dits')), { newName: 'given' });
    client.close(mart('channel_performance'));
    assert.equal(edited(edit, mart('channel_performance'), text), text.replace('credits as (', 'given as (').replace('from credits', 'from given'));
    const variable = await client.at<WorkspaceEdit>('textDocument/rename', scratch(), openAt(client, scratch(), "{{ var('attribution_window|_days') }}"), { newName: 'window_days' });
    client.close(scratch());
    assert.match(edited(variable, at('dbt_project.yml')), /^ {2}window_days: 30$/m);
    const macro = await client.at<WorkspaceEdit>('textDocument/rename', scratch(), openAt(client, scratch(), '{{ attribution_win|dow() }}'), { newName: 'the_window' });
    client.close(scratch());
    assert.match(edited(macro, at('macros', 'attribution', 'window.sql')), /macro the_window\(/);
    assert.match(edited(macro, intermediate('int_purchase_touches')), /\{\{ the_window\(\) \}\}/);
  });
});

describe('symbols, folding, tokens', () => {
  test('the outline of a model has its CTEs; the workspace its models and macros', async () => {
    client.open(mart('channel_performance'));
    const outline = await client.of<DocumentSymbol[]>('textDocument/documentSymbol', mart('channel_performance'));
    const names = JSON.stringify(outline);
    for (const cte of ['first_touch', 'last_touch', 'credits', 'channels']) assert.ok(names.includes(`"${cte}"`), cte);
    const folds = await client.of<FoldingRange[]>('textDocument/foldingRange', mart('channel_performance'));
    assert.ok(folds.length >= 4, JSON.stringify(folds));
    const { data } = await client.of<SemanticTokens>('textDocument/semanticTokens/full', mart('channel_performance'));
    assert.ok(data.length > 0 && data.length % 5 === 0);
    client.close(mart('channel_performance'));
    const found = await client.ask<SymbolInformation[]>('workspace/symbol', { query: 'attribution_window' });
    assert.ok(found.some(({ name }) => name === 'attribution_window'), JSON.stringify(found).slice(0, 300));
    const models = await client.ask<SymbolInformation[]>('workspace/symbol', { query: 'int_purch' });
    assert.ok(models.some(({ name }) => name === 'int_purchases'));
  });
});

describe('diagnostics', () => {
  test('the project as it is has no problem', async () => {
    const files = fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(sql|ya?ml)$/.test(name));
    const wrong: string[] = [];
    for (const name of files) wrong.push(...(await problems(client, at(name))).map((problem) => `${name}: ${problem}`));
    assert.deepEqual(wrong, []);
    assert.ok(files.length > 50);
  });

  for (const [what, text, wanted] of [
    ['an unknown model', "select * from {{ ref('int_purchaces') }}", /^int_purchaces: /],
    ['an unknown source', "select * from {{ source('row', 'events') }}", /^row: /],
    ['an unknown table', "select * from {{ source('raw', 'event') }}", /^event: /],
    ['an unknown macro', '{{ atribution_window() }}', /^atribution_window: /],
    ['an unknown variable', "{{ var('attribution_window') }}", /^attribution_window: /],
    ['an unknown column', "select p.revenu from {{ ref('int_purchases') }} as p", /^(p\.)?revenu: /],
    ['too many arguments', "{{ attribution_window('a', 'b', 'c') }}", /attribution_window|'c'|'b'|'a'/],
    ['a tag that is never closed', "select * from {{ ref('int_purchases')", /.+/],
    ['a block that is never closed', '{% if true %} select 1', /.+/],
    ['a fixed window', "select t.touch_id from {{ ref('int_purchases') }} as p inner join {{ ref('int_touchpoints') }} as t on t.client_id = p.client_id and t.touch_time >= p.purchase_time - interval '30 days' and t.touch_time <= p.purchase_time", /30/],
  ] as const) {
    test(what, async () => {
      const found = await problems(client, scratch(), text);
      assert.ok(found.some((problem) => wanted.test(problem)), `${String(wanted)} among ${JSON.stringify(found)}`);
    });
  }

  test('a misspelt ref is repaired, and a missing model made, by a code action', async () => {
    const offset = openAt(client, scratch(), "select * from {{ ref('int_purch|aces') }}");
    const diagnostics = await client.diagnostics(scratch());
    const position = diagnostics.find(({ code }) => code === 'unknown-ref')?.range;
    assert.ok(position);
    const actions = await client.of<CodeAction[]>('textDocument/codeAction', scratch(), { range: position, context: { diagnostics } });
    const text = client.text(scratch());
    const repaired = actions.filter(({ edit }) => edit && edited(edit, scratch(), text) === "select * from {{ ref('int_purchases') }}");
    assert.equal(repaired.length, 1, JSON.stringify(actions).slice(0, 500));
    assert.ok(actions.some(({ title }) => /creat/i.test(title)), actions.map(({ title }) => title).join());
    assert.ok(offset > 0);
    client.close(scratch());
  });
});

// ---- edits

function changes(edit: WorkspaceEdit): Map<string, { range: Location['range']; newText: string }[]> {
  const all = new Map<string, { range: Location['range']; newText: string }[]>();
  const add = (uri: string, edits: { range: Location['range']; newText: string }[]): void => void all.set(fileOf(uri), [...(all.get(fileOf(uri)) ?? []), ...edits]);
  for (const [uri, edits] of Object.entries(edit.changes ?? {})) add(uri, edits);
  for (const change of edit.documentChanges ?? []) if (!('kind' in change)) add(change.textDocument.uri, change.edits as { range: Location['range']; newText: string }[]);
  return all;
}

/** A file's text after the edit. */
function edited(edit: WorkspaceEdit, file: string, text = fs.readFileSync(file, 'utf8')): string {
  const edits = (changes(edit).get(file) ?? []).map(({ range, newText }) => ({ start: offsetAt(text, range.start), end: offsetAt(text, range.end), newText }));
  return edits.sort((one, other) => other.start - one.start).reduce((sum, { start, end, newText }) => sum.slice(0, start) + newText + sum.slice(end), text);
}

/** On the disk: edits first or renames first, in the order they are given. */
function carryOut(edit: WorkspaceEdit): void {
  for (const [uri, edits] of Object.entries(edit.changes ?? {})) fs.writeFileSync(fileOf(uri), edited({ changes: { [uri]: edits } }, fileOf(uri)));
  for (const change of edit.documentChanges ?? []) {
    if ('kind' in change) {
      if (change.kind === 'rename') fs.renameSync(fileOf(change.oldUri), fileOf(change.newUri));
    } else {
      const file = fileOf(change.textDocument.uri);
      fs.writeFileSync(file, edited({ documentChanges: [{ ...change, textDocument: { uri: uriOf(file), version: null } }] }, file));
    }
  }
}
