import type { FrameLocator } from '@playwright/test';
import { expect, type Workbench } from './fixtures';

/** From the palette to the client's journey. */
export async function journeyOf(workbench: Workbench, clientId: string, typed = clientId): Promise<FrameLocator> {
  await workbench.command('Attribution: Find Client…');
  await expect(workbench.quickInput.locator('input[type=text]').first()).toHaveAttribute('placeholder', 'Beginning of a client id');
  await workbench.type(typed);
  // The services of a new window are starting
  await expect(workbench.quickInput.locator('.monaco-list-row').filter({ hasText: clientId })).toBeVisible({ timeout: 60_000 });
  await workbench.pick(clientId);
  const frame = await workbench.webview(`Journey: ${clientId}`);
  await expect(frame.getByRole('heading', { level: 1, name: clientId })).toBeVisible({ timeout: 60_000 });
  return frame;
}
