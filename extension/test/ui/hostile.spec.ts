/** Values that want to be more than text (faults, row 17): in cells, column names, ids, channels and errors. */
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import type { FrameLocator } from '@playwright/test';
import { expect, test } from './fixtures';

const IMAGE = '<img src=x onerror="top.pwned=pwned=1">';
const CLIENT = `${IMAGE}[x](command:workbench.action.reloadWindow)\u202e\u001b[31m`;
const CHANNEL = '<script>top.pwned=pwned=1</script>';
const URL_OF_PAGE = `javascript:top.pwned=pwned=1//${'<b>'.repeat(350_000)}`;
const LARGE = `<svg/onload=top.pwned=pwned=1>${'<b>'.repeat(350_000)}`;
const CELLS = [LARGE, '[x](command:workbench.action.reloadWindow)', 'javascript:top.pwned=pwned=1', '\u202egnp.exe', '\u001b[31mred\u001b[0m', '<a href="javascript:top.pwned=pwned=1">x</a>'];
const COLUMNS = [IMAGE, '"; drop table marts.hostile; --', '\u202e<script>', ...CELLS.slice(3).map((_, index) => `[${index}](command:x)`)];

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Nothing that loads, leads away or runs came into the page, and its policy is in force. */
async function holdsTextAlone(frame: FrameLocator): Promise<void> {
  const html = frame.locator('html');
  expect(await html.evaluate((page) => [...page.querySelectorAll('img, iframe, object, a[href], script:not([nonce], #_vscodeApiScript), [onerror], [onload]')].map(({ outerHTML }) => outerHTML.slice(0, 200)))).toEqual([]);
  await expect(frame.locator('meta[http-equiv="Content-Security-Policy"]')).toHaveAttribute('content', /^default-src 'none'; script-src 'nonce-[^';]+'; /);
  expect(await html.evaluate(() => 'pwned' in globalThis)).toBe(false);
}

test('hostile values and names are text in the grid and in the journey, and run nothing', async ({ workbench }) => {
  const { page, folder } = workbench;
  const said: string[] = [];
  const onDialog = (): unknown => said.push('a dialog');
  page.on('dialog', onDialog);
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) said.push(message.text());
  });
  const { host, port, user, password, dbname } = JSON.parse(fs.readFileSync(path.join(folder, '.local', 'connection.json'), 'utf8')) as Record<'host' | 'user' | 'password' | 'dbname', string> & { port: number };
  const database = new pg.Client({ host, port, user, password, database: dbname });
  await database.connect();
  const model = path.join(folder, 'dbt', 'models', 'marts', 'hostile.sql');
  fs.writeFileSync(model, 'select 1 as one\n');
  try {
    await database.query(`create table marts.hostile (client_id text, days integer, ${COLUMNS.map((name) => `${quote(name)} text`).join(', ')})`);
    await database.query(`insert into marts.hostile values ($1, 1, ${COLUMNS.map((_, index) => `$${index + 2}`).join(', ')})`, [CLIENT, ...CELLS]);
    const event = `insert into staging.stg_events (event_id, client_id, event_type, event_time, session_id, channel, page_url, revenue, source_file, record_number) values (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $7, $8, $9)`;
    await database.query(event, [CLIENT, 'page_view', '2024-05-01 10:00:00', IMAGE, CHANNEL, URL_OF_PAGE, null, 'events.csv', 900_001]);
    await database.query(event, [CLIENT, 'purchase', '2024-05-02 10:00:00', IMAGE, CHANNEL, null, '10', 'events.csv', 900_002]);

    // The grid: names, cells, a large value, an error
    await workbench.command('Attribution: Preview Rows');
    await workbench.pick(/^hostile/);
    const grid = await workbench.webview(/^hostile$/);
    await expect(grid.locator('.count')).toHaveText('1 row');
    await expect(grid.locator('.ag-header-cell .name').filter({ hasText: IMAGE })).toBeVisible();
    const row = grid.locator('.ag-row[row-index="0"]').first();
    for (const cell of CELLS.slice(1, 3)) await expect(grid.locator('.ag-row .ag-cell').filter({ hasText: cell }).first()).toBeVisible();
    await grid.locator('.ag-header-cell .name').filter({ hasText: IMAGE }).click();
    await expect(row).toBeVisible();
    await workbench.shoot('hostile-grid');
    const large = grid.locator('.ag-cell').filter({ hasText: '<svg/onload' }).first();
    await large.dblclick();
    await expect.poll(() => grid.locator('dialog pre').evaluate((pre) => pre.textContent.length)).toBe(LARGE.length);
    await grid.getByRole('button', { name: 'Close' }).click();
    await grid.locator('.ag-header-cell[col-id="days"] .ag-header-cell-filter-button').click();
    await grid.locator('.ag-filter-body input').first().fill(IMAGE);
    await grid.getByRole('button', { name: 'Apply' }).click();
    await expect(grid.getByRole('alert')).toContainText(`invalid input syntax for type integer: "${IMAGE}"`);

    // The journey: the client's id, its channel, session and page
    await holdsTextAlone(grid);
    await grid.getByRole('button', { name: 'Clear Filters' }).first().click();
    await grid.getByRole('button', { name: 'Open Journey' }).first().click();
    const journey = await workbench.webview('Journey: <img');
    await expect(journey.getByRole('heading', { level: 1 })).toHaveText(CLIENT);
    await expect(journey.locator('.lane-label').filter({ hasText: CHANNEL.slice(0, 8) })).toBeVisible();
    await journey.locator('.mark:not(.purchase)').first().hover();
    await expect(journey.locator('.tooltip')).toContainText('javascript:top.pwned=pwned=1//');
    await workbench.shoot('hostile-journey');
    await holdsTextAlone(journey);
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
    expect(said).toEqual([]);
  } finally {
    page.off('dialog', onDialog);
    fs.rmSync(model);
    await database.query('drop table if exists marts.hostile');
    await database.query('delete from staging.stg_events where client_id = $1', [CLIENT]);
    await database.end();
  }
});
