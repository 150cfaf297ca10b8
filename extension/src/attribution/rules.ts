import { DAY, type Micros } from './time';
import { t } from '../base/l10n';

/** The variables of the dbt project that decide what counts (attribution rules, section 4). */
export interface Rules {
  /** length of the window in days of 24 hours; may be a fraction */
  windowDays: number;
  /** event types that can be touches */
  touchTypes: readonly string[];
}

export const DEFAULT_RULES: Rules = { windowDays: 30, touchTypes: ['page_view'] };

/** The rules that a dbt project's variables say; the default for a variable that is missing or makes no sense. */
export function rulesOf(vars: Readonly<Record<string, unknown>>): Rules {
  const { attribution_window_days: days, touchpoint_event_types: types } = vars;
  return {
    windowDays: typeof days === 'number' && Number.isFinite(days) && days >= 0 ? days : DEFAULT_RULES.windowDays,
    touchTypes: Array.isArray(types) ? types.filter((type) => typeof type === 'string') : DEFAULT_RULES.touchTypes,
  };
}

/** Both ends belong to it. */
export interface Window {
  start: Micros;
  end: Micros;
}

/** The window of a purchase at this time. */
export function windowOf(purchaseTime: Micros, { windowDays }: Rules): Window {
  return { start: purchaseTime - BigInt(Math.round(windowDays * Number(DAY))), end: purchaseTime };
}

/** `30-day window` */
export const windowInWords = ({ windowDays }: Rules): string => t('{0}-day window', windowDays);
