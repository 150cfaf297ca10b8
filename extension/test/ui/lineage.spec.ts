import { expect, test, type Workbench } from './fixtures';

async function lineageOf(workbench: Workbench, file: string): ReturnType<Workbench['webview']> {
  await workbench.open(file);
  await workbench.command('Attribution: Show Lineage');
  return workbench.webview(/^Lineage/);
}

test('the graph of the model in the editor, with states; it leads on by mouse and keys, and follows the editor', async ({ workbench }) => {
  await expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });
  const frame = await lineageOf(workbench, 'dbt/models/intermediate/int_purchase_attribution.sql');
  const node = (id: string) => frame.locator(`.node[data-id="${id}"]`);
  await expect(frame.getByRole('heading', { level: 1 })).toHaveText('Lineage of int_purchase_attribution');
  for (const id of ['raw.events', 'int_touchpoints', 'first_touch_attribution', 'channel_performance']) await expect(node(id)).toBeVisible();
  await expect(node('int_touchpoints').locator('.detail')).toContainText(/ago|just now|stale/, { timeout: 60_000 });
  expect(await workbench.axe(frame)).toEqual([]);
  await workbench.shoot('lineage');

  await frame.getByRole('combobox', { name: 'How far to look' }).selectOption('1');
  await expect(node('raw.events')).toHaveCount(0);
  await expect(node('int_touchpoints').locator('.beyond')).toContainText('▸');

  await node('int_purchase_attribution').focus();
  await workbench.page.keyboard.press('ArrowUp');
  await expect(node('int_purchases').or(node('int_touchpoints')).or(node('stg_events')).and(frame.locator(':focus'))).toBeVisible();
  await workbench.page.keyboard.press('Enter');
  await expect(workbench.tab(/^(int_touchpoints|int_purchases|stg_events)\.sql/)).toBeVisible();
  await expect(frame.getByRole('heading', { level: 1 })).toHaveText(/^Lineage of (int_touchpoints|int_purchases|stg_events)$/);
  await node('int_purchase_attribution').click();
  await expect(frame.getByRole('heading', { level: 1 })).toHaveText('Lineage of int_purchase_attribution');
});

test('a new width fits the graph again until somebody zooms, and a traced column is let go', async ({ workbench }) => {
  const { page } = workbench;
  await expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });
  // The cursor goes into the column's name
  await workbench.open('dbt/models/marts/channel_performance.sql:44');
  for (const key of ['End', 'ArrowLeft', 'ArrowLeft']) await page.keyboard.press(key);
  await workbench.command('Attribution: Trace Column');
  const frame = await workbench.webview(/^Lineage/);
  await expect(frame.locator('.traced-column').first()).toBeVisible({ timeout: 30_000 });
  const close = frame.getByRole('button', { name: 'Show All Columns\' Lineage' });
  await workbench.shoot('lineage-traced');
  await close.focus();
  await page.keyboard.press('Enter');
  await expect(close).toBeHidden();
  await expect(frame.locator('.traced-column')).toHaveCount(0);

  const place = (): Promise<string | null> => frame.locator('svg > g').getAttribute('transform');
  const wide = await place();
  await page.setViewportSize({ width: 1300, height: 800 });
  await expect.poll(place).not.toBe(wide);
  await frame.locator('.node.focus').focus();
  await page.keyboard.press('+');
  const zoomed = await place();
  await page.setViewportSize({ width: 1400, height: 900 });
  await expect(workbench.status(/attribution · dev/)).toBeVisible();
  await page.waitForTimeout(500);
  expect(await place()).toBe(zoomed);
  await workbench.shoot('lineage-zoomed');
});

for (const theme of ['dark', 'hc', 'hc-light'] as const) {
  test(`readable in ${theme}`, async ({ workbench }) => {
    await workbench.theme(theme);
    const frame = await lineageOf(workbench, 'dbt/models/marts/channel_performance.sql');
    await expect(frame.locator('.node.focus')).toBeVisible();
    expect(await workbench.axe(frame)).toEqual([]);
    await workbench.shoot(`lineage-${theme}`);
  });
}
