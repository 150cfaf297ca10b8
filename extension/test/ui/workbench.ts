/** The window of VS Code as a person uses it: palette, editors, views, notifications, webviews. */
import fs from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import { expect, type FrameLocator, type Locator, type Page } from '@playwright/test';

export interface WindowPlace { readonly url: string; readonly dataDir: string }
export type Theme = keyof typeof THEMES;

const THEMES = {
  light: { name: 'Light Modern', css: 'vs' },
  dark: { name: 'Dark Modern', css: 'vs-dark' },
  hc: { name: 'Default High Contrast', css: 'hc-black' },
  'hc-light': { name: 'Default High Contrast Light', css: 'hc-light' },
} as const;
const SHOTS = path.join(import.meta.dirname, 'shots');

export class Workbench {
  readonly #settingsFile: string;
  readonly #settings: string | undefined;

  /** @param folder the opened folder, an absolute path */
  constructor(readonly page: Page, readonly window: WindowPlace, readonly folder: string) {
    // A window in the browser follows changes of the folder's settings, but not of the user's
    this.#settingsFile = path.join(folder, '.vscode', 'settings.json');
    this.#settings = fs.existsSync(this.#settingsFile) ? fs.readFileSync(this.#settingsFile, 'utf8') : undefined;
  }

  // ---- the window

  /** Opens the window and waits until it can be used. */
  async load(): Promise<void> {
    const url = new URL(this.window.url);
    url.searchParams.set('folder', this.folder);
    await this.page.goto(url.href);
    await expect(this.page.locator('.explorer-folders-view .monaco-list-row').first()).toBeVisible({ timeout: 60_000 });
    // Extensions are there when their views are
    await expect(this.page.locator('.activitybar').getByRole('tab', { name: /Attribution/ })).toBeVisible({ timeout: 60_000 });
  }

  /** As after opening: no editors, no panel, no notifications, the explorer in front. */
  async tidy(): Promise<void> {
    await this.page.keyboard.press('Escape');
    const tabs = this.page.locator('.editor-group-container .tab');
    while (await tabs.and(this.page.locator('.dirty')).count() > 0) await this.command('View: Revert and Close Editor');
    if (await tabs.count() > 0) await this.command('View: Close All Editors');
    if (await this.page.locator('.notification-toast').count() > 0) await this.command('Notifications: Clear All Notifications');
    if (await this.page.locator('.part.panel:visible').count() > 0) await this.command('View: Hide Panel');
    await this.command('View: Show Explorer');
  }

