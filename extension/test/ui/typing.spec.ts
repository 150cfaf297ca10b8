import fs from 'node:fs';
import path from 'node:path';
import { expect, test, type Workbench } from './fixtures';

const ready = (workbench: Workbench): Promise<void> => expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });

/** The cursor behind a text of the active editor, as finding it does. */
async function goTo(workbench: Workbench, text: string): Promise<void> {
  const { page } = workbench;
  await page.keyboard.press('ControlOrMeta+F');
  await page.locator('.find-widget.visible textarea[aria-label="Find"]').fill(text);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await expect(page.locator('.find-widget.visible')).toHaveCount(0);
}

test('a model is written by typing: what is wrong is told and mended, words are offered, lead on and say what ran, and a name changes everywhere', async ({ workbench }) => {
  test.setTimeout(300_000);
  const { page } = workbench;
  const file = (name: string): string => path.join(workbench.folder, 'dbt', 'models', 'marts', `${name}.sql`);
  const text = page.locator('.editor-group-container.active .view-lines').first();
  await ready(workbench);
  fs.writeFileSync(file('revenue_by_client'), 'select\n    bought.client_id,\n    sum(bought.revenue) as revenue\nfrom {{ ref(\'int_purchasess\') }} as bought\ngroup by bought.client_id\n');
  fs.writeFileSync(file('best_clients'), 'select client_id from {{ ref(\'revenue_by_client\') }}\n');
  try {
    await workbench.open('dbt/models/marts/revenue_by_client.sql');
    await expect(page.locator('.squiggly-error').first()).toBeVisible({ timeout: 60_000 });
    await page.keyboard.press('F8');
    await expect(page.locator('.marker-widget')).toContainText('No model, seed or snapshot is named "int_purchasess"');
    await workbench.shoot('typing-problem');
    await page.keyboard.press('Escape');
    const fix = page.locator('.action-widget .monaco-list-row').filter({ hasText: 'Change to "int_purchases"' });
    await expect(async () => {
      await page.keyboard.press('Control+.');
      await fix.click({ timeout: 5000 });
    }).toPass({ timeout: 30_000 });
    await expect(page.locator('.squiggly-error')).toHaveCount(0);

    await goTo(workbench, 'as revenue');
    await page.keyboard.press('End');
    await page.keyboard.type(', max(bought.purch', { delay: 20 });
    const offer = page.locator('.suggest-widget.visible .monaco-list-row').filter({ hasText: 'purchase_time' }).first();
    await expect(offer).toBeVisible();
    await workbench.shoot('typing-columns');
    await offer.click();
    await page.keyboard.type(') as last_purchase');
    await page.keyboard.press('Escape');
    await expect(text).toContainText(/max\(bought\.purchase_time\)\s+as\s+last_purchase/);
    await page.keyboard.press('Control+S');

    await goTo(workbench, 'ref(\'int_purchases');
    await page.keyboard.press('F12');
    await expect(workbench.tab('int_purchases.sql')).toHaveClass(/active/);
    await workbench.open('dbt/models/marts/revenue_by_client.sql');
    await goTo(workbench, 'ref(\'int_purchases');
    await page.keyboard.press('Shift+F12');
    await expect(page.locator('.reference-zone-widget')).toContainText(/References \(\d\d\)/);
    await page.keyboard.press('Escape');
    await expect(page.locator('.reference-zone-widget')).toBeHidden();
    await workbench.command('Show or Focus Hover');
    const told = page.locator('.monaco-hover:visible').filter({ hasText: 'int_purchases' }).first();
    await expect(told).toContainText(/Last run: .*(ago|just now)/);
    await workbench.shoot('typing-hover');
    await page.keyboard.press('Escape');

    await workbench.open('dbt/models/marts/best_clients.sql');
    await goTo(workbench, 'ref(\'revenue_by_client');
    await page.keyboard.press('F2');
    const name = page.locator('.rename-box input');
    await expect(name).toHaveValue('revenue_by_client');
    await name.fill('client_revenue');
    await page.keyboard.press('Enter');
    await expect(text).toContainText('ref(\'client_revenue\')');
    await expect.poll(() => [fs.existsSync(file('client_revenue')), fs.existsSync(file('revenue_by_client'))]).toEqual([true, false]);
    expect(fs.readFileSync(file('client_revenue'), 'utf8')).toContain('max(bought.purchase_time) as last_purchase');
    await expect(page.locator('.squiggly-error')).toHaveCount(0);

    // What is missing is made, and shown
    await goTo(workbench, 'select client_id');
    await page.keyboard.press('End');
    await page.keyboard.type(', (select 1 from {{ ref(\'not_yet\') }})');
    await page.keyboard.press('Escape');
    await goTo(workbench, 'not_yet');
    await expect(page.locator('.squiggly-error').first()).toBeVisible();
    const create = page.locator('.action-widget .monaco-list-row').filter({ hasText: 'Create model "not_yet"' });
    await expect(async () => {
      await page.keyboard.press('Control+.');
      await create.click({ timeout: 5000 });
    }).toPass({ timeout: 30_000 });
    await expect(workbench.tab('not_yet.sql')).toHaveClass(/active/);
    await expect(text).toContainText(/1\s+as\s+id/);
  } finally {
    for (const model of ['revenue_by_client', 'client_revenue', 'best_clients', 'not_yet']) fs.rmSync(file(model), { force: true });
  }
});

