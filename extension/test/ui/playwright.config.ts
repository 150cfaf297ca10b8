import path from 'node:path';
import { defineConfig } from '@playwright/test';

const out = process.env['ATTRIBUTION_UI_RESULTS'] ?? path.join(import.meta.dirname, 'results');

/** One window after the other: two would share two cores, and one Dagster. Limits are for a machine that is busy with the other lane too. */
export default defineConfig({
  testDir: import.meta.dirname,
  outputDir: out,
  workers: 1,
  fullyParallel: false,
  // What passes only at a later try is listed as flaky
  retries: 2,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  forbidOnly: Boolean(process.env['CI']),
});
