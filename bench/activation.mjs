/**
 * How long the extension keeps the extension host busy while it activates, as VS Code itself measures it, beside the extensions that come
 * with VS Code: `node bench/activation.mjs [--rounds 5]`. Milliseconds; target: under 150.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { browserFolder, startWorkbench } from '../stack/browser.mjs';
import { packExtension } from '../stack/editor.mjs';
import { launchOptions } from '../extension/test/chromium.mjs';
import { stopMarked, MARK } from '../extension/test/leftovers.mjs';
import { cleanEnv, copyProject, main, provideExtension, testFolder } from '../extension/test/workspace.mjs';

const OURS = 'attribution-workbench.attribution-workbench';
const PATIENCE_MS = 60_000;

await main(async (place, { args, signal }) => {
  const rounds = Number(args[args.indexOf('--rounds') + 1] || 5);
  await provideExtension(place, { browser: true, signal });
  const base = path.join(testFolder(place), 'activation');
  fs.rmSync(base, { recursive: true, force: true });
  const copy = copyProject(place, path.join(base, 'workspace'));
  const { chromium } = createRequire(path.join(browserFolder(place), 'package.json'))('playwright');
  const { url, stop } = await startWorkbench(place, {
    folder: copy.root, dataDir: path.join(base, 'server'), signal, extensions: [await packExtension(place, { signal })], env: { ...cleanEnv(), [MARK]: base },
    // What is measured is the activation, not what the services cost afterwards
    userSettings: { 'attribution.dagster.autoStart': false },
  });
  const browser = await chromium.launch(launchOptions());
  try {
    const times = new Map();
    for (let round = 0; round < rounds; round++) {
      const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      await page.goto(url);
      await page.locator('.statusbar-item', { hasText: 'attribution' }).first().waitFor({ timeout: PATIENCE_MS });
      for (const [id, time] of await activations(page)) times.set(id, [...(times.get(id) ?? []), time]);
      await page.context().close();
    }
    const rows = [...times].map(([id, all]) => ({ id, median: median(all), worst: Math.max(...all) })).sort((one, other) => other.median - one.median);
    for (const { id, median: middle, worst } of rows) process.stdout.write(`${id === OURS ? '→' : ' '} ${id.padEnd(48)} median ${middle} ms, worst ${worst} ms\n`);
    const ours = rows.find(({ id }) => id === OURS);
    if (!ours) throw new Error('The extension is not in the list of running extensions.');
    return ours.median < 150 ? 0 : 1;
  } finally {
    await browser.close();
    await stop();
    await stopMarked(base);
  }
});

/** The list that "Show Running Extensions" shows: id and activation in milliseconds. */
async function activations(page) {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').first().fill('>Developer: Show Running Extensions');
  await page.locator('.quick-input-widget .monaco-list-row').first().click();
  const rows = page.locator('.runtime-extensions-editor .monaco-list-row');
  await rows.first().waitFor({ timeout: PATIENCE_MS });
  const found = new Map();
  for (const row of await rows.all()) {
    const time = /Activation: (\d+)ms/.exec(await row.innerText())?.[1];
    const id = await row.locator('.extension').first().getAttribute('data-extension-id').catch(() => null) ?? (await row.getAttribute('aria-label')) ?? '';
    const name = /attribution/i.test(id) ? OURS : id;
    if (time !== undefined) found.set(name, Number(time));
  }
  return found;
}

function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}
