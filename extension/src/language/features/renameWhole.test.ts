/** Everything that has a name in this repository's own dbt project: found from each place that names it, and renamed there and back. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TextEdit, WorkspaceEdit } from 'vscode-languageserver';
import { HumanError } from '../../base/errors';
import { LineIndex } from '../analysis/positions';
import type { SqlDocument } from '../analysis/types';
import { usesOf } from '../project/sqlFacts';
import { definition } from './definition';
import { projectOf, type Fixture } from './fixture';
import { references } from './references';
import { rename } from './rename';
import type { PlaceRequest } from './request';
import { Makers } from './targetColumns';
import { ctePlaces, readsOf, relationNamed } from './targetScopes';

const ROOT = path.resolve(import.meta.dirname, '../../../../dbt');

/** Files of a project, below its folder. */
function filesBelow(root: string, folder = root): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return ['target', 'logs', 'dbt_packages'].includes(entry.name) ? [] : filesBelow(root, file);
    return /^[^.].*\.(sql|yml|md|csv)$/.test(entry.name) && entry.name !== 'profiles.yml' ? [path.relative(root, file).replaceAll('\\', '/')] : [];
  });
}

const TEXTS: Readonly<Record<string, string>> = Object.fromEntries(filesBelow(ROOT).map((file) => [file, fs.readFileSync(path.join(ROOT, file), 'utf8')]));

class Workshop {
  readonly fixture: Fixture = projectOf(TEXTS);

  at(file: string, offset: number): PlaceRequest {
    return { ...this.fixture.at(file), offset };
  }

  /** the project's own SQL files with what they say now */
  documents(): [file: string, document: SqlDocument][] {
    return filesBelow(this.fixture.root).filter((file) => file.endsWith('.sql')).map((file) => [file, this.fixture.project.sql(path.join(this.fixture.root, file)) ?? assert.fail(file)]);
  }

  texts(): Record<string, string> {
    return Object.fromEntries(filesBelow(this.fixture.root).map((file) => [file, fs.readFileSync(path.join(this.fixture.root, file), 'utf8')]));
  }

  apply(edit: WorkspaceEdit | null): number {
    const touched: string[] = [];
    for (const change of edit?.documentChanges ?? []) {
      if ('textDocument' in change) {
        const file = fileURLToPath(change.textDocument.uri);
        const text = fs.readFileSync(file, 'utf8');
        const lines = new LineIndex(text);
        fs.writeFileSync(file, (change.edits as TextEdit[]).toReversed().reduce((now, { range, newText }) => now.slice(0, lines.offsetAt(range.start)) + newText + now.slice(lines.offsetAt(range.end)), text));
        touched.push(file);
      } else if (change.kind === 'rename') {
        fs.renameSync(fileURLToPath(change.oldUri), fileURLToPath(change.newUri));
        touched.push(fileURLToPath(change.oldUri), fileURLToPath(change.newUri));
      }
    }
    for (const file of touched) this.fixture.project.changed(file);
    return touched.length;
  }

  rename(file: string, offset: number, name: string): number {
    return this.apply(rename(this.at(file, offset), name, { documentChanges: true, renameFiles: true }));
  }
}

test('every ref, source, macro, variable, doc and CTE has a definition, and is among its references', () => {
  const workshop = new Workshop();
  const { project } = workshop.fixture;
  let asked = 0;
  const check = (file: string, start: number, what: string): void => {
    const request = workshop.at(file, start + 1);
    assert.equal(definition(request, false)?.length, 1, `no definition of ${what} in ${file}`);
    const own = request.lines.positionAt(start);
    const found = references(request, true) ?? [];
    assert.ok(found.some(({ uri, range }) => uri === request.uri && range.start.line === own.line && range.start.character === own.character), `${what} in ${file} is not among its own references`);
    asked++;
  };
  for (const [file, document] of workshop.documents()) {
    for (const { kind, name, span } of usesOf(document.jinja.calls, 0)) {
      const known = kind !== 'macro' || project.macros.has(name);
      if (known) check(file, span.start, `${kind} ${name}`);
    }
    for (const { cte, span } of ctePlaces(document)) check(file, span.start, `CTE ${cte.name}`);
  }
  assert.ok(asked > 300, `${asked} asked`);
});

