/** What can be configured of a dbt resource: shared by completion, hover and the rules on YAML. */
export interface ConfigKey {
  description: string;
  /** literal values it takes; each is text */
  values?: readonly string[];
  form: 'text' | 'boolean' | 'list' | 'mapping' | 'number';
  /** keys of a mapping, with what each takes */
  keys?: Readonly<Record<string, ConfigKey>>;
  /** where it makes sense; every resource without it */
  of?: readonly ResourceKind[];
}

export type ResourceKind = 'model' | 'seed' | 'snapshot' | 'test' | 'source' | 'unit_test';

const text = (description: string, values?: readonly string[], of?: readonly ResourceKind[]): ConfigKey => ({ form: 'text', description, ...(values ? { values } : {}), ...(of ? { of } : {}) });
const flag = (description: string, of?: readonly ResourceKind[]): ConfigKey => ({ form: 'boolean', description, ...(of ? { of } : {}) });
const list = (description: string, of?: readonly ResourceKind[]): ConfigKey => ({ form: 'list', description, ...(of ? { of } : {}) });
const mapping = (description: string, keys: Readonly<Record<string, ConfigKey>> = {}, of?: readonly ResourceKind[]): ConfigKey => ({ form: 'mapping', description, keys, ...(of ? { of } : {}) });

const BUILT: readonly ResourceKind[] = ['model', 'seed', 'snapshot'];

/** Strategies that dbt's PostgreSQL adapter has; a project adds its own by macros `get_incremental_<name>_sql`. */
const INCREMENTAL_STRATEGIES: readonly string[] = ['append', 'merge', 'delete+insert', 'microbatch'];
/** Materializations that dbt brings along; a project adds its own by `{% materialization %}`. */
const MATERIALIZATIONS: readonly string[] = ['table', 'view', 'incremental', 'ephemeral', 'materialized_view'];

