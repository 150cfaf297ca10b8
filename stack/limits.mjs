/** Time limits that also end when the command is interrupted. */
import { setMaxListeners } from 'node:events';

/**
 * A signal that aborts after `ms` milliseconds, or when the command is interrupted.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {AbortSignal}
 */
export function within(ms, signal) {
  const limit = AbortSignal.timeout(ms);
  if (!signal) return limit;
  if (AbortSignal.any) return AbortSignal.any([limit, signal]);
  // The first releases of Node 20 have no `any`
  const either = new AbortController();
  setMaxListeners(0, signal);
  for (const one of [limit, signal]) {
    if (one.aborted) either.abort(one.reason);
    one.addEventListener('abort', () => either.abort(one.reason), { once: true, signal: either.signal });
  }
  return either.signal;
}
