/** The grid's filters and the host's: what can be asked of which kind of column, and in whose words. */
import type { ColumnFilter, ColumnKind, Condition, GridColumn, Operator, Sort, View } from '../protocol';

interface Choice {
  displayKey: Operator;
  displayName: string;
  numberOfInputs: 0 | 1 | 2;
  /** never asked: the database filters */
  predicate: () => boolean;
}

const choice = (displayKey: Operator, displayName: string, numberOfInputs: 0 | 1 | 2 = 1): Choice => ({ displayKey, displayName, numberOfInputs, predicate: () => true });

const NULLS = [choice('isNull', 'Is null', 0), choice('isNotNull', 'Is not null', 0)];
const TEXT = [
  choice('contains', 'Contains'), choice('notContains', 'Does not contain'), choice('equals', 'Equals'), choice('notEqual', 'Does not equal'),
  choice('startsWith', 'Begins with'), choice('endsWith', 'Ends with'), choice('isEmpty', 'Is empty text', 0), ...NULLS,
];
const ordered = (less: string, greater: string): Choice[] => [
  choice('equals', 'Equals'), choice('notEqual', 'Does not equal'), choice('less', less), choice('lessEqual', `${less} or equal`),
  choice('greater', greater), choice('greaterEqual', `${greater} or equal`), choice('between', 'Between', 2), ...NULLS,
];

const CHOICES: Record<ColumnKind, Choice[]> = {
  text: TEXT,
  other: TEXT,
  number: ordered('Less than', 'Greater than'),
  time: ordered('Before', 'After'),
  boolean: [choice('isTrue', 'Is true', 0), choice('isFalse', 'Is false', 0), ...NULLS],
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