export const CONFIG_KEYS: Readonly<Record<string, ConfigKey>> = {
  materialized: text('How the model is built in the database.', MATERIALIZATIONS, ['model']),
  schema: text('Custom schema; `generate_schema_name` makes the real one of it.', undefined, BUILT),
  alias: text('Name of the relation in the database, where it differs from the file’s.'),
  database: text('Database of the relation.', undefined, BUILT),
  tags: list('Tags to select by, `tag:name`; they add up.'),
  enabled: flag('Whether dbt knows it at all.'),
  unique_key: text('Column, or list of columns, that identifies a row of an incremental model or a snapshot.', undefined, ['model', 'snapshot']),
  incremental_strategy: text('How new rows come into an incremental model.', INCREMENTAL_STRATEGIES, ['model']),
  incremental_predicates: list('Further conditions on the rows of the target that a merge looks at.', ['model']),
  on_schema_change: text('What happens when the columns of an incremental model change.', ['ignore', 'fail', 'append_new_columns', 'sync_all_columns'], ['model']),
  merge_update_columns: list('The only columns that a merge updates.', ['model']),
  merge_exclude_columns: list('Columns that a merge leaves as they are.', ['model']),
  full_refresh: flag('`true` or `false` whatever `--full-refresh` says.', ['model', 'seed']),
  contract: mapping('The columns and types that the model promises; dbt refuses to build another shape.', {
    enforced: flag('Whether the contract is enforced.'),
    alias_types: flag('Whether types are translated to the database’s own names.'),
  }, ['model']),
  persist_docs: mapping('Writes descriptions into the database as comments.', {
    relation: flag('The description of the relation.'),
    columns: flag('The descriptions of its columns.'),
  }, BUILT),
  indexes: list('Indexes of the table: `{\'columns\': [...], \'unique\': true, \'type\': \'btree\'}`.', BUILT),
  pre_hook: list('SQL that runs before the model is built.', BUILT),
  post_hook: list('SQL that runs after the model is built.', BUILT),
  grants: mapping('Privileges and who gets them.', { select: list('Roles that may read it.') }, BUILT),
  meta: mapping('Anything of your own; it goes into the manifest.'),
  docs: mapping('How the documentation site shows it.', { show: flag('Whether it is shown.'), node_color: text('Colour of its node.') }, BUILT),
  group: text('Group that owns it.', undefined, BUILT),
  access: text('Who may refer to the model.', ['private', 'protected', 'public'], ['model']),
  unlogged: flag('An unlogged PostgreSQL table: faster to write, lost after a crash.', ['model']),
  batch_size: text('Length of a batch of a microbatch model.', ['hour', 'day', 'month', 'year'], ['model']),
  event_time: text('Column that tells when a row happened.', undefined, ['model', 'seed', 'snapshot', 'source']),
  begin: text('From when a microbatch model starts.', undefined, ['model']),
  lookback: { form: 'number', description: 'How many batches before the latest are built again.', of: ['model'] },
  concurrent_batches: flag('Whether batches may run at the same time.', ['model']),
  sql_header: text('SQL in front of the statement that builds it.', undefined, ['model']),
  packages: list('Python packages of a Python model.', ['model']),
  on_configuration_change: text('What happens when the configuration of a materialized view changes.', ['apply', 'continue', 'fail'], ['model']),
  strategy: text('How a snapshot tells that a row changed.', ['timestamp', 'check'], ['snapshot']),
  updated_at: text('Column that tells when a row was last changed.', undefined, ['snapshot']),
  check_cols: list('Columns whose change makes a new version, or `all`.', ['snapshot']),
  hard_deletes: text('What happens to rows that are gone.', ['ignore', 'invalidate', 'new_record'], ['snapshot']),
  target_schema: text('Schema of the snapshot.', undefined, ['snapshot']),
  target_database: text('Database of the snapshot.', undefined, ['snapshot']),
  dbt_valid_to_current: text('What stands in `dbt_valid_to` of a current row.', undefined, ['snapshot']),
  snapshot_meta_column_names: mapping('Other names for the columns that a snapshot adds.', {}, ['snapshot']),
  quote_columns: flag('Whether column names are quoted.', ['seed']),
  column_types: mapping('Types of a seed’s columns.', {}, ['seed']),
  delimiter: text('What separates the fields of a seed.', undefined, ['seed']),
  severity: text('Whether a failing test fails the run.', ['error', 'warn'], ['test']),
  error_if: text('Condition on the number of failures that makes an error: `>10`.', undefined, ['test']),
  warn_if: text('Condition on the number of failures that makes a warning: `>0`.', undefined, ['test']),
  fail_calc: text('How failures are counted; `count(*)` by default.', undefined, ['test']),
  limit: { form: 'number', description: 'The most failing rows that are returned.', of: ['test'] },
  store_failures: flag('Whether failing rows are kept in a table.', ['test']),
  store_failures_as: text('What failing rows are kept as.', ['table', 'view', 'ephemeral'], ['test']),
  where: text('Condition on the rows that are tested.', undefined, ['test']),
  freshness: mapping('How old a source may be.', {}, ['source']),
  loaded_at_field: text('Column that tells when a row was loaded.', undefined, ['source']),
  loaded_at_query: text('Query that tells when the table was last loaded.', undefined, ['source']),
};

/** The config keys of a resource, as `config()` writes them (underscores). */
export function configKeysOf(kind: ResourceKind): [string, ConfigKey][] {
  return Object.entries(CONFIG_KEYS).filter(([, key]) => key.of === undefined || key.of.includes(kind));
}

/** One of `CONFIG_KEYS` by a name as YAML may write it: `+pre-hook`, `pre_hook`. */
export function configKey(name: string): ConfigKey | undefined {
  const plain = name.replace(/^\+/, '').replaceAll('-', '_');
  return Object.hasOwn(CONFIG_KEYS, plain) ? CONFIG_KEYS[plain] : undefined;
}
