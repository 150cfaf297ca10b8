/** The grid's filters and the host's: what can be asked of which kind of column, and in whose words. */
import { t } from '../../base/l10n';
import type { ColumnFilter, ColumnKind, Condition, GridColumn, Operator, Sort, View } from '../protocol';

interface Choice {
  displayKey: Operator;
  displayName: string;
  numberOfInputs: 0 | 1 | 2;
  /** never asked: the database filters */
  predicate: () => boolean;
}

const choice = (displayKey: Operator, displayName: string, numberOfInputs: 0 | 1 | 2 = 1): Choice => ({ displayKey, displayName, numberOfInputs, predicate: () => true });

const NULLS = [choice('isNull', t('Is null'), 0), choice('isNotNull', t('Is not null'), 0)];
const TEXT = [
  choice('contains', t('Contains')), choice('notContains', t('Does not contain')), choice('equals', t('Equals')), choice('notEqual', t('Does not equal')),
  choice('startsWith', t('Begins with')), choice('endsWith', t('Ends with')), choice('isEmpty', t('Is empty text'), 0), ...NULLS,
];
const ordered = (less: string, greater: string): Choice[] => [
  choice('equals', t('Equals')), choice('notEqual', t('Does not equal')), choice('less', less), choice('lessEqual', t('{0} or equal', less)),
  choice('greater', greater), choice('greaterEqual', t('{0} or equal', greater)), choice('between', t('Between'), 2), ...NULLS,
];

const CHOICES: Record<ColumnKind, Choice[]> = {
  text: TEXT,
  other: TEXT,
  number: ordered(t('Less than'), t('Greater than')),
  time: ordered(t('Before'), t('After')),
  boolean: [choice('isTrue', t('Is true'), 0), choice('isFalse', t('Is false'), 0), ...NULLS],
};

export const choicesOf = ({ kind }: GridColumn): Choice[] => CHOICES[kind];

interface GridCondition {
  type?: string | null;
  filter?: string | null;
  filterTo?: string | null;
}

interface GridFilter extends GridCondition {
  operator?: string;
  conditions?: GridCondition[];
}

/** @param sorts the grid's sort model  @param filters the grid's filter model, by column */
export function viewOf(sorts: readonly { colId: string; sort: string | null | undefined }[], filters: Readonly<Record<string, unknown>> | null | undefined): View {
  const filter = Object.entries(filters ?? {}).map(([column, model]): ColumnFilter => {
    const { operator, conditions, ...only } = model as GridFilter;
    return { column, join: operator === 'OR' ? 'or' : 'and', conditions: (conditions ?? [only]).flatMap(conditionOf) };
  });
  const sort = sorts.flatMap(({ colId, sort: direction }): Sort[] => (direction ? [{ column: colId, descending: direction === 'desc' }] : []));
  return { sort, filter: filter.filter(({ conditions }) => conditions.length > 0) };
}

function conditionOf({ type, filter, filterTo }: GridCondition): Condition[] {
  if (!type) return [];
  return [{ operator: type as Operator, ...(typeof filter === 'string' ? { value: filter } : {}), ...(typeof filterTo === 'string' ? { to: filterTo } : {}) }];
}

/** The grid's filter model for exact values, by column. */
export const exactly = (values: Readonly<Record<string, string>>): Record<string, { filterType: 'text'; type: Operator; filter: string }> =>
  Object.fromEntries(Object.entries(values).map(([column, filter]) => [column, { filterType: 'text', type: 'equals', filter }]));
