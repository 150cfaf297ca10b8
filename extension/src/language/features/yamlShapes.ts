/** What may stand where in dbt's YAML: properties files and dbt_project.yml. */
import type { FileRole } from '../project/types';
import { CONFIG_KEYS, configKeysOf, type ConfigKey, type ResourceKind } from './configKeys';

export type YamlValue =
  | 'text' | 'model-name' | 'seed-name' | 'snapshot-name' | 'macro-name' | 'column-name' | 'model' | 'reference' | 'column' | 'related-column' | 'argument' | 'test-name' | 'setting' | 'type';

export type Shape =
  | { map: Readonly<Record<string, Field>>; other?: Shape; names?: 'row' | 'columns' | 'variables' | 'folders' | 'macros' }
  | { list: Shape }
  | { tests: 'columns' | 'model' }
  | { value: YamlValue; values?: readonly string[] };

export interface Field {
  description: string;
  shape: Shape;
}

const text: Shape = { value: 'text' };
const one = (values: readonly string[]): Shape => ({ value: 'text', values });
const boolean = one(['true', 'false']);
const anything: Shape = { map: {}, other: text };
const field = (description: string, shape: Shape = text): Field => ({ description, shape });

function configShape(key: ConfigKey): Shape {
  if (key === CONFIG_KEYS['column_types']) return { map: {}, other: { value: 'type' }, names: 'columns' };
  switch (key.form) {
    case 'boolean': return boolean;
    case 'list': return { list: { value: 'setting' } };
    case 'mapping': return { map: Object.fromEntries(Object.entries(key.keys ?? {}).map(([name, inner]) => [name, field(inner.description, configShape(inner))])), other: text };
    case 'text':
    case 'number': return { value: 'setting' };
  }
}

function config(kind: ResourceKind): Field {
  return field('Settings; the same as `config()` in SQL.', { map: Object.fromEntries(configKeysOf(kind).map(([name, key]) => [name, field(key.description, configShape(key))])) });
}

const constraint: Shape = {
  map: {
    type: field('Kind of constraint.', one(['not_null', 'unique', 'primary_key', 'foreign_key', 'check', 'custom'])), name: field('Name of the constraint.'), expression: field('What a check holds, or what a foreign key adds.'),
    columns: field('Columns it is about.', { list: { value: 'column' } }), to: field('Relation a foreign key points to.', { value: 'reference' }), to_columns: field('Columns it points to.', { list: text }),
    warn_unenforced: field('Whether dbt warns where the database does not enforce it.', boolean), warn_unsupported: field('Whether dbt warns where the database does not know it.', boolean),
  },
};

const columns = (extra: Record<string, Field> = {}): Field => field('Columns, each with its name and what is to be known of it.', {
  list: {
    map: {
      name: field('Name of the column.', { value: 'column-name' }), description: field('What it holds; Markdown, `doc()` in `{{ }}`.'), data_type: field('Type in the database.', { value: 'type' }),
      data_tests: field('Tests of this column.', { tests: 'columns' }), tests: field('Tests of this column (the older word).', { tests: 'columns' }), constraints: field('Constraints of this column.', { list: constraint }),
      quote: field('Whether its name is quoted.', boolean), config: field('Settings of the column.', { map: { meta: field('Anything of your own.', anything), tags: field('Tags.', { list: text }) } }),
      meta: field('Anything of your own.', anything), tags: field('Tags.', { list: text }), ...extra,
    },
  },
});

function resource(kind: ResourceKind, name: YamlValue, extra: Record<string, Field> = {}): Shape {
  return {
    list: {
      map: {
        name: field('Its name.', { value: name }), description: field('What it is; say its grain. Markdown, `doc()` in `{{ }}`.'), config: config(kind), columns: columns(),
        data_tests: field('Tests of the whole.', { tests: 'model' }), tests: field('Tests of the whole (the older word).', { tests: 'model' }), meta: field('Anything of your own.', anything),
        docs: field('How the documentation site shows it.', configShape(CONFIG_KEYS['docs'] ?? { form: 'text', description: '' })), ...extra,
      },
    },
  };
}

