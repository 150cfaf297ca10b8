import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from './fixtures';
import { journeyOf } from './journeys';

test.use({ fresh: false });

test('from the palette to why one purchase was credited, and through all of them by keyboard', async ({ workbench }) => {
  const frame = await journeyOf(workbench, 'client_many_purchases', 'client_m');
  const sentence = frame.locator('.sentence');
  await expect(sentence).toHaveText('15.00 on 15 Apr 2024 10:00 UTC: credited to direct (30-day window, no touchpoint)');
  await expect(frame.locator('.window')).toBeVisible();
  await frame.getByRole('radio', { checked: true }).focus();
  await workbench.page.keyboard.press('Home');
  await expect(sentence).toContainText('50.00 on 10 Jan 2024 10:00 UTC: first touch organic_search, last touch organic_search');
  await workbench.page.keyboard.press('ArrowRight');
  await expect(sentence).toContainText('20.00 on 25 Jan 2024 10:00 UTC: first touch organic_search, last touch email (30-day window, 2 touchpoints)');
  await expect(frame.getByRole('radio', { checked: true })).toBeFocused();
  await expect(frame.locator('.credit-label')).toHaveText(['first 20.00', 'last 20.00']);
  await expect(frame.getByRole('row', { name: /20 Jan 2024 10:00/ })).toContainText('last touch: all 20.00 (5 days before)');
  await frame.getByRole('button', { name: 'Next purchase' }).click();
  await expect(sentence).toContainText('30.00 on 15 Feb 2024');
  await frame.getByRole('radio', { name: /Purchase, 50.00/ }).click();
  await expect(sentence).toContainText('50.00 on 10 Jan 2024');
  // Nearer, by button and by key, and back to everything
  const ticks = (): Promise<string[]> => frame.locator('.axis text').allTextContents();
  const all = await ticks();
  await frame.getByRole('button', { name: 'Zoom In' }).click();
  await expect.poll(ticks).not.toEqual(all);
  await frame.getByRole('button', { name: 'Fit Window' }).click();
  await expect(frame.locator('.window-label')).toContainText('Window opens 11 Dec 2023 10:00 UTC');
  await frame.getByRole('radio', { checked: true }).focus();
  await workbench.page.keyboard.press('0');
  await expect.poll(ticks).toEqual(all);
  await frame.getByRole('button', { name: 'Copy TSV' }).click();
  await expect.poll(() => workbench.page.evaluate(() => navigator.clipboard.readText())).toContain('first and last touch: all 50.00 (5 days before)\t50.00\t50.00');
  await workbench.shoot('journey');
});

test('filters of the search, and a client that is not there', async ({ workbench }) => {
  await workbench.command('Attribution: Find Client…');
  await workbench.quickInput.getByRole('checkbox', { name: 'touchpoints at most a day outside of the window' }).or(workbench.quickInput.locator('[aria-label*="outside of the window"]')).first().click();
  await expect(workbench.quickInput.locator('.monaco-list-row')).toHaveCount(1);
  await expect(workbench.quickInput.locator('.monaco-list-row')).toContainText('client_window_missed');
  await workbench.shoot('journey-find');
  await workbench.page.keyboard.press('Escape');
  await workbench.command('Attribution: Find Client…');
  await workbench.type('nobody');
  await workbench.pick('No client id begins with');
  const frame = await workbench.webview('Journey: nobody');
  await expect(frame.getByRole('heading', { name: 'No such client' })).toBeVisible({ timeout: 30_000 });
});

test('a rejected record opens the file at its line', async ({ workbench }) => {
  const frame = await journeyOf(workbench, 'client_bad_timestamps');
  const rejected = frame.getByRole('region', { name: /Rejected records/ });
  await expect(rejected.getByRole('listitem')).toHaveCount(2);
  await expect(rejected).toContainText('malformed_event_time the time cannot be read');
  await rejected.getByRole('button', { name: 'events.csv, record 54' }).click();
  await expect(workbench.tab('events.csv')).toBeVisible();
  await expect(workbench.status(/Ln 55/)).toBeVisible();
});

