import { execFileSync } from 'node:child_process';
import { expect, test } from './fixtures';

/** Process ids of the language servers that run for the installed extension. */
function servers(): number[] {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n').filter((line) => line.includes('language-server.js') && line.includes('--clientProcessId')).map((line) => Number.parseInt(line, 10));
}

test('writing SQL is helped as it is typed, and a server that was killed or hangs comes back', async ({ workbench }) => {
  test.setTimeout(300_000);
  const { page } = workbench;
  const offers = page.locator('.suggest-widget.visible .monaco-list-row');
  // What is typed before the server has started is not asked of it again: then on another line
  const typed = (text: string, offer: string): Promise<void> => expect(async () => {
    await page.keyboard.press('Escape');
    await page.keyboard.press('ControlOrMeta+End');
    await page.keyboard.press('Enter');
    await page.keyboard.type(text, { delay: 20 });
    await expect(offers.filter({ hasText: offer }).first()).toBeVisible({ timeout: 8000 });
  }).toPass({ timeout: 60_000 });
  await workbench.open('dbt/models/marts/channel_performance.sql');
  await typed('{{ ref(\'int_touch', 'int_touchpoints');
  await workbench.shoot('completion');
  // Windows that were closed keep theirs for a while
  const before = servers();
  expect(before.length).toBeGreaterThan(0);
  for (const pid of before) process.kill(pid, 'SIGKILL');
  await expect.poll(() => servers().filter((pid) => !before.includes(pid)).length, { timeout: 30_000 }).toBeGreaterThan(0);
  await page.keyboard.press('Escape');
  await typed('{{ source(\'raw\', \'even', 'events');
  await page.keyboard.press('Escape');
  // One that hangs is no better than one that is gone
  const hanging = servers();
  for (const pid of hanging) process.kill(pid, 'SIGSTOP');
  await expect(workbench.notification('The dbt language server gave no answer for 20 seconds and was started again')).toBeVisible({ timeout: 60_000 });
  await typed('{{ var(\'attribution_wi', 'attribution_window_days');
  await page.keyboard.press('Escape');
  for (const pid of hanging.filter((one) => servers().includes(one))) process.kill(pid, 'SIGKILL');
});

test.describe('in a folder that is not trusted', () => {
  test.use({ trust: 'restricted' });

  test('files are read, so hovers and definitions work', async ({ workbench }) => {
    await workbench.open('dbt/models/marts/first_touch_attribution.sql');
    const name = workbench.page.locator('.monaco-editor .view-line span span').filter({ hasText: 'int_purchase_attribution' }).last();
    await expect(async () => {
      await workbench.page.mouse.move(700, 500);
      await name.hover();
      await expect(workbench.page.locator('.monaco-hover:visible').filter({ hasText: 'int_purchase_attribution' }).first()).toBeVisible({ timeout: 8000 });
    }).toPass({ timeout: 60_000 });
  });
});
