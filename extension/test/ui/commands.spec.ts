import { expect, test, type Workbench } from './fixtures';
import { journeyOf } from './journeys';

/** The commands of the palette that no other spec calls. */
const RUN_MS = 90_000;
const MARTS = 'dbt/models/marts';

const ready = (workbench: Workbench): Promise<void> => expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });
const ended = (workbench: Workbench, text: string | RegExp): Promise<void> => expect(workbench.status(text)).toBeVisible({ timeout: RUN_MS });

test('with downstream; a whole rebuild; the run in Dagster\'s own pages and in the log', async ({ workbench }) => {
  test.setTimeout(240_000);
  await ready(workbench);
  await workbench.open(`${MARTS}/last_touch_attribution.sql`);
  // A journey beside it follows the run, and keeps the purchase that was selected
  const journey = await journeyOf(workbench, 'client_two_baskets');
  await journey.getByRole('button', { name: 'Previous purchase' }).click();
  await expect(journey.locator('.sentence')).toContainText('33.00 on 12 May 2024');
  await workbench.tab('last_touch_attribution.sql').click();
  await workbench.command('Attribution: Materialize With Downstream');
  await expect(workbench.notification('Run of last_touch_attribution and 1 more')).toBeVisible({ timeout: 30_000 });
  await ended(workbench, 'Materialized last_touch_attribution and 1 more');
  await expect(journey.locator('[role=status]')).toContainText('Updated: last_touch_attribution');
  await expect(journey.locator('.sentence')).toContainText('33.00 on 12 May 2024');
  await expect(journey.getByRole('radio', { checked: true })).toHaveAccessibleName(/33\.00/);

  await workbench.command('Attribution: Full Refresh…');
  await expect(workbench.quickInput.getByPlaceholder('Rebuild which assets whole')).toBeVisible();
  await workbench.quickInput.getByRole('button', { name: 'OK' }).click();
  await ended(workbench, /Materialized last_touch_attribution in/);
  await workbench.command('Attribution: Show Run Log');
  await expect(workbench.page.locator('.part.panel .view-lines')).toContainText('--full-refresh');
  await expect(workbench.page.locator('.part.panel .view-lines')).toContainText('Materialized last_touch_attribution in');

  for (const [command, text] of [['Attribution: Open Run in Dagster', 'last_touch_attribution'], ['Attribution: Open Dagster', 'Overview']] as const) {
    const opened = workbench.page.context().waitForEvent('page');
    await workbench.command(command);
    const open = workbench.dialog(/open the external website/).getByRole('button', { name: 'Open', exact: true });
    const page = await Promise.race([opened, open.click({ timeout: 20_000 }).then(() => opened)]);
    await expect(page.locator('body')).toContainText(text, { timeout: 60_000 });
    await page.close();
  }
});

test('with upstream, cancelled by the palette, then everything', async ({ workbench }) => {
  test.setTimeout(240_000);
  await ready(workbench);
  await workbench.open(`${MARTS}/channel_performance.sql`);
  await workbench.command('Attribution: Materialize With Upstream');
  await expect(workbench.notification(/Run of .* and \d+ more/)).toBeVisible({ timeout: 30_000 });
  await workbench.command('Attribution: Cancel Run');
  await ended(workbench, /Canceled .* and \d+ more/);
  await expect(workbench.status(/Canceled/)).toHaveCount(0, { timeout: 30_000 });
  // What was left half-way is made whole again
  await workbench.command('Attribution: Materialize All');
  await expect(workbench.notification(/Run of .* and 1[0-9] more/)).toBeVisible({ timeout: 30_000 });
  await ended(workbench, /Materialized .* and 1[0-9] more/);
});

test('the project parsed again, assets asked again, an interpreter chosen, headers kept out of sight', async ({ workbench }) => {
  await ready(workbench);
  await workbench.command('Attribution: Parse dbt Project and Reload');
  await expect(workbench.notification('Parsing the dbt project')).toBeVisible();
  await expect(workbench.notification('Parsing the dbt project')).toHaveCount(0, { timeout: 60_000 });
  await workbench.command('Attribution: Refresh Assets');
  await workbench.command('Attribution: Select Python Interpreter…');
  await expect(workbench.quickInput.locator('.monaco-list-row').first()).toContainText(/Python 3\.\d+\.\d+ · dbt 1\.11/, { timeout: 30_000 });
  await workbench.page.keyboard.press('Escape');
  await workbench.command('Attribution: Set Headers for a Remote Dagster…');
  await expect(workbench.quickInput.locator('input[type=password]')).toBeVisible();
  await workbench.quickInput.locator('input[type=password]').fill('no colon');
  await expect(workbench.quickInput).toContainText('Each header is');
  await workbench.page.keyboard.press('Escape');
});

test('stopped and said so, started again; the set-up runs in a terminal', async ({ workbench }) => {
  test.setTimeout(240_000);
  await ready(workbench);
  await workbench.command('Attribution: Stop Database and Dagster');
  await expect(workbench.status('Attribution: stopped')).toBeVisible({ timeout: 40_000 });
  await workbench.tree('Assets');
  await workbench.shoot('stopped');
  await workbench.command('Attribution: Set Up This Project');
  await expect(workbench.page.locator('.part.panel .xterm')).toBeVisible({ timeout: 30_000 });
  await ready(workbench);
  await workbench.command('Attribution: Restart Database and Dagster');
  await expect(workbench.status(/Attribution: (stopped|starting)/)).toBeVisible({ timeout: 40_000 });
  await ready(workbench);
});
