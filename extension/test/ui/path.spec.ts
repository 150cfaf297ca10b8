import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from './fixtures';

const MART = 'dbt/models/marts/first_touch_attribution.sql';

test('from opening the folder to explaining why one purchase was credited to one channel, by palette and mouse alone', async ({ workbench }) => {
  test.setTimeout(240_000);
  const file = path.join(workbench.folder, MART);
  const original = fs.readFileSync(file, 'utf8');
  try {
    await expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });

    // Change: the lens says that the table is no longer what the code says
    await workbench.open(MART);
    await expect(workbench.lens(/26 rows/)).toBeVisible({ timeout: 30_000 });
    await workbench.page.keyboard.press('ControlOrMeta+End');
    await workbench.page.keyboard.type('-- each purchase once\n');
    await workbench.page.keyboard.press('ControlOrMeta+Home');

    // Materialize: what runs is what is on the screen
    await workbench.lens('Materialize').click();
    await expect(workbench.notification('Run of first_touch_attribution')).toBeVisible({ timeout: 60_000 });
    await expect(workbench.status('Materialized first_touch_attribution')).toBeVisible({ timeout: 120_000 });
    expect(fs.readFileSync(file, 'utf8')).toContain('-- each purchase once');
    await expect(workbench.lens(/just now, 26 rows/)).toBeVisible();
    await expect(workbench.lens(/14\/14 checks/)).toBeVisible();

    // See the rows
    await workbench.lens('Preview').click();
    const grid = await workbench.webview(/^first_touch_attribution$/);
    const row = grid.getByRole('row').filter({ hasText: 'client_window_edge' });
    await expect(row).toContainText('paid_search');

    // Follow the client of one row
    await row.getByRole('button', { name: /Journey/ }).first().click();
    const journey = await workbench.webview('Journey: client_window_edge');
    await expect(journey.locator('.sentence')).toHaveText('95.00 on 1 May 2024 12:00 UTC: first touch paid_search, last touch email (30-day window, 2 touchpoints)', { timeout: 30_000 });

    // Understand the credit: the touch at the very edge of the window belongs to it
    await expect(journey.getByRole('row', { name: /1 Apr 2024 12:00/ })).toContainText('first touch: all 95.00 (30 days before)');
    await workbench.shoot('path');
  } finally {
    fs.writeFileSync(file, original);
  }
});
