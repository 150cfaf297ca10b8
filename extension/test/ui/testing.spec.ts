import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from '@playwright/test';
import { expect, test, type Workbench } from './fixtures';

const row = (workbench: Workbench, label: string | RegExp): Locator => workbench.page.locator('.test-explorer .monaco-list-row').filter({ hasText: label }).first();

async function explorer(workbench: Workbench): Promise<void> {
  await expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });
  await workbench.command('Testing: Focus on Test Explorer View');
  // They come last, once dbt has listed its own
  const last = row(workbench, /^Asset checks/);
  await expect(async () => {
    // Only rows in view are there
    if (!(await last.isVisible())) await go(workbench, 'End');
    await expect(last).toBeVisible({ timeout: 2000 });
  }).toPass({ timeout: 60_000 });
  await go(workbench, 'Home');
}

async function go(workbench: Workbench, key: 'Home' | 'End'): Promise<void> {
  await workbench.page.locator('.test-explorer .monaco-list').first().focus();
  await workbench.page.keyboard.press(key);
}

/** Opens the rows on the way to the last one, and brings it into view. */
async function reveal(workbench: Workbench, ...labels: (string | RegExp)[]): Promise<Locator> {
  for (const [index, label] of labels.entries()) {
    const item = row(workbench, label);
    await expect(async () => {
      const seen = await item.waitFor({ timeout: 2000 }).then(() => true, () => false);
      if (seen) return;
      // Further down, most likely: a few rows at a time, so that none is passed
      await workbench.page.locator('.test-explorer .monaco-list').first().hover();
      await workbench.page.mouse.wheel(0, 200);
      throw new Error('not in view yet');
    }).toPass({ timeout: 60_000 });
    if (index === labels.length - 1) break;
    if (await item.getAttribute('aria-expanded') !== 'true') await item.locator('.monaco-tl-twistie').click();
  }
  return row(workbench, labels.at(-1) ?? '');
}

async function run(item: Locator): Promise<void> {
  await item.hover();
  await item.locator('.action-label.codicon-testing-run-icon').click();
}

const state = (item: Locator, name: 'passed' | 'failed'): Locator => item.locator(`.codicon-testing-${name}-icon`);

test('the tests of the file at hand, or of its model, run without the Testing view, and a unit test says how its rows differ', async ({ workbench }) => {
  test.setTimeout(180_000);
  const name = 'dbt/models/marts/channel_performance_unit_tests.yml';
  const file = path.join(workbench.folder, name);
  const before = fs.readFileSync(file, 'utf8');
  await expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });
  try {
    // As it is written anew
    fs.writeFileSync(file, '');
    await workbench.open(name);
    await workbench.page.evaluate((text) => navigator.clipboard.writeText(text), before.replace('total_conversions: 3', 'total_conversions: 4'));
    for (const key of ['ControlOrMeta+V', 'ControlOrMeta+S']) await workbench.page.keyboard.press(key);
    await expect.poll(() => fs.readFileSync(file, 'utf8')).toContain('total_conversions: 4');
    // What is pasted may come after the key behind it
    await workbench.page.keyboard.press('ControlOrMeta+Home');
    await workbench.command('Test: Run Tests in Current File');
    const told = workbench.page.locator('.test-error-content-widget').filter({ hasText: 'The rows differ from the expected ones: 1 changed' }).first();
    await expect(workbench.notification('dbt lists the tests').or(told).first()).toBeVisible({ timeout: 30_000 });
    await expect(told).toBeVisible({ timeout: 100_000 });
    await workbench.shoot('testing-difference');

    // A model's own file runs the tests that YAML has of it
    await workbench.open('dbt/models/marts/channel_performance.sql');
    await workbench.command('Test: Run Tests in Current File');
    await workbench.command('Testing: Focus on Test Explorer View');
    const unit = await reveal(workbench, /^attribution/, /^channel_performance\.sql/, 'a_channel_counts_purchases_and_clients_once');
    const model = row(workbench, /^channel_performance\.sql/);
    await expect(state(model, 'failed')).toBeVisible({ timeout: 60_000 });
    // What failed is put right and runs alone: the model stands as its tests do
    fs.writeFileSync(file, before);
    await run(unit);
    await expect(state(unit, 'passed')).toBeVisible({ timeout: 60_000 });
    await expect(state(model, 'passed')).toBeVisible();
  } finally {
    fs.writeFileSync(file, before);
  }
});