test('the journey outlives a reload of the window, with its selection; its link and its rows lead back to it', async ({ workbench }) => {
  const frame = await journeyOf(workbench, 'client_two_baskets');
  await frame.getByRole('button', { name: 'Previous purchase' }).click();
  await expect(frame.locator('.sentence')).toContainText('33.00 on 12 May 2024');
  const loaded = workbench.page.waitForEvent('framenavigated', (one) => one === workbench.page.mainFrame());
  await workbench.command('Developer: Reload Window');
  await loaded;
  const again = await workbench.webview('Journey: client_two_baskets');
  await expect(again.locator('.sentence')).toContainText('33.00 on 12 May 2024', { timeout: 60_000 });

  // Its client's rows alone, also where all rows were open before
  await expect((await workbench.preview('first_touch_attribution')).locator('.count')).toHaveText('26 rows');
  await (await workbench.webview('Journey: client_two_baskets')).getByRole('button', { name: 'Open SQL Rows' }).click();
  const rows = await workbench.webview(/^first_touch_attribution$/);
  await expect(rows.locator('.count')).toHaveText('2 rows');
  await expect(rows.locator('.ag-cell[col-id="client_id"]')).toHaveText(['client_two_baskets', 'client_two_baskets']);

  // The link, in a file, followed as any link
  await (await workbench.webview('Journey: client_two_baskets')).getByRole('button', { name: 'Copy Link' }).click();
  await expect.poll(() => workbench.page.evaluate(() => navigator.clipboard.readText())).toContain('/journey?client=client_two_baskets&purchase=');
  const file = path.join(workbench.folder, 'why.md');
  fs.writeFileSync(file, `[why](${await workbench.page.evaluate(() => navigator.clipboard.readText())})\n`);
  try {
    await workbench.command('View: Close All Editors');
    await workbench.open('why.md');
    // At its start: it may go over two lines, and its middle lie between them
    await expect(async () => {
      await workbench.page.locator('.monaco-editor .detected-link').first().click({ modifiers: ['ControlOrMeta'], position: { x: 20, y: 8 }, timeout: 5000 });
      await expect(workbench.tab('Journey: client_two_baskets')).toBeVisible({ timeout: 10_000 });
    }).toPass({ timeout: 90_000 });
    const linked = await workbench.webview('Journey: client_two_baskets');
    await expect(linked.locator('.sentence')).toContainText('33.00 on 12 May 2024', { timeout: 60_000 });
  } finally {
    fs.rmSync(file);
  }
});

test('in every kind of theme and in a narrow panel: a picture, and nothing that axe objects to', async ({ workbench }) => {
  const frame = await journeyOf(workbench, 'client_cross_session');
  await expect(frame.getByRole('region', { name: 'Rejected records' })).toBeVisible();
  for (const theme of ['light', 'dark', 'hc', 'hc-light'] as const) {
    await workbench.theme(theme);
    await expect(frame.locator(`body.vscode-${{ light: 'light', dark: 'dark', hc: 'high-contrast', 'hc-light': 'high-contrast-light' }[theme]}`)).toBeVisible();
    await workbench.shoot(`journey-${theme}`);
    expect(await workbench.axe(frame)).toEqual([]);
  }
  await workbench.page.setViewportSize({ width: 760, height: 900 });
  await expect.poll(() => frame.locator('html').evaluate((html) => html.clientWidth)).toBeLessThan(480);
  expect(await frame.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBe(0);
  // The verdicts are all there, without scrolling sideways
  const verdict = frame.getByRole('cell', { name: 'first touch: all 149.99 (14 days 12 hours before)' });
  await verdict.scrollIntoViewIfNeeded();
  expect(await frame.locator('.table-frame').evaluate((table) => table.scrollWidth - table.clientWidth)).toBe(0);
  expect(await workbench.axe(frame)).toEqual([]);
  for (const theme of ['hc-light', 'dark', 'light'] as const) {
    await workbench.theme(theme);
    await workbench.shoot(`journey-narrow-${theme}`);
  }
  await workbench.page.setViewportSize({ width: 1400, height: 900 });
});