const age: Shape = { map: { count: field('How many.'), period: field('Of what.', one(['minute', 'hour', 'day'])) } };
const freshness = field('How old the data may be.', { map: { warn_after: field('Age that is warned about.', age), error_after: field('Age that is an error.', age), filter: field('Condition on the rows looked at.') } });

const row: Shape = { list: { map: {}, other: text, names: 'row' } };
const fixture: Record<string, Field> = {
  rows: field('Literal rows; columns left out are null.', row), format: field('How rows are written.', one(['dict', 'csv', 'sql'])), fixture: field('File of `tests/fixtures` that holds the rows.'),
};

const versions = field('Versions of the model.', { list: { map: { v: field('Version.'), defined_in: field('Its file.'), config: config('model'), columns: columns(), description: field('What it is.') } } });

const expression = field('Column or expression that it stands for; its name by default.', { value: 'column' });
const grain = one(['day', 'week', 'month', 'quarter', 'year', 'hour', 'minute', 'second']);
const semanticModel: Shape = {
  map: {
    name: field('Its name.'), description: field('What it is.'), model: field('Model that it stands on.', { value: 'reference' }), label: field('Its name for people.'), primary_entity: field('Entity of its rows, where none is listed.'), config: field('Settings.', anything),
    defaults: field('What its measures have in common.', { map: { agg_time_dimension: field('Dimension that they are summed up by.') } }),
    entities: field('What its rows are joined by.', { list: { map: { name: field('Its name.'), type: field('What it is to a row.', one(['primary', 'unique', 'foreign', 'natural'])), expr: expression, description: field('What it is.') } } }),
    dimensions: field('What its measures are grouped by.', { list: { map: { name: field('Its name.'), type: field('What it is.', one(['categorical', 'time'])), expr: expression, description: field('What it is.'), label: field('Its name for people.'), type_params: field('Of a time.', { map: { time_granularity: field('How fine it is.', grain) } }) } } }),
    measures: field('What is summed up.', {
      list: {
        map: {
          name: field('Its name.'), agg: field('How it is summed up.', one(['sum', 'count', 'count_distinct', 'average', 'max', 'min', 'median', 'percentile', 'sum_boolean'])), expr: expression, description: field('What it says.'), label: field('Its name for people.'),
          agg_time_dimension: field('Dimension that it is summed up by.'), create_metric: field('Whether it is a metric, too.', boolean),
        },
      },
    }),
  },
};

