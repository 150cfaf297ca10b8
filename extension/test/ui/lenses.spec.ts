import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from '@playwright/test';
import { expect, test, type Workbench } from './fixtures';

const MART = 'dbt/models/marts/first_touch_attribution.sql';
const YAML = 'dbt/models/marts/first_touch_attribution.yml';
const LOAD = 'dagster_project/attribution_pipeline/assets/raw.py';
const STATE = /(just now|\d+ (min|h|day|days) ago), 26 rows/;

const ready = (workbench: Workbench): Promise<void> => expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });

/** The number of the line under a lens, as the gutter shows it. */
async function lineUnder(workbench: Workbench, lens: Locator): Promise<string> {
  const below = (await lens.boundingBox())?.y ?? 0;
  const numbers = workbench.page.locator('.editor-group-container.active .line-numbers');
  for (const number of await numbers.all()) if (((await number.boundingBox())?.y ?? 0) > below + 5) return (await number.innerText()).trim();
  return '';
}

test('on a model: at once from its file, then the checks and the state; each leads on', async ({ workbench }) => {
  await workbench.open(MART);
  for (const text of ['Materialize', 'Preview', 'Journeys']) await expect(workbench.lens(text)).toHaveCount(1);
  await ready(workbench);
  await expect(workbench.lens(/\d+\/\d+ checks/)).toBeVisible({ timeout: 30_000 });
  await expect(workbench.lens(STATE)).toBeVisible();
  await workbench.shoot('lenses');
  await workbench.lens('Preview').click();
  await expect(workbench.tab(/first_touch_attribution/)).toBeVisible();
  await expect(workbench.page.locator('.editor-group-container .tab').filter({ hasText: /first_touch_attribution(?!\.sql)/ }).first()).toBeVisible({ timeout: 30_000 });
});

test('in the YAML: above the model\'s name, wherever it moves to, also while the text is half-written', async ({ workbench }) => {
  const file = path.join(workbench.folder, YAML);
  const good = fs.readFileSync(file, 'utf8');
  try {
    await workbench.open(YAML);
    const lens = workbench.lens('Materialize');
    await expect(lens).toHaveCount(1);
    await expect.poll(() => lineUnder(workbench, lens)).toBe('4');
    await workbench.page.keyboard.press('ControlOrMeta+Home');
    await workbench.page.keyboard.type('# one\n# two\nhalf: [\n');
    await expect.poll(() => lineUnder(workbench, lens)).toBe('7');
    await workbench.shoot('lenses-yaml');
  } finally {
    // In the browser VS Code saves by itself
    await workbench.command('View: Revert and Close Editor');
    fs.writeFileSync(file, good);
  }
});

test('on Dagster\'s asset definitions, known by what Dagster says of the file', async ({ workbench }) => {
  await ready(workbench);
  await workbench.open(LOAD);
  await workbench.command('Go to Line/Column...');
  await workbench.type(':60');
  await workbench.page.keyboard.press('Enter');
  await expect(workbench.lens('Materialize')).toHaveCount(1);
  await expect(workbench.lens(/\d+\/\d+ checks/)).toBeVisible({ timeout: 30_000 });
  await expect(workbench.lens('Preview')).toHaveCount(0);
  await workbench.shoot('lenses-python');
});

test('each lens can be switched off; what has no clients has no journeys', async ({ workbench }) => {
  await ready(workbench);
  await workbench.open('dbt/models/marts/channel_performance.sql');
  // An editor opens where it was left, and lenses out of sight stay as they were
  await workbench.page.keyboard.press('ControlOrMeta+Home');
  await expect(workbench.lens('Preview')).toHaveCount(1);
  await expect(workbench.lens('Journeys')).toHaveCount(0);
  // The window may miss a change of its settings' file that comes right after another: then it is written again
  const without = (count: (timeout: number) => Promise<void>, ...names: string[]): Promise<void> => expect(async () => {
    workbench.settings(Object.fromEntries(names.map((name) => [`attribution.lenses.${name}`, false])));
    await count(8000);
  }).toPass({ timeout: 60_000 });
  await without((timeout) => expect(workbench.lens('Preview')).toHaveCount(0, { timeout }), 'preview', 'state');
  await expect(workbench.lens('Materialize')).toHaveCount(1);
  await without((timeout) => expect(workbench.page.locator('.codelens-decoration a')).toHaveCount(0, { timeout }), 'materialize', 'preview', 'checks', 'state', 'runQuery');
});

test('a model that appears has its lenses, whatever its name', async ({ workbench }) => {
  const file = path.join(workbench.folder, 'dbt/models/marts/ünï \'new\' model.sql');
  try {
    fs.writeFileSync(file, "select client_id from {{ ref('int_purchases') }}\n");
    await workbench.open('dbt/models/marts/ünï \'new\' model.sql');
    await expect(workbench.lens('Materialize')).toHaveCount(1);
  } finally {
    fs.rmSync(file, { force: true });
  }
});

test('Materialize on a model that does not parse names the place, and starts nothing', async ({ workbench }) => {
  await ready(workbench);
  const file = path.join(workbench.folder, MART);
  const good = fs.readFileSync(file, 'utf8');
  try {
    fs.writeFileSync(file, good.replace("ref('int_purchase_attribution')", "ref('no_such_model')"));
    await workbench.open(MART);
    await workbench.lens('Materialize').click();
    const message = workbench.notification(/does not parse, so nothing was started.*no_such_model/);
    await expect(message).toBeVisible({ timeout: 60_000 });
    await expect(workbench.page.locator('.squiggly-error').first()).toBeVisible();
    await workbench.shoot('lenses-parse-error');
    await message.getByRole('button', { name: 'Go to Error' }).click();
    await expect(workbench.status(/Ln 18, Col/)).toBeVisible();
  } finally {
    fs.writeFileSync(file, good);
  }
  await expect(workbench.page.locator('.squiggly-error')).toHaveCount(0);
});

for (const theme of ['dark', 'hc'] as const) {
  test(`pictures: ${theme}`, async ({ workbench }) => {
    await workbench.theme(theme);
    await workbench.open(MART);
    await ready(workbench);
    await expect(workbench.lens(STATE)).toBeVisible({ timeout: 30_000 });
    await workbench.shoot(`lenses-${theme}`);
  });
}
