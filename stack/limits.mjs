/** Time limits that also end when the command is interrupted. */

/**
 * What `AbortSignal.any([AbortSignal.timeout(ms), signal])` gives, also on the first releases of Node 20.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {AbortSignal}
 */
export function within(ms, signal) {
  const controller = new AbortController();
  if (signal?.aborted) controller.abort(signal.reason);
  signal?.addEventListener('abort', () => controller.abort(signal.reason), { once: true, signal: controller.signal });
  setTimeout(() => controller.abort(new Error(`no answer within ${ms / 1000} s`)), ms).unref();
  return controller.signal;
}
