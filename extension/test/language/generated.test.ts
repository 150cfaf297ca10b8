/** A generated project of 150 models, a quarter partly documented: every answer is what the generator knows, before and after much typing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LanguageClient } from './client';
import { Dice, type MarkKind } from './draft';
import { Oracle, type Question } from './oracle';
import { generateProject, writeProject, type GeneratedModel } from './project';
import { Rig } from './rig';

const SEED = Number(process.env.LANGUAGE_SEED ?? 7);
const ASKED = 60;
const ALL: MarkKind[] = ['ref', 'source', 'table', 'macro', 'variable', 'column', 'qualified'];

const rig = new Rig();
const project = generateProject(150, SEED);
let client: LanguageClient;
let oracle: Oracle;

before(async () => {
  const root = rig.folder({});
  writeProject(project, root);
  client = await rig.start(root);
  oracle = new Oracle(project, root, client, new Dice(SEED));
});
after(() => rig.end());

/** Asks of many models; every answer that is wrong is told. */
async function ask(question: Question, models: readonly GeneratedModel[] = project.models, count = ASKED): Promise<void> {
  const wrong: string[] = [];
  let answered = 0;
  for (let index = 0; answered < count && index < count * 10; index++) {
    const model = models[(index * 37) % models.length];
    const asked = model && (await question(model));
    if (!asked) continue;
    answered++;
    if (asked.wrong !== undefined) wrong.push(asked.wrong);
  }
  assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} of ${answered} are wrong`);
  assert.ok(answered > 0, 'nothing could be asked');
}

describe(`a generated project (seed ${SEED})`, () => {
  test('definitions of models, sources, macros and variables', () => ask(oracle.definition(['ref', 'source', 'table', 'macro', 'variable'])));
  test('definitions of columns and of CTEs', () => ask(oracle.definition(['column', 'qualified', 'cte']), undefined, 2 * ASKED));
  test('hovers', () => ask(oracle.hover(ALL)));
  test('completion of ref', () => ask(oracle.nameCompletion('ref')));
  test('completion of source', () => ask(oracle.nameCompletion('source')));
  test('completion of the tables of a source', () => ask(oracle.nameCompletion('table')));
  test('completion of macros', () => ask(oracle.nameCompletion('macro')));
  test('completion of variables', () => ask(oracle.nameCompletion('variable')));
  test('completion of columns after an alias', () => ask(oracle.columnCompletion(), undefined, 2 * ASKED));
  test('completion of columns without an alias', () => ask(oracle.columnCompletion(false)));
  test('references', () => ask(oracle.references(['ref', 'macro', 'variable'])));
  test('an unknown ref is told at its place, alone', () => ask(oracle.unknownRef));
  test('no model has a problem', () => ask(oracle.noProblem, undefined, project.models.length));
});

test('after much typing and taking it back every answer is as before', async () => {
  const dice = new Dice(SEED + 1);
  oracle.closeAll();
  const models = dice.some(project.models, 8);
  for (const model of models) {
    const file = await oracle.open(model.file);
    for (let round = 0; round < 4; round++) await scribble(file, dice);
    client.replace(file, model.text);
  }
  assert.deepEqual(client.complaints, []);
  const readers = project.models.filter(({ marks }) => marks.some(({ kind, name }) => kind === 'ref' && models.some((model) => model.name === name)));
  const all = [...models, ...readers.slice(0, 20)];
  for (const question of [oracle.definition(['ref', 'table', 'column', 'qualified', 'cte']), oracle.columnCompletion(), oracle.nameCompletion('ref'), oracle.noProblem, oracle.references(['ref'])]) {
    await ask(question, all, all.length);
  }
  // Closed unsaved, what the disk holds counts
  oracle.closeAll();
  await ask(oracle.columnCompletion(), readers, 20);
});

const SNIPPETS = [
  "select x.a, y.* from {{ ref('nothing') }} as x", '{% if var("a") %}', '{{ config(materialized="', "with a as (select 1), b as (", ' left join lateral (', "'", '"', '{#', '/*', '-- ', '::numeric(', '))', '{% endmacro %}',
  '{{ source("shop_0", ', '}}', '%}', '😀', '\r\n', 'case when ', '$$', ', ,', '.', '"a"."b".', 'union all select',
];

/** Types something somewhere, letter by letter, and asks while it is half written. */
async function scribble(file: string, dice: Dice): Promise<void> {
  const text = dice.pick(SNIPPETS);
  let at = dice.below(client.text(file).length + 1);
  if (dice.next() < 0.3) client.edit(file, at, Math.min(client.text(file).length, at + dice.below(40)), '');
  at = Math.min(at, client.text(file).length);
  for (const letter of text) {
    client.edit(file, at, at, letter);
    at += letter.length;
    const asked = dice.below(8);
    if (asked === 0) await client.completion(file, at);
    else if (asked === 1) await client.hover(file, Math.max(0, at - 1));
    else if (asked === 2) await client.definition(file, dice.below(client.text(file).length));
    else if (asked === 3) await Promise.all(['documentSymbol', 'foldingRange', 'semanticTokens/full'].map((name) => client.of(`textDocument/${name}`, file)));
    else if (asked === 4) await Promise.all([client.at('textDocument/signatureHelp', file, at), client.references(file, at), client.at('textDocument/documentHighlight', file, at)]);
  }
  await client.diagnostics(file);
  // Refused where nothing there has a name
  await client.at('textDocument/prepareRename', file, at).catch(() => undefined);
  const range = { start: { line: 0, character: 0 }, end: { line: 3, character: 0 } };
  await client.of('textDocument/codeAction', file, { range, context: { diagnostics: [] } });
}
