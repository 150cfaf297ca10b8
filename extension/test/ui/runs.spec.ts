import fs from 'node:fs';
import path from 'node:path';
import { expect, test, type Workbench } from './fixtures';

const RUN_MS = 90_000;
const MART = 'dbt/models/marts/first_touch_attribution.sql';

const ready = (workbench: Workbench): Promise<void> => expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });
const ended = (workbench: Workbench, text: string | RegExp): Promise<void> => expect(workbench.status(text)).toBeVisible({ timeout: RUN_MS });

test('the services start by themselves, and the status item says so and leads on', async ({ workbench }) => {
  await ready(workbench);
  await workbench.status(/attribution · dev/).click();
  await expect(workbench.quickInput).toContainText('Materialize All');
  await expect(workbench.quickInput).toContainText('Open Dagster');
  await workbench.shoot('status');
});

test('the model in the editor is materialized, with progress, and the view tells its new state', async ({ workbench }) => {
  await ready(workbench);
  await workbench.open(MART);
  await workbench.command('Attribution: Materialize');
  await expect(workbench.notification('Run of first_touch_attribution')).toBeVisible({ timeout: 30_000 });
  await workbench.shoot('run');
  await ended(workbench, 'Materialized first_touch_attribution');
  const view = await workbench.tree('Assets');
  await expect(view.getByRole('treeitem', { name: /^first_touch_attribution, just now · 26 rows/ })).toBeVisible();
  await workbench.shoot('assets');
});

test('a model that fails is named with its file and line, and what failed runs again once it is mended', async ({ workbench }) => {
  await ready(workbench);
  const file = path.join(workbench.folder, MART);
  const good = fs.readFileSync(file, 'utf8');
  try {
    fs.writeFileSync(file, good.replace(/client_id/, 'no_such_column'));
    await workbench.open(MART);
    await workbench.command('Attribution: Materialize');
    const failure = workbench.notification(/first_touch_attribution failed: .*no_such_column/);
    await expect(failure).toBeVisible({ timeout: RUN_MS });
    await workbench.shoot('failure');
    await failure.getByRole('button', { name: 'Show Problem' }).click();
    const line = good.split('\n').findIndex((text) => text.includes('client_id')) + 1;
    await expect(workbench.status(new RegExp(`Ln ${line}, Col`))).toBeVisible();
    await expect(workbench.page.locator('.squiggly-error').first()).toBeVisible();
  } finally {
    fs.writeFileSync(file, good);
  }
  await workbench.command('Attribution: Re-run What Failed');
  await ended(workbench, 'Materialized first_touch_attribution');
  await expect(workbench.page.locator('.squiggly-error')).toHaveCount(0);
});

test('a model that Dagster does not know is parsed and goes on; a test of it that fails is a problem where the YAML defines it, as long as there is a YAML', async ({ workbench }) => {
  test.setTimeout(240_000);
  await ready(workbench);
  const folder = path.join(workbench.folder, 'dbt', 'models', 'marts');
  const [model, yaml] = [path.join(folder, 'numbers.sql'), path.join(folder, 'numbers.yml')];
  try {
    fs.writeFileSync(model, 'select null::int as number\n');
    fs.writeFileSync(yaml, 'models:\n  - name: [numbers\n');
    await workbench.open('dbt/models/marts/numbers.sql');
    await workbench.command('Attribution: Materialize');
    await expect(workbench.notification('The dbt project does not parse')).toBeVisible({ timeout: RUN_MS });
    await expect(workbench.notification('Dagster has no asset')).toHaveCount(0);
    await workbench.command('Notifications: Clear All Notifications');

    fs.writeFileSync(yaml, 'models:\n  - name: numbers\n    columns:\n      - name: number\n        data_type: integer\n        data_tests:\n          - unique\n          - not_null\n');
    await workbench.command('Attribution: Materialize');
    const failure = workbench.notification(/numbers failed/);
    await expect(failure).toBeVisible({ timeout: RUN_MS });
    await failure.getByRole('button', { name: 'Show Problem' }).click();
    await expect(workbench.tab('numbers.yml')).toBeVisible();
    await expect(workbench.status(/Ln 8, Col/)).toBeVisible();
    await expect(workbench.page.locator('.squiggly-error').first()).toBeVisible();
    await workbench.shoot('failed-check');
  } finally {
    for (const file of [model, yaml]) fs.rmSync(file, { force: true });
  }
  await expect(workbench.page.locator('.squiggly-error')).toHaveCount(0);
  await workbench.command('Attribution: Parse dbt Project and Reload');
  await expect(workbench.notification('Parsing the dbt project')).toHaveCount(0, { timeout: RUN_MS });
});

test('a selection is picked by group, checks run alone, and a run is cancelled from its notification', async ({ workbench }) => {
  await ready(workbench);
  await workbench.command('Attribution: Materialize Selection…');
  await expect(workbench.quickInput.locator('.quick-input-list-separator', { hasText: 'marts' }).filter({ visible: true }).first()).toBeVisible();
  await workbench.type('touch_attribution');
  for (const [index, name] of ['first_touch_attribution', 'last_touch_attribution'].entries()) {
    await workbench.quickInput.locator('.monaco-list-row').filter({ has: workbench.page.locator('.label-name', { hasText: new RegExp(`^${name}$`) }) }).click();
    await expect(workbench.quickInput).toContainText(`${index + 1} Selected`);
  }
  await workbench.quickInput.getByRole('button', { name: 'OK' }).click();
  const run = workbench.notification(/Run of (first|last)_touch_attribution and 1 more/);
  await expect(run).toBeVisible({ timeout: 30_000 });
  await run.getByRole('button', { name: 'Cancel' }).click();
  await ended(workbench, /Canceled (first|last)_touch_attribution and 1 more/);

  await workbench.open(MART);
  await workbench.command('Attribution: Run Checks');
  await expect(workbench.notification('Run of first_touch_attribution')).toBeVisible({ timeout: 30_000 });
  await ended(workbench, 'Checked first_touch_attribution');
});

test('two clicks at once start one run', async ({ workbench }) => {
  await ready(workbench);
  const view = await workbench.tree('Assets');
  const row = view.getByRole('treeitem', { name: /^channel_performance/ });
  await row.hover();
  await row.getByRole('button', { name: 'Materialize' }).dblclick();
  const run = workbench.notification('Run of channel_performance');
  await expect(run).toHaveCount(1, { timeout: 30_000 });
  await run.getByRole('button', { name: 'Cancel' }).click();
  await ended(workbench, 'Canceled channel_performance');
  await expect(run).toHaveCount(0);
});