/** The keys of a properties file. */
export const PROPERTIES: Shape = {
  map: {
    version: field('Always 2.', one(['2'])),
    models: field('Models, each with what is to be known of it.', resource('model', 'model-name', {
      constraints: field('Constraints of the whole table.', { list: constraint }), access: field('Who may refer to it.', one(['private', 'protected', 'public'])), group: field('Group that owns it.'),
      latest_version: field('Version that a plain `ref` means.'), deprecation_date: field('From when it should no longer be used.'), versions,
    })),
    seeds: field('Seeds.', resource('seed', 'seed-name')),
    snapshots: field('Snapshots.', resource('snapshot', 'snapshot-name', { relation: field('What is kept: a `ref` or a `source`.', { value: 'reference' }) })),
    sources: field('Tables that dbt reads and does not make.', {
      list: {
        map: {
          name: field('Name of the source, as `source()` says it.'), description: field('What it is.'), schema: field('Its schema; its name by default.'), database: field('Its database.'), loader: field('What loads it.'),
          loaded_at_field: field('Column that tells when a row was loaded.'), freshness, quoting: field('Which names are quoted.', { map: Object.fromEntries(['database', 'schema', 'identifier'].map((name) => [name, field('Whether it is quoted.', boolean)])) }),
          config: config('source'), meta: field('Anything of your own.', anything), tags: field('Tags.', { list: text }), overrides: field('Package whose source this replaces.'),
          tables: field('Its tables.', {
            list: {
              map: {
                name: field('Name of the table, as `source()` says it.'), description: field('What it is; say its grain.'), identifier: field('Its name in the database.'), columns: columns(), loaded_at_field: field('Column that tells when a row was loaded.'),
                freshness, data_tests: field('Tests of the table.', { tests: 'model' }), tests: field('Tests of the table (the older word).', { tests: 'model' }), config: config('source'), meta: field('Anything of your own.', anything), tags: field('Tags.', { list: text }),
              },
            },
          }),
        },
      },
    }),
    macros: field('Macros.', {
      list: {
        map: {
          name: field('Name of the macro.', { value: 'macro-name' }), description: field('What it does.'), docs: field('How the documentation site shows it.', anything), config: field('Settings.', anything), meta: field('Anything of your own.', anything),
          arguments: field('Its arguments.', { list: { map: { name: field('Name of the argument.', { value: 'argument' }), type: field('What it takes.', one(['string', 'integer', 'boolean', 'list', 'relation', 'column', 'any'])), description: field('What it means.') } } }),
        },
      },
    }),
    unit_tests: field('Tests of a model on literal rows.', {
      list: {
        map: {
          name: field('Name of the test.'), description: field('What it shows.'), model: field('Model that is tested.', { value: 'model' }), config: config('unit_test'), versions: field('Versions that are tested.', anything),
          given: field('Rows of its inputs; every ref and source of the model.', { list: { map: { input: field('`ref(\'…\')`, `source(\'…\', \'…\')` or `this`.', { value: 'reference' }), ...fixture } } }),
          expect: field('Rows that the model must make.', { map: fixture }),
          overrides: field('What is different in the test.', { map: { macros: field('What macros return.', { map: {}, other: text, names: 'macros' }), vars: field('Values of variables.', { map: {}, other: text, names: 'variables' }), env_vars: field('Values of environment variables.', anything) } }),
        },
      },
    }),
    exposures: field('What uses the models outside dbt.', {
      list: {
        map: {
          name: field('Its name.'), label: field('Its name for people.'), type: field('What it is.', one(['dashboard', 'notebook', 'analysis', 'ml', 'application'])), maturity: field('How far it can be relied on.', one(['high', 'medium', 'low'])), url: field('Where it is.'),
          description: field('What it shows.'), depends_on: field('What it reads.', { list: { value: 'reference' } }), owner: field('Who looks after it.', { map: { name: field('Name.'), email: field('Address.') } }), tags: field('Tags.', { list: text }), meta: field('Anything of your own.', anything), config: field('Settings.', anything), enabled: field('Whether dbt knows it.', boolean),
        },
      },
    }),
    data_tests: field('Singular tests.', { list: { map: { name: field('Its file’s name.'), description: field('What it shows.'), config: config('test') } } }),
    analyses: field('Analyses.', { list: { map: { name: field('Its file’s name.'), description: field('What it shows.'), config: field('Settings.', anything), columns: columns() } } }),
    groups: field('Groups of models with an owner.', { list: { map: { name: field('Its name.'), owner: field('Who looks after it.', { map: { name: field('Name.'), email: field('Address.') } }) } } }),
    semantic_models: field('Semantic models.', { list: semanticModel }),
    metrics: field('Metrics of the semantic layer.', {
      list: {
        map: {
          name: field('Its name.'), label: field('Its name for people.'), description: field('What it says.'), type: field('How it is worked out.', one(['simple', 'ratio', 'derived', 'cumulative', 'conversion'])), type_params: field('What it is worked out of.', anything),
          filter: field('Condition on what counts.'), config: field('Settings.', anything), meta: field('Anything of your own.', anything),
        },
      },
    }),
    saved_queries: field('Saved queries of the semantic layer.', { list: anything }),
  },
};

/** Settings as dbt_project.yml writes them, by folder. */
function folders(kind: ResourceKind): Shape {
  const map = Object.fromEntries(configKeysOf(kind).map(([name, key]) => [`+${name}`, field(key.description, configShape(key))]));
  const shape: Shape & { map: object } = { map, names: 'folders' };
  shape.other = shape;
  return shape;
}

const paths = (description: string): Field => field(description, { list: text });

