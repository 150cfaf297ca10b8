/** Opens a window and waits until VS Code says that the tests in it ended: `node open-host.mjs <url>`; their exit code is ours. */
import { chromium } from '@playwright/test';
import { launchOptions } from './chromium.mjs';

const LIMIT_MS = 240_000;

const browser = await chromium.launch(launchOptions());
const page = await browser.newPage();
const ended = new Promise((resolve) => {
  // VS Code's own hook for those who automate it
  page.exposeFunction('codeAutomationExit', resolve);
  page.once('crash', () => resolve(1));
  setTimeout(resolve, LIMIT_MS, 1).unref();
});
await page.goto(process.argv[2]);
const code = await ended;
await browser.close();
process.exit(code);
