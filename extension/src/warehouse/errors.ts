/** What goes wrong between us and PostgreSQL, in words. */
import type { DatabaseError } from 'pg';
import { HumanError, messageOf } from '../base/errors';

/** PostgreSQL does not answer, or does not let us in. */
export class Unavailable extends HumanError {}

/** The table or schema is not there. */
export class MissingRelation extends HumanError {}

/** The query took longer than it may. */
export class TimedOut extends HumanError {}

const MISSING = new Set(['42P01', '3F000']);
const LOST = new Set(['57P01', '57P02', '57P03', '08000', '08003', '08006', 'ECONNRESET', 'EPIPE']);

export const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

/** Whether the connection went away under the query, so that asking once more on another one is worth it. */
export function isLostConnection(error: unknown): boolean {
  return LOST.has(codeOf(error)) || /Connection terminated|not queryable|Client was closed/.test(messageOf(error));
}

/** The server is coming up or going down: it will answer soon. */
export const isStarting = (error: unknown): boolean => codeOf(error) === '57P03';

/** Whether the server refused who logs in, and not what was asked. */
export const isRefusedLogin = (error: unknown): boolean => codeOf(error).startsWith('28');

export function unavailable(error: unknown, where: string): Unavailable {
  if (/client password must be a/.test(messageOf(error))) {
    return new Unavailable(`PostgreSQL at ${where} asks for a password, and dbt's profile gives none. Set it in profiles.yml, or in the variable that is named there.`, [], { cause: error });
  }
  const start = { title: 'Start Services', command: 'attribution.startServices' };
  return new Unavailable(`PostgreSQL at ${where} cannot be reached: ${messageOf(error)}`, isRefusedLogin(error) ? [] : [start], { cause: error });
}

/** @param milliseconds what it was given */
export function timedOut(milliseconds: number, cause?: unknown): TimedOut {
  const open = { title: 'Open Setting', command: 'workbench.action.openSettings', args: ['attribution.preview.timeout'] };
  return new TimedOut(`The query took longer than ${milliseconds / 1000} s and was stopped. Narrow it down by a filter, or give it more time.`, [open], { cause });
}

/** The server's words, with its detail and hint; the position stays in `cause`. */
export function queryError(error: unknown, timeout: number): Error {
  if (error instanceof HumanError || !(error instanceof Error) || !('severity' in error)) return error instanceof Error ? error : new Error(messageOf(error));
  const { code, message, detail, hint } = error as DatabaseError;
  if (code === '57014' && message.includes('statement timeout')) return timedOut(timeout, error);
  const words = [message, detail, hint].filter(Boolean).join('. ');
  return MISSING.has(code ?? '') ? new MissingRelation(words, [], { cause: error }) : new HumanError(words, [], { cause: error });
}
