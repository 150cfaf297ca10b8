/** A followed run in words: pure. */
import type { Run } from '../dagster/types';

/** One line for a progress notification: how many of how many, and what is at work now. */
export function progressOf({ status, done, total, progress }: Pick<Run, 'status' | 'done' | 'total' | 'progress'>): string {
  if (status === 'queued') return 'waiting in the queue';
  if (status === 'starting') return 'starting';
  if (status === 'canceling') return 'canceling';
  const count = total > 1 ? `${done} of ${total}` : '';
  return [count, progress].filter((part) => part !== '').join(' · ') || 'running';
}

/** How a run ended, in one line. Seconds are rounded to whole ones above ten. @param did "Materialized" or "Checked" */
export function endOf(run: Pick<Run, 'status' | 'assets' | 'failures' | 'done' | 'total'>, words: string, milliseconds: number, did = 'Materialized'): string {
  const seconds = milliseconds / 1000;
  const time = seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
  switch (run.status) {
    case 'succeeded':
      return `${did} ${words} in ${time}.`;
    case 'canceled':
      return `Canceled ${words} after ${time}.`;
    default: {
      const [failure] = run.failures;
      const more = run.failures.length > 1 ? ` (and ${run.failures.length - 1} more)` : '';
      return failure ? `${failure.model ?? failure.step ?? words} failed: ${failure.message.split('\n')[0] ?? ''}${more}` : `The run of ${words} failed.`;
    }
  }
}
