import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { projectRootOf, Workspace } from './workspace';

const folders: string[] = [];
const workspaces: Workspace[] = [];
after(() => {
  for (const workspace of workspaces) workspace.dispose();
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

function made(files: Record<string, string>): { root: string; at: (name: string) => string; workspace: Workspace } {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'workspace-'));
  folders.push(root);
  const at = (name: string): string => path.join(root, ...name.split('/'));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(at(name)), { recursive: true });
    fs.writeFileSync(at(name), text);
  }
  const workspace = new Workspace(() => undefined, (message) => assert.fail(message));
  workspaces.push(workspace);
  return { root, at, workspace };
}

const soon = async (check: () => boolean): Promise<void> => {
  for (let round = 0; round < 3000 && !check(); round++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(check());
};

const TWO = {
  'dbt_project.yml': 'name: outer\n', 'models/a.sql': 'select 1 as a', 'inner/dbt_project.yml': 'name: inner\n', 'inner/models/b.sql': 'select 1 as b',
  'dbt_packages/helpers/dbt_project.yml': 'name: helpers\n', 'dbt_packages/helpers/macros/m.sql': '{% macro m() %}{% endmacro %}', 'README.md': '',
};

test('what dbt compiled is no project, though hooks are in a folder that is called like its file', () => {
  const { root, at, workspace } = made({ ...TWO, 'target/compiled/outer/dbt_project.yml/hooks/outer-on-run-end-0.sql': 'select 1', 'target/compiled/outer/models/a.sql': 'select 1 as a' });
  workspace.addRoot(root);
  assert.equal(workspace.projectOf(at('target/compiled/outer/models/a.sql'))?.root, root);
  assert.equal(workspace.projectOf(at('target/compiled/outer/models/a.sql'))?.modelOfFile(at('target/compiled/outer/models/a.sql')), undefined);
});

test('each file belongs to the deepest project; a package to who installed it', () => {
  const { root, at, workspace } = made(TWO);
  workspace.addRoot(root);
  assert.equal(workspace.projectOf(at('models/a.sql'))?.name, 'outer');
  assert.equal(workspace.projectOf(at('inner/models/b.sql'))?.name, 'inner');
  assert.equal(workspace.projectOf(at('dbt_packages/helpers/macros/m.sql'))?.name, 'outer');
  assert.equal(workspace.projectOf(at('dbt_packages/helpers/macros/m.sql'))?.roleOf(at('dbt_packages/helpers/macros/m.sql')), 'macro');
  assert.equal(projectRootOf(path.join(path.dirname(root), 'nothing.sql')), undefined);
});

test('projects below a folder are found, and one that is opened outside of it', async () => {
  const { at, workspace } = made({ 'deep/down/dbt_project.yml': 'name: down\n', 'deep/down/models/a.sql': 'select 1', 'other/dbt_project.yml': 'name: other\n', 'other/models/b.sql': 'select 1' });
  workspace.addRoot(at('deep'));
  await soon(() => workspace.projects.some(({ name, complete }) => name === 'down' && complete));
  assert.equal(workspace.projectOf(at('other/models/b.sql'))?.name, 'other');
});

test('a folder inside of a project is enough to know the project', () => {
  const { at, workspace } = made(TWO);
  workspace.addRoot(at('models'));
  assert.deepEqual(workspace.projects.map(({ name }) => name), ['outer']);
});

test('a project that comes is found, one that goes is forgotten', async () => {
  const { root, at, workspace } = made({ 'models/a.sql': 'select 1' });
  workspace.addRoot(root);
  assert.equal(workspace.projectOf(at('models/a.sql')), undefined);
  fs.writeFileSync(at('dbt_project.yml'), 'name: late\n');
  workspace.touched([at('dbt_project.yml')]);
  assert.equal(workspace.projectOf(at('models/a.sql'))?.name, 'late');
  await soon(() => workspace.projects[0]?.complete === true);
  fs.rmSync(root, { recursive: true });
  workspace.touched([root]);
  assert.deepEqual(workspace.projects, []);
  assert.equal(workspace.projectOf(at('models/a.sql')), undefined);
});

test('without being told, a comparison finds what came and what changed', async () => {
  const { root, at, workspace } = made(TWO);
  workspace.addRoot(root);
  const outer = workspace.projectOf(at('models/a.sql'));
  await soon(() => outer?.complete === true);
  fs.writeFileSync(at('models/a.sql'), 'select * from {{ ref(\'c\') }}');
  fs.writeFileSync(at('models/c.sql'), 'select 1 as c');
  workspace.compare();
  await soon(() => outer?.models.has('c') === true && outer.children('c').includes('a'));
});

test('an editor that opens or closes what the disk has changes nothing; unsaved text, and a disk that changed untold, do', async () => {
  const { root, at, workspace } = made(TWO);
  workspace.addRoot(root);
  const file = at('models/a.sql');
  const project = workspace.projectOf(file);
  assert.ok(project);
  await soon(() => project.complete);
  const { version } = project;
  let text = 'select 1 as a';
  workspace.opened(file, () => text);
  workspace.closed(file);
  assert.equal(project.version, version);

  workspace.opened(file, () => text);
  text = "select 1 as a from {{ ref('b') }}";
  workspace.edited(file);
  assert.equal(project.uses('ref', 'b').length, 1);
  workspace.closed(file);
  assert.equal(project.uses('ref', 'b').length, 0);

  fs.writeFileSync(file, "select 2 as a from {{ ref('c') }}");
  workspace.opened(file, () => "select 2 as a from {{ ref('c') }}");
  assert.equal(project.uses('ref', 'c').length, 1);
});

test('what fails in one place is told, and keeps nothing else from being read and prepared', async () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'workspace-'));
  folders.push(root);
  fs.mkdirSync(path.join(root, 'models'));
  fs.writeFileSync(path.join(root, 'dbt_project.yml'), 'name: shop\n');
  for (const name of ['a', 'b', 'c']) fs.writeFileSync(path.join(root, 'models', `${name}.sql`), 'select 1 as one');
  const [prepared, logged]: [string[], string[]] = [[], []];
  const workspace = new Workspace(() => undefined, (message) => logged.push(message), (_, model) => {
    if (model === 'b') throw new Error('b cannot be prepared');
    prepared.push(model);
  });
  workspaces.push(workspace);
  workspace.addRoot(root);
  await soon(() => prepared.length === 2);
  assert.deepEqual(prepared.sort(), ['a', 'c']);
  assert.equal(logged.length, 1);
  assert.match(logged[0] ?? '', /b cannot be prepared/);
});
