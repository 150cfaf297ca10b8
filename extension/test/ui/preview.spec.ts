import fs from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Locator } from '@playwright/test';
import { expect, test, type Workbench } from './fixtures';

const MART = 'first_touch_attribution';

const ready = (workbench: Workbench): Promise<void> => expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });
const row = (frame: FrameLocator, index: number): Locator => frame.locator(`.ag-row[row-index="${index}"]`);
const cell = (frame: FrameLocator, index: number, column: string): Locator => row(frame, index).locator(`[col-id="${column}"]`);
const header = (frame: FrameLocator, column: string): Locator => frame.locator(`.ag-header-cell[col-id="${column}"]`);

/** From the palette to a model's rows. */
async function previewOf(workbench: Workbench, model: string): Promise<FrameLocator> {
  await ready(workbench);
  return workbench.preview(model);
}

async function filter(frame: FrameLocator, column: string, text: string): Promise<void> {
  await header(frame, column).locator('.ag-header-cell-filter-button').click();
  await frame.locator('.ag-filter-body input').first().fill(text);
  await frame.getByRole('button', { name: 'Apply' }).click();
}

test('from the palette to exact rows, sorted and filtered by the database, and on to the journey of a row', async ({ workbench }) => {
  const frame = await previewOf(workbench, MART);
  await expect(frame.locator('.count')).toHaveText('26 rows', { timeout: 30_000 });
  await expect(frame.getByRole('heading', { level: 1 })).toHaveText(`Preview of ${MART}`);
  await expect(header(frame, 'attributed_revenue')).toContainText('numeric(18,4)');
  await expect(cell(frame, 0, 'attributed_revenue')).toHaveText('120.0000');
  await expect(frame.locator('.ag-cell.null').first()).toHaveText('null');
  // Nothing to say: the stack's own role reads
  await expect(frame.locator('.note')).toBeHidden();

  await header(frame, 'attributed_revenue').locator('.name').click();
  await expect(cell(frame, 0, 'attributed_revenue')).toHaveText('0.0000');
  await header(frame, 'attributed_revenue').locator('.name').click();
  await expect(cell(frame, 0, 'attributed_revenue')).toHaveText('149.9900');
  await filter(frame, 'client_id', 'many_purch');
  await expect(frame.locator('.count')).toHaveText('4 rows');
  await expect(cell(frame, 0, 'attributed_revenue')).toHaveText('50.0000');
  await workbench.shoot('preview');
  expect(await workbench.axe(frame)).toEqual([]);

  await cell(frame, 0, 'client_id').click({ button: 'right' });
  const item = workbench.page.locator('.monaco-menu .action-label', { hasText: 'Open Journey' });
  // A menu does not take a click at once
  await expect(async () => {
    await item.click({ timeout: 2000 });
    await expect(item).toBeHidden({ timeout: 2000 });
  }).toPass();
  await expect(workbench.tab('client_many_purchases')).toBeVisible();
  const again = await workbench.webview(MART);
  await expect(again.locator('.count')).toHaveText('4 rows');
  await expect(cell(again, 0, 'attributed_revenue')).toHaveText('50.0000');

  await filter(again, 'attributed_revenue', 'plenty');
  await expect(again.getByRole('alert')).toContainText('invalid input syntax for type numeric: "plenty"');
  await again.getByRole('button', { name: 'Clear Filters' }).click();
  await expect(again.locator('.count')).toHaveText('26 rows');
});

test('a selection is copied, everything is exported', async ({ workbench }) => {
  const frame = await previewOf(workbench, MART);
  await row(frame, 1).getByRole('checkbox').click();
  await row(frame, 3).getByRole('checkbox').click({ modifiers: ['Shift'] });
  await frame.getByRole('combobox', { name: 'Copy as' }).selectOption('csv');
  await frame.getByRole('button', { name: 'Copy Selection' }).click();
  await expect(frame.locator('.news')).toHaveText('3 rows copied as CSV');
  const copied = await workbench.page.evaluate(() => navigator.clipboard.readText());
  expect(copied.split(/\r?\n/).slice(0, 2)).toEqual(['client_id,purchase_time,attributed_channel,attributed_revenue,first_touch_time,days_to_conversion,attribution_basis,purchase_id,touch_id',
    expect.stringMatching(/^client_direct_last,2024-02-10 21:55:00,paid_search,64\.5000,2024-02-02 12:00:00,8,marketing_touch,/)]);

  const file = path.join(workbench.folder, `${MART}.csv`);
  fs.rmSync(file, { force: true });
  await frame.getByRole('button', { name: 'Export CSV' }).click();
  await workbench.quickInput.getByRole('button', { name: 'OK' }).click();
  await expect(workbench.notification('26 rows of first_touch_attribution were exported')).toBeVisible({ timeout: 30_000 });
  const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\r\n');
  fs.rmSync(file);
  expect(lines.length).toBe(27);
  expect(lines[0]?.startsWith('client_id,purchase_time')).toBe(true);
});

test('rows follow a materialization, with their sort and filter', async ({ workbench }) => {
  await ready(workbench);
  await workbench.open('dbt/models/marts/channel_performance.sql');
  // The model in the editor, beside it
  await workbench.command('Attribution: Preview Rows');
  const frame = await workbench.webview(/^channel_performance$/);
  await header(frame, 'first_touch_revenue').locator('.name').click();
  await filter(frame, 'channel', 'i');
  await expect(cell(frame, 0, 'channel')).toHaveText('email');
  await workbench.tab('channel_performance.sql').click();
  await workbench.command('Attribution: Materialize');
  await expect(frame.locator('.news')).toHaveText('channel_performance was materialized: read again at the same place.', { timeout: 90_000 });
  await expect(cell(frame, 0, 'channel')).toHaveText('email');
  await expect(header(frame, 'first_touch_revenue')).toHaveAttribute('aria-sort', 'ascending');
  await workbench.shoot('preview-beside');
});

test('what is not there says what to do; and every theme', async ({ workbench }) => {
  const file = path.join(workbench.folder, 'dbt', 'models', 'marts', 'not_built.sql');
  fs.writeFileSync(file, 'select 1 as one\n');
  try {
    const frame = await previewOf(workbench, 'not_built');
    await expect(frame.getByText('not_built is not in the database yet.')).toBeVisible({ timeout: 30_000 });
    await expect(frame.getByRole('button', { name: 'Materialize' })).toBeVisible();
    expect(await workbench.axe(frame)).toEqual([]);
    await workbench.shoot('preview-missing');
  } finally {
    fs.rmSync(file);
  }
  for (const theme of ['dark', 'hc', 'hc-light'] as const) {
    await workbench.theme(theme);
    const frame = await previewOf(workbench, MART);
    await expect(frame.locator('.count')).toHaveText('26 rows', { timeout: 30_000 });
    expect(await workbench.axe(frame)).toEqual([]);
    // What is selected can be seen: the tick on its box, and the box on the page
    await row(frame, 2).getByRole('checkbox').check();
    const [page, box, border, tick] = await row(frame, 2).locator('.ag-checkbox-input-wrapper').evaluate((element) => {
      const { backgroundColor, borderColor } = getComputedStyle(element);
      return [getComputedStyle(document.body).backgroundColor, backgroundColor, borderColor, getComputedStyle(element, '::after').backgroundColor];
    });
    expect(tick).not.toBe(box);
    expect(border).not.toBe(page);
    await workbench.shoot(`preview-${theme}`);
  }
});