  /** Sets settings of the folder until the end of the test. */
  settings(values: Readonly<Record<string, unknown>>): void {
    fs.mkdirSync(path.dirname(this.#settingsFile), { recursive: true });
    const current = JSON.parse(fs.existsSync(this.#settingsFile) ? fs.readFileSync(this.#settingsFile, 'utf8') : '{}') as Record<string, unknown>;
    fs.writeFileSync(this.#settingsFile, JSON.stringify({ ...current, ...values }, null, 2));
  }

  restoreSettings(): void {
    if (this.#settings === undefined) fs.rmSync(this.#settingsFile, { force: true });
    else fs.writeFileSync(this.#settingsFile, this.#settings);
  }

  async theme(theme: Theme): Promise<void> {
    this.settings({ 'workbench.colorTheme': THEMES[theme].name });
    await expect(this.page.locator(`.monaco-workbench.${THEMES[theme].css}`)).toBeVisible();
  }

  /** A picture of the window, kept as `shots/<name>.png`. */
  async shoot(name: string): Promise<void> {
    await this.page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  }

  // ---- palette and quick picks

  /** The open quick pick or input box. */
  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget');
  }

  /**
   * Runs a command by the palette.
   * @param title as the palette shows it, with its category or without
   */
  async command(title: string): Promise<void> {
    const label = this.page.locator('.label-name', { hasText: new RegExp(`(^|: )${escape(title)}$`) });
    const row = this.quickInput.locator('.monaco-list-row').filter({ has: label }).first();
    // An open palette does not hear of commands and contexts that come later: open it again then
    await expect(async () => {
      await this.openPalette(title);
      await row.click({ timeout: 3000 });
      await expect(row).toBeHidden({ timeout: 3000 });
    }, `the palette offers "${title}"`).toPass({ timeout: 30_000 });
  }

  /** The titles that the palette offers for a text. */
  async offered(text: string): Promise<string[]> {
    await this.openPalette(text);
    await expect(this.quickInput.locator('.monaco-list-row').first()).toBeVisible();
    const titles = await this.quickInput.locator('.monaco-list-row .label-name').allInnerTexts();
    await this.page.keyboard.press('Escape');
    return titles;
  }

  private async openPalette(text: string): Promise<void> {
    const input = this.quickInput.locator('input[type=text]').first();
    // The window may take the focus away while it is busy
    await expect(async () => {
      await this.page.keyboard.press('Escape');
      await this.page.keyboard.press('F1');
      await input.fill(`>${text}`, { timeout: 2000 });
    }).toPass({ timeout: 20_000 });
  }

  /** Chooses in the open quick pick. */
  async pick(label: string | RegExp): Promise<void> {
    const row = this.quickInput.locator('.monaco-list-row').filter({ hasText: label }).first();
    await expect(row).toBeVisible();
    // A list that is drawn anew under the mouse swallows the click
    await expect(async () => {
      if (await row.isVisible()) await row.click({ timeout: 3000 });
      await expect(row).toBeHidden({ timeout: 5000 });
    }).toPass({ timeout: 30_000 });
  }

  /** The rows of a model, from the palette. What is still loading may take the focus from the list, which closes it: then again. */
  async preview(model: string): Promise<FrameLocator> {
    const title = new RegExp(`^${escape(model)}$`);
    await expect(async () => {
      await this.command('Attribution: Preview Rows');
      await this.pick(new RegExp(`^${escape(model)}`));
      await expect(this.tab(title)).toBeVisible({ timeout: 10_000 });
    }).toPass({ timeout: 90_000 });
    return this.webview(title);
  }

  /** Types into the open quick pick or input box. */
  async type(text: string): Promise<void> {
    await this.quickInput.locator('input[type=text]').first().fill(text);
  }

  // ---- editors

  /** Opens a file of the folder in an editor. @param file relative to the folder; `:line` may follow */
  async open(file: string): Promise<void> {
    const name = path.posix.basename(file).replace(/:\d+$/, '');
    await this.page.keyboard.press('ControlOrMeta+P');
    await this.type(`${this.folder}/${file}`);
    await this.pick(name);
    await expect(this.tab(name)).toBeVisible();
    await expect(this.page.locator('.editor-group-container.active .monaco-editor .view-line').first()).toBeVisible();
  }

  tab(title: string | RegExp): Locator {
    return this.page.locator('.editor-group-container .tab').filter({ hasText: title }).first();
  }

  /** A CodeLens of the visible editors whose text holds this. */
  lens(text: string | RegExp): Locator {
    return this.page.locator('.monaco-editor .codelens-decoration a').filter({ hasText: text });
  }

  /** The page in a webview editor, which is brought to the front. */
  async webview(title: string | RegExp): Promise<FrameLocator> {
    const tab = this.tab(title);
    await expect(tab).toBeVisible({ timeout: 30_000 });
    await tab.click();
    const group = this.page.locator('.editor-group-container').filter({ has: this.page.locator('.tab.active').filter({ hasText: title }) }).first();
    // The page lies over the editor, which names it
    const overlay = await group.locator('[id^="webview-editor-element"][aria-flowto]').first().getAttribute('aria-flowto', { timeout: 30_000 });
    const outer = this.page.locator(`[id="${overlay ?? ''}"] iframe.webview`);
    return outer.first().contentFrame().locator('#active-frame').contentFrame();
  }

  // ---- views, notifications, status bar

  /** A view of ours, brought to the front. @param name as its header says */
  async tree(name: string): Promise<Locator> {
    await this.command(`Focus on ${name} View`);
    return this.page.locator('.pane').filter({ has: this.page.locator('.pane-header', { hasText: name }) }).first();
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast').filter({ hasText: text });
  }

  dialog(text: string | RegExp): Locator {
    return this.page.locator('.monaco-dialog-box').filter({ hasText: text });
  }

  status(text: string | RegExp): Locator {
    return this.page.locator('.statusbar-item').filter({ hasText: text });
  }

  // ---- accessibility

  /** The violations that axe finds in a webview, in words; none is what passes. */
  async axe(frame: FrameLocator): Promise<string[]> {
    const handle = await (await frame.locator('html').elementHandle()).ownerFrame();
    if (!handle) throw new Error('The webview is gone.');
    await handle.evaluate(axe.source);
    const results = await handle.evaluate(async () => (globalThis as unknown as { axe: typeof axe }).axe.run(document));
    return results.violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html}\n  ${failureSummary ?? ''}`));
  }
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