/** Columns that are read, and made nowhere; whole rows and strings handed to macros need not be columns. */
function unmade(workshop: Workshop): { read: number; nowhere: string[] } {
  const { project, root } = workshop.fixture;
  const makers = new Makers(project);
  const nowhere: string[] = [];
  let read = 0;
  for (const [file, document] of workshop.documents()) {
    if (!file.startsWith('models')) continue;
    for (const { select, reference, string } of readsOf(document)) {
      if (string) continue;
      read++;
      const made = makers.ofReference({ project, file: path.join(root, file), document }, select, reference).length > 0;
      if (!made && (reference.qualifier || !relationNamed(document, select, reference.span))) nowhere.push(`${file}: ${reference.name}`);
    }
  }
  return { read, nowhere };
}

/** A macro makes them. */
const BY_MACRO = Array.from({ length: 2 }, () => 'models/marts/multi_touch_attribution.sql: model');

test('columns that are read are made somewhere', () => {
  const { read, nowhere } = unmade(new Workshop());
  assert.ok(read > 300, String(read));
  assert.deepEqual(nowhere, BY_MACRO);
});

test('every model, macro and variable is renamed and renamed back', () => {
  const workshop = new Workshop();
  const { project, root } = workshop.fixture;
  const before = workshop.texts();
  assert.deepEqual(before, TEXTS);
  const relative = (file: string): string => path.relative(root, file);
  for (const { name } of [...project.models.values()]) {
    const use = project.uses('ref', name).find(({ file }) => path.basename(file) !== `${name}.sql`) ?? assert.fail(name);
    const touched = workshop.rename(relative(use.file), use.span.start + 1, `${name}_renamed`);
    assert.ok(touched >= 3, name);
    assert.equal(project.models.has(name), false, name);
    assert.equal(project.uses('ref', name).length, 0, name);
    const again = project.uses('ref', `${name}_renamed`)[0] ?? assert.fail(name);
    workshop.rename(relative(again.file), again.span.start + 1, name);
  }
  for (const [name, { file, definition: { nameSpan, name: bare } }] of [...project.macros]) {
    try {
      workshop.rename(relative(file), nameSpan.start + 1, `${bare}_renamed`);
    } catch (error) {
      // dbt's own names, and what is dispatched to by name
      assert.ok(error instanceof HumanError, String(error));
      continue;
    }
    assert.equal(project.uses('macro', name).length, 0, name);
    const again = [...project.macros.values()].find((macro) => macro.definition.name === `${bare}_renamed`) ?? assert.fail(name);
    workshop.rename(relative(again.file), again.definition.nameSpan.start + 1, bare);
  }
  for (const [name, { location }] of [...project.variables]) {
    assert.ok(location);
    workshop.rename(relative(location.file), location.span.start + 1, `${name}_renamed`);
    assert.equal(project.uses('var', name).length, 0, name);
    workshop.rename(relative(location.file), location.span.start + 1, name);
  }
  assert.deepEqual(workshop.texts(), before);
});

test('every CTE, and every column that a model makes, is renamed: what was made somewhere still is', () => {
  const workshop = new Workshop();
  const { project, root } = workshop.fixture;
  let renames = 0;
  const refusals: string[] = [];
  for (const { name: model, file } of [...project.models.values()]) {
    const own = path.relative(root, file);
    const ctes = project.sql(file)?.sql.query?.ctes.length ?? 0;
    for (let index = 0; index < ctes; index++) {
      const cte = project.sql(file)?.sql.query?.ctes[index] ?? assert.fail(own);
      workshop.rename(own, cte.nameSpan.start + 1, `${cte.name}_cte`);
      renames++;
    }
    const columns = project.models.get(model)?.properties?.columns ?? [];
    for (const { name } of columns) {
      const maker = new Makers(project).ofModel(model, name)[0];
      if (maker?.place?.file !== file) continue;
      try {
        workshop.rename(own, maker.place.span.start + 1, `${name}_of_${index(model)}`);
        renames++;
      } catch (error) {
        assert.ok(error instanceof HumanError, String(error));
        refusals.push(error.message);
      }
    }
    assert.deepEqual(unmade(workshop).nowhere, BY_MACRO, model);
  }
  assert.ok(renames > 180, `${renames} renames; refused: ${refusals.join('\n')}`);
  assert.deepEqual(refusals, []);
});

function index(model: string): string {
  return model.slice(0, 12);
}