test('the column at the cursor is traced through the models to its source', async ({ workbench }) => {
  await ready(workbench);
  await workbench.open('dbt/models/marts/channel_performance.sql');
  await goTo(workbench, 'as total_conversions');
  await workbench.command('Attribution: Trace Column');
  const frame = await workbench.webview(/^Lineage/);
  await expect(frame.locator('.column')).toContainText('channel_performance.total_conversions');
  for (const [model, column] of [['first_touch_attribution', 'purchase_id'], ['int_purchases', 'purchase_id'], ['raw.events', 'client_id']] as const) {
    await expect(frame.locator(`.node[data-id="${model}"] .traced-column`).filter({ hasText: column })).toBeVisible();
  }
  expect(await workbench.axe(frame)).toEqual([]);
  await workbench.shoot('traced');
});

test('Enter begins a line after commas and finished words, and tags are closed as people close them', async ({ workbench }) => {
  const { page } = workbench;
  const file = path.join(workbench.folder, 'dbt', 'macros', 'typed_here.sql');
  // The list of a brace is asked for again at the first letter: a click would meet rows that move
  const chosen = page.locator('.suggest-widget.visible .monaco-list-row.focused');
  fs.writeFileSync(file, '');
  try {
    await workbench.open('dbt/macros/typed_here.sql');
    await expect(async () => {
      await page.keyboard.press('ControlOrMeta+A');
      await page.keyboard.press('Delete');
      await page.keyboard.type('{%ma', { delay: 30 });
      await expect(chosen).toContainText(/^macro/, { timeout: 5000 });
    }).toPass({ timeout: 60_000 });
    await page.keyboard.press('Tab');
    await page.keyboard.type('total', { delay: 30 });
    for (const key of ['Tab', 'Tab']) await page.keyboard.press(key);
    await page.keyboard.type('select channel,\nrevenue as paid,\nevent_time as id\nfrom {{re', { delay: 30 });
    await expect(chosen).toContainText(/^ref/);
    await page.keyboard.press('Tab');
    await page.keyboard.type('stg_events', { delay: 30 });
    await expect(chosen).toContainText('stg_events');
    await page.keyboard.press('Tab');
    await workbench.shoot('typing-tags');
    await page.keyboard.press('End');
    await page.keyboard.type(' as paid\nwhere paid.channel', { delay: 30 });
    await expect(chosen).toContainText('channel');
    await page.keyboard.type('\nis not null', { delay: 30 });
    await page.keyboard.press('ControlOrMeta+S');
    await expect.poll(() => fs.readFileSync(file, 'utf8').replace(/[ \t]+/g, ' ')).toBe('{% macro total() %}\nselect channel,\nrevenue as paid,\nevent_time as id\nfrom {{ ref(\'stg_events\') }} as paid\nwhere paid.channel\nis not null\n{% endmacro %}');
  } finally {
    fs.rmSync(file, { force: true });
  }
});

