/** One window for all tests, tidied between them; a fresh one, another folder or restricted mode where a test asks for it. */
import { test as base, chromium, expect, type Browser, type Page } from '@playwright/test';
import { launchOptions } from '../chromium.mjs';
import { Workbench, type WindowPlace } from './workbench';

export { expect };
export type { Workbench };

interface UiPlace { readonly workspace: string; readonly python: string; readonly windows: Readonly<Record<'trusted' | 'restricted', WindowPlace>> }

interface Options {
  /** a new window for each test of the file or group */
  readonly fresh: boolean;
  /** whether the folder is trusted; restricted mode always takes a fresh window */
  readonly trust: 'trusted' | 'restricted';
  /** another folder than the copy of the project; takes a fresh window */
  readonly folder: string | undefined;
}

interface Shared { readonly browser: Browser; page: Page | undefined }

const place = JSON.parse(process.env['ATTRIBUTION_UI'] ?? 'null') as UiPlace | null;

export const test = base.extend<Options & { workbench: Workbench }, { shared: Shared; ui: UiPlace }>({
  fresh: [false, { option: true }],
  trust: ['trusted', { option: true }],
  folder: [undefined, { option: true }],

  ui: [async ({}, use) => {
    if (!place) throw new Error('Run the specs by `node extension/test/run-ui.mjs`: it starts what they need.');
    await use(place);
  }, { scope: 'worker' }],

  shared: [async ({}, use) => {
    const browser = await chromium.launch(launchOptions());
    await use({ browser, page: undefined });
    await browser.close();
  }, { scope: 'worker', timeout: 60_000 }],

  workbench: async ({ shared, ui, fresh, trust, folder }, use, info) => {
    const window = ui.windows[trust];
    const alone = fresh || trust === 'restricted' || folder !== undefined;
    const reused = alone ? undefined : shared.page;
    const page = reused ?? await newPage(shared.browser);
    const workbench = new Workbench(page, window, folder ?? ui.workspace);
    // A new window has what an earlier one held unsaved
    if (!reused) await workbench.load();
    await workbench.tidy();
    if (!alone) shared.page = page;
    await use(workbench);
    if (info.status !== info.expectedStatus) {
      await info.attach('window', { body: await page.screenshot({ path: info.outputPath('window.png') }), contentType: 'image/png' });
      // Whatever state it is in now: the next test gets another
      if (!alone) shared.page = undefined;
    }
    workbench.restoreSettings();
    if (alone || info.status !== info.expectedStatus) await page.context().close();
  },
});

async function newPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  // What never comes is told long before the whole test's time is over
  page.setDefaultTimeout(60_000);
  return page;
}