test('dbt\'s tests and Dagster\'s checks: singly and by file, with what failed, where, and its rows', async ({ workbench }) => {
  test.setTimeout(300_000);
  const file = path.join(workbench.folder, 'dbt', 'tests', 'no_purchase_is_free.sql');
  await explorer(workbench);
  const checks = row(workbench, /^Asset checks/);
  await run(checks);
  await expect(state(checks, 'passed')).toBeVisible({ timeout: 120_000 });

  fs.writeFileSync(file, 'select purchase_id, revenue\nfrom {{ ref(\'int_purchases\') }}\nwhere revenue < 20\n');
  try {
    const unit = await reveal(workbench, /^attribution/, /^channel_performance\.sql/, 'a_channel_counts_purchases_and_clients_once');
    await run(unit);
    await expect(state(unit, 'passed')).toBeVisible({ timeout: 60_000 });

    const marts = await reveal(workbench, /^attribution/, /^channel_performance\.sql/);
    await run(marts);
    await expect(state(marts, 'passed')).toBeVisible({ timeout: 60_000 });

    const failing = await reveal(workbench, /^attribution/, /^no_purchase_is_free\.sql/, /^no_purchase_is_free(?!\.sql)/);
    await run(failing);
    await expect(state(failing, 'failed')).toBeVisible({ timeout: 60_000 });
    await workbench.shoot('testing');
    await failing.click({ button: 'right' });
    const item = workbench.page.locator('.monaco-menu .action-label', { hasText: 'Show Failing Rows' });
    await expect(async () => {
      await item.click({ timeout: 2000 });
      await expect(item).toBeHidden({ timeout: 2000 });
    }).toPass();
    const frame = await workbench.webview(/no_purchase_is_free/);
    await expect(frame.locator('.ag-header-cell[col-id*="revenue"]').first()).toBeVisible({ timeout: 30_000 });
  } finally {
    fs.rmSync(file);
  }
});

test('a journey is frozen as a unit test of the model that credits, and the test passes', async ({ workbench }) => {
  const folder = path.join(workbench.folder, 'dbt', 'models', 'intermediate');
  const file = path.join(folder, 'int_purchase_attribution_unit_tests.yml');
  const before = fs.readFileSync(file, 'utf8');
  await explorer(workbench);
  try {
    await workbench.command('Attribution: Find Client…');
    await workbench.type('client_many');
    await workbench.pick(/^client_many_purchases/);
    const frame = await workbench.webview('client_many_purchases');
    await frame.getByRole('button', { name: 'Freeze as Unit Test' }).click();
    await workbench.pick(/^int_purchase_attribution/);
    await workbench.type('many_purchases_of_one_client');
    await workbench.page.keyboard.press('Enter');
    await expect(workbench.notification('The unit test was written to')).toBeVisible({ timeout: 30_000 });
    const added = fs.readFileSync(file, 'utf8').slice(before.length);
    expect(added).toContain('- name: many_purchases_of_one_client');
    expect(added).toContain('client_id: client_1');
    expect(added).not.toContain('client_many_purchases');
    await workbench.shoot('frozen');

    await workbench.command('Testing: Focus on Test Explorer View');
    const frozen = await reveal(workbench, /^attribution/, /^int_purchase_attribution\.sql/, 'many_purchases_of_one_client');
    await run(frozen);
    await expect(state(frozen, 'passed')).toBeVisible({ timeout: 60_000 });
  } finally {
    fs.writeFileSync(file, before);
  }
});