test('Enter behind a bracket begins a line, whatever its list offers', async ({ workbench }) => {
  const { page } = workbench;
  const file = path.join(workbench.folder, 'dbt', 'macros', 'typed_brackets.sql');
  fs.writeFileSync(file, '');
  try {
    await workbench.open('dbt/macros/typed_brackets.sql');
    const list = page.locator('.suggest-widget.visible .monaco-list-row');
    for (const [opening, offered] of [['{{', 'config'], ['config(', 'alias']] as const) {
      await expect(async () => {
        await page.keyboard.type(opening, { delay: 30 });
        try {
          await expect(list.filter({ hasText: offered }).first()).toBeVisible({ timeout: 5000 });
        } catch (error) {
          for (let typed = 0; typed < opening.length; typed++) await page.keyboard.press('Backspace');
          throw error;
        }
      }).toPass({ timeout: 60_000 });
      await page.keyboard.press('Enter');
    }
    await page.keyboard.type('materialized=\'table\',', { delay: 30 });
    await page.keyboard.press('ControlOrMeta+End');
    await page.keyboard.type('\nwith bought as (', { delay: 30 });
    await expect(list.first()).toBeVisible();
    await page.keyboard.press('Enter');
    await page.keyboard.type('select 1', { delay: 30 });
    await page.keyboard.press('ControlOrMeta+S');
    await expect.poll(() => fs.readFileSync(file, 'utf8').replace(/ +/g, ' ')).toBe('{{\n config(\n materialized=\'table\',\n )\n}}\nwith bought as (\n select 1\n)');
  } finally {
    fs.rmSync(file, { force: true });
  }
});

test('what a description says is left as it is typed', async ({ workbench }) => {
  const { page } = workbench;
  const file = path.join(workbench.folder, 'dbt', 'models', 'typed_words.yml');
  fs.writeFileSync(file, '');
  try {
    await workbench.open('dbt/models/typed_words.yml');
    await page.keyboard.type('models:\n  - name: one\n  description: one row per client_segment\n', { delay: 30 });
    await page.keyboard.type('columns:\n  - name: a\n  description: the segment', { delay: 30 });
    // Words of the file that hold what is typed come within this
    await page.waitForTimeout(3000);
    await page.keyboard.type('\ndata_type: text', { delay: 30 });
    await page.keyboard.press('ControlOrMeta+S');
    await expect.poll(() => fs.readFileSync(file, 'utf8').replace(/ +/g, ' ')).toBe('models:\n - name: one\n description: one row per client_segment\n columns:\n - name: a\n description: the segment\n data_type: text');
  } finally {
    fs.rmSync(file, { force: true });
  }
});

test('an apostrophe in a comment of Jinja makes no string of what follows', async ({ workbench }) => {
  const { page } = workbench;
  const file = path.join(workbench.folder, 'dbt', 'macros', 'typed_comment.sql');
  fs.writeFileSync(file, '{#- The purchase\'s credits. -#}\n\n');
  try {
    await workbench.open('dbt/macros/typed_comment.sql');
    await page.keyboard.press('ControlOrMeta+End');
    await page.keyboard.type('credited as (\nselect 1', { delay: 30 });
    await page.keyboard.press('ControlOrMeta+S');
    await expect.poll(() => fs.readFileSync(file, 'utf8')).toBe('{#- The purchase\'s credits. -#}\n\ncredited as (\n    select 1\n)');
  } finally {
    fs.rmSync(file, { force: true });
  }
});
