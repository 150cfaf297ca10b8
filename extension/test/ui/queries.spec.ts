import { expect, test, type Workbench } from './fixtures';

const MODEL = 'dbt/models/marts/channel_performance.sql';
const ready = (workbench: Workbench): Promise<void> => expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });
const group = (workbench: Workbench, tab: string): ReturnType<Workbench['page']['locator']> => workbench.page.locator('.editor-group-container').filter({ has: workbench.page.locator('.tab.active').filter({ hasText: tab }) });

/** Types behind the last character of the model, which stays unsaved. */
async function typeAtEnd(workbench: Workbench, text: string): Promise<void> {
  await workbench.tab('channel_performance.sql').click();
  await workbench.page.keyboard.press('ControlOrMeta+1');
  await workbench.page.keyboard.press('ControlOrMeta+End');
  await workbench.page.keyboard.type(text);
}

test('the compiled SQL beside the model follows what is typed, keeps the last good text and says so', async ({ workbench }) => {
  test.setTimeout(300_000);
  await ready(workbench);
  await workbench.open(MODEL);
  await workbench.command('Attribution: Show Compiled SQL');
  const compiled = group(workbench, 'channel_performance (compiled).sql');
  const text = compiled.locator('.view-lines').first();
  await expect(text).toContainText('"marts"."first_touch_attribution"', { timeout: 60_000 });
  await expect(compiled.locator('.codelens-decoration')).toContainText(/compiled in \d+ ms/);
  // It comes back with the window
  const loaded = workbench.page.waitForEvent('framenavigated', (one) => one === workbench.page.mainFrame());
  await workbench.command('Developer: Reload Window');
  await loaded;
  await expect(text).toContainText('"marts"."first_touch_attribution"', { timeout: 60_000 });
  await expect(compiled.locator('.codelens-decoration')).toContainText(/compiled in \d+ ms/);
  // What belongs to the cursor is far to the right, and all of its line is seen
  await workbench.tab('channel_performance.sql').click();
  for (const key of ['ControlOrMeta+1', 'ControlOrMeta+Home', ...Array<string>(6).fill('ArrowDown'), 'End', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft']) await workbench.page.keyboard.press(key);
  await expect(compiled.locator('[class*="ced-"]').first()).toBeVisible();
  await workbench.page.waitForTimeout(300);
  expect(await compiled.locator('.lines-content').evaluate((lines: HTMLElement) => lines.offsetLeft)).toBe(0);
  await typeAtEnd(workbench, '-- typed just now');
  await expect(text).toContainText(/--\s+typed\s+just\s+now/, { timeout: 60_000 });
  // The line of the cursor is marked on the other side
  await expect(compiled.locator('[class*="ced-"]').first()).toBeVisible();
  await workbench.shoot('compiled');
  await workbench.theme('dark');
  await workbench.shoot('compiled-dark');
  await typeAtEnd(workbench, ' {{ nothing_like_it() }}');
  // In a line that is seen, wherever the editor was scrolled to
  await expect(async () => {
    const notices = await compiled.locator('.view-lines [class*="ced-"]').evaluateAll((all) => all.map((one) => getComputedStyle(one, '::after').content));
    expect(notices.join()).toMatch(/not.current:.*nothing_like_it/);
  }).toPass({ timeout: 60_000 });
  await expect(text).toContainText(/--\s+typed\s+just\s+now/);
  await workbench.shoot('compiled-older');
});

test('a CTE runs from its lens, unsaved, into the grid; the order of the query stays', async ({ workbench }) => {
  test.setTimeout(300_000);
  await ready(workbench);
  await workbench.open(MODEL);
  await expect(workbench.lens('Run Query')).not.toHaveCount(0, { timeout: 60_000 });
  await typeAtEnd(workbench, 'order by total_conversions desc, channel limit 2');
  await workbench.command('Attribution: Run Query');
  await expect(workbench.tab(/^channel_performance$/)).toBeVisible({ timeout: 60_000 });
  const frame = await workbench.webview(/^channel_performance$/);
  await expect(frame.locator('.count')).toHaveText('2 rows', { timeout: 60_000 });
  await expect(frame.locator('.ag-row[row-index="0"] [col-id="channel"]')).toHaveText('email');
  expect(await workbench.axe(frame)).toEqual([]);
  await workbench.shoot('query');
  await workbench.tab('channel_performance.sql').click();
  // A lens further down may lie under the lines that stick to the top
  await workbench.page.keyboard.press('ControlOrMeta+1');
  await workbench.page.keyboard.press('ControlOrMeta+Home');
  // For a moment after a lens comes into sight VS Code has the command of the text before: it says so, and a second click does it
  await expect(async () => {
    await workbench.lens('Run Query').first().click({ timeout: 3000 });
    await expect(workbench.tab(/^channel_performance · /)).toBeVisible({ timeout: 10_000 });
  }).toPass({ timeout: 60_000 });
  const cte = await workbench.webview(/^channel_performance · /);
  await expect(cte.locator('.ag-row[row-index="0"]').first()).toBeVisible({ timeout: 60_000 });
  await workbench.theme('dark');
  await workbench.shoot('query-dark');
  const loaded = workbench.page.waitForEvent('framenavigated', (one) => one === workbench.page.mainFrame());
  await workbench.command('Developer: Reload Window');
  await loaded;
  const again = await workbench.webview(/^channel_performance · /);
  await expect(again.locator('.ag-row[row-index="0"]').first()).toBeVisible({ timeout: 60_000 });
});

test('what PostgreSQL refuses is underlined where it stands, while typing; running it says the same', async ({ workbench }) => {
  test.setTimeout(300_000);
  await ready(workbench);
  await workbench.open(MODEL);
  await typeAtEnd(workbench, 'order by no_such_column');
  await expect(workbench.page.locator('.squiggly-error').first()).toBeVisible({ timeout: 60_000 });
  await workbench.command('Attribution: Run Query');
  await expect(workbench.notification('column "no_such_column" does not exist')).toBeVisible({ timeout: 60_000 });
  await workbench.shoot('query-error');
  // A part of it is no query, and is not run as one
  await typeAtEnd(workbench, '');
  await workbench.page.keyboard.press('ControlOrMeta+Shift+ArrowLeft');
  await workbench.command('Attribution: Run Selection');
  await expect(workbench.notification(/no query of its own: it begins with “no_such_column”/)).toBeVisible();
});