/** The keys of dbt_project.yml. */
export const PROJECT: Shape = {
  map: {
    name: field('Name of the project.'), version: field('Version of the project.'), 'config-version': field('Always 2.', one(['2'])), profile: field('Profile of profiles.yml that it connects by.'), 'require-dbt-version': field('Versions of dbt that it works with.'),
    'model-paths': paths('Folders of models.'), 'seed-paths': paths('Folders of seeds.'), 'test-paths': paths('Folders of tests.'), 'macro-paths': paths('Folders of macros.'), 'snapshot-paths': paths('Folders of snapshots.'), 'analysis-paths': paths('Folders of analyses.'), 'docs-paths': paths('Folders of `{% docs %}` blocks.'), 'asset-paths': paths('Folders of files for the documentation site.'), 'clean-targets': paths('Folders that `dbt clean` removes.'),
    'target-path': field('Folder for what dbt makes.'), 'log-path': field('Folder of the log.'), 'packages-install-path': field('Folder of installed packages.'), 'query-comment': field('Comment in every query.'),
    vars: field('Variables: names, or packages with names.', { map: {}, other: text, names: 'variables' }), models: field('Settings of models, by folder.', folders('model')), seeds: field('Settings of seeds, by folder.', folders('seed')), snapshots: field('Settings of snapshots, by folder.', folders('snapshot')),
    sources: field('Settings of sources.', folders('source')), data_tests: field('Settings of data tests.', folders('test')), tests: field('Settings of data tests (the older word).', folders('test')), unit_tests: field('Settings of unit tests.', folders('unit_test')),
    'on-run-start': paths('SQL that runs before everything.'), 'on-run-end': paths('SQL that runs after everything.'), dispatch: field('Packages whose macros come first.', { list: { map: { macro_namespace: field('Package whose macros are looked for.'), search_order: paths('Packages in order.') } } }),
    quoting: field('Which names are quoted.', { map: Object.fromEntries(['database', 'schema', 'identifier'].map((name) => [name, field('Whether it is quoted.', boolean)])) }),
    flags: field('Flags of the command line, set for good.', { map: Object.fromEntries(['send_anonymous_usage_stats', 'use_colors', 'partial_parse', 'fail_fast', 'store_failures', 'warn_error', 'static_parser', 'require_explicit_package_overrides_for_builtin_materializations'].map((name) => [name, field('Flag.', boolean)])) }),
  },
};

const revised = { revision: field('Tag, branch or commit.'), subdirectory: field('Folder of the package in the repository.') };

/** The keys of packages.yml and dependencies.yml. */
export const PACKAGES: Shape = {
  map: {
    packages: field('What is installed into dbt_packages.', {
      list: {
        map: {
          package: field('Package of the dbt hub: `dbt-labs/dbt_utils`.'), version: field('Version, or a range: `[">=1.3.0", "<2.0.0"]`.'), 'install-prerelease': field('Whether versions before a release are taken.', boolean),
          git: field('Address of a repository.'), ...revised, 'warn-unpinned': field('Whether dbt warns where no revision is given.', boolean),
          local: field('Folder of a dbt project, relative to this one.'), tarball: field('Address of an archive.'), name: field('What the package of an archive is called.'), private: field('Repository of the account: `organization/repository`.'), provider: field('Where that repository is.', one(['github', 'gitlab', 'azure_devops'])),
        },
      },
    }),
    projects: field('Projects whose public models are referred to.', { list: { map: { name: field('Name of the project.') } } }),
  },
};

const ROOTS: Readonly<Partial<Record<FileRole, Shape>>> = { properties: PROPERTIES, project: PROJECT, packages: PACKAGES };

/** What dbt's YAML of a role holds; undefined where a file is none. */
export const rootOf = (role: FileRole | undefined): Shape | undefined => role && ROOTS[role];

/** What may stand at a path; undefined where nothing is known of it. */
export function shapeAt(root: Shape, path: readonly ({ key: string } | { item: true })[]): { shape: Shape; test?: { at: number } } | undefined {
  let shape: Shape | undefined = root;
  for (const [index, step] of path.entries()) {
    if ('tests' in shape) return { shape, test: { at: index } };
    if ('item' in step) shape = 'list' in shape ? shape.list : undefined;
    else if ('map' in shape) shape = Object.hasOwn(shape.map, step.key) ? shape.map[step.key]?.shape : shape.other;
    else shape = undefined;
    if (shape === undefined) return undefined;
  }
  return { shape };
}
