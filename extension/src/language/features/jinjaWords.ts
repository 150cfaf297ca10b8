/** A name that dbt's Jinja brings along. */
export interface JinjaWord {
  /** as it is called: `ref(model)`; without parentheses where it is no function */
  signature: string;
  description: string;
  /** what follows the name when it is completed, as an LSP snippet */
  snippet?: string;
  members?: Readonly<Record<string, string>>;
}

const word = (signature: string, description: string, snippet?: string, members?: Readonly<Record<string, string>>): JinjaWord =>
  ({ signature, description, ...(snippet === undefined ? {} : { snippet }), ...(members ? { members } : {}) });

/** Functions and objects of dbt's context. */
export const GLOBALS: Readonly<Record<string, JinjaWord>> = {
  ref: word('ref(model_name, v=None)', 'Refers to a model, seed or snapshot and makes it a parent. A package may come first: `ref(\'package\', \'model\')`.', "('$1')"),
  source: word('source(source_name, table_name)', 'Refers to a table of a source that a properties file declares.', "('$1', '$2')"),
  var: word('var(name, default=None)', 'Value of a variable: of `--vars`, else of dbt_project.yml, else the default.', "('$1')"),
  config: word('config(**settings)', 'Settings of this model; it returns nothing. `config.get(name)` reads one.', '($1)', {
    get: 'config.get(name, default=None): a setting of this model.', require: 'config.require(name): a setting that must be there.', persist_relation_docs: 'Whether descriptions of relations are written to the database.', persist_column_docs: 'Whether descriptions of columns are written to the database.',
  }),
  doc: word('doc(name)', 'Text of a `{% docs %}` block; for descriptions.', "('$1')"),
  env_var: word('env_var(name, default=None)', 'Value of an environment variable.', "('$1')"),
  is_incremental: word('is_incremental()', 'True where only new rows are built: the table exists, the model is incremental, no full refresh.', '()'),
  this: word('this', 'The relation of this model, as it stands in the database.', undefined, { schema: 'Schema of this model.', identifier: 'Name of this model’s relation.', name: 'Name of this model’s relation.', database: 'Database of this model.', table: 'Name of this model’s relation.', type: 'table, view or cte.' }),
  target: word('target', 'The target of the profile that dbt runs with.', undefined, { name: 'Name of the target.', schema: 'Schema of the target.', type: 'Adapter: postgres.', threads: 'How many threads run.', profile_name: 'Name of the profile.', database: 'Database of the target.', dbname: 'Database of the target.', host: 'Host of the server.', user: 'Role that dbt connects as.', port: 'Port of the server.' }),
  adapter: word('adapter', 'The database adapter.', undefined, {
    dispatch: "adapter.dispatch(macro_name, macro_namespace=None): the adapter's own version of a macro.", get_relation: 'adapter.get_relation(database, schema, identifier): a relation of the database, or none.', get_columns_in_relation: 'adapter.get_columns_in_relation(relation): its columns.', create_schema: 'adapter.create_schema(relation)', drop_schema: 'adapter.drop_schema(relation)', drop_relation: 'adapter.drop_relation(relation)', rename_relation: 'adapter.rename_relation(from, to)', quote: 'adapter.quote(identifier): in double quotes.', get_missing_columns: 'adapter.get_missing_columns(from, to): columns that the second lacks.', expand_target_column_types: 'adapter.expand_target_column_types(from, to)', already_exists: 'adapter.already_exists(schema, table)', check_schema_exists: 'adapter.check_schema_exists(database, schema)',
  }),
  api: word('api', 'Classes of dbt.', undefined, { Relation: 'api.Relation.create(…): a relation.', Column: 'api.Column.create(…): a column.' }),
  builtins: word('builtins', 'dbt’s own ref, source and config, where a macro replaces them.', undefined, { ref: 'builtins.ref(…)', source: 'builtins.source(…)', config: 'builtins.config(…)' }),
  context: word('context', 'Everything that is known here, by name.'),
  dbt_version: word('dbt_version', 'Version of dbt.'),
  dbt_metadata_envs: word('dbt_metadata_envs', 'Environment variables that begin with DBT_ENV_CUSTOM_ENV_.'),
  debug: word('debug()', 'Opens a debugger where DBT_MACRO_DEBUGGING is set.', '()'),
  dispatch: word('dispatch(macro_name)', "The adapter's own version of a macro; use adapter.dispatch.", "('$1')"),
  exceptions: word('exceptions', 'Errors and warnings of your own.', undefined, { raise_compiler_error: 'exceptions.raise_compiler_error(message): stops here.', warn: 'exceptions.warn(message): warns and goes on.' }),
  execute: word('execute', 'True where queries may run; false while dbt only parses.'),
  flags: word('flags', 'Flags of the command line.', undefined, { FULL_REFRESH: 'Whether --full-refresh was given.', WHICH: 'The command: run, test, compile, …', STORE_FAILURES: 'Whether failing rows are stored.' }),
  fromjson: word('fromjson(string, default=None)', 'Reads JSON.', '($1)'),
  tojson: word('tojson(value, default=None, sort_keys=False)', 'Writes JSON.', '($1)'),
  fromyaml: word('fromyaml(string, default=None)', 'Reads YAML.', '($1)'),
  toyaml: word('toyaml(value, default=None, sort_keys=False)', 'Writes YAML.', '($1)'),
  graph: word('graph', 'Everything that the project holds; complete only while `execute` is true.', undefined, { nodes: 'Models, seeds, snapshots, tests by unique id.', sources: 'Sources by unique id.', exposures: 'Exposures by unique id.' }),
  invocation_id: word('invocation_id', 'UUID of this run of dbt.'),
  invocation_args_dict: word('invocation_args_dict', 'Arguments of this run of dbt.'),
  load_result: word('load_result(name)', 'Result of a named `statement` block.', "('$1')"),
  local_md5: word('local_md5(value)', 'MD5 of a text, computed by dbt.', '($1)'),
  log: word('log(message, info=False)', 'Writes to the log, and to the terminal with `info=True`.', '($1)'),
  model: word('model', 'This node of the graph.', undefined, { name: 'Its name.', unique_id: 'Its unique id.', alias: 'Name of its relation.', columns: 'Its documented columns.', config: 'Its settings.', original_file_path: 'Its file.' }),
  modules: word('modules', 'Python modules.', undefined, { datetime: 'modules.datetime: dates and times.', pytz: 'modules.pytz: time zones.', re: 'modules.re: regular expressions.', itertools: 'modules.itertools: iterators.' }),
  on_run_end: word('on_run_end', 'Hooks that run at the end.'),
  print: word('print(message)', 'Writes to the terminal.', '($1)'),
  project_name: word('project_name', 'Name of this project.'),
  results: word('results', 'Results of the run; in on-run-end only.'),
  return: word('return(value)', 'What the macro returns.', '($1)'),
  run_query: word('run_query(sql)', 'Runs a query and returns its table; only where `execute` is true.', '($1)'),
  run_started_at: word('run_started_at', 'When this run of dbt started, in UTC.', undefined, { strftime: "run_started_at.strftime(format): '%Y-%m-%d'" }),
  schema: word('schema', 'Schema of this model.'),
  schemas: word('schemas', 'Schemas that the run built in; in on-run-end only.'),
  selected_resources: word('selected_resources', 'Unique ids that were selected.'),
  set: word('set(value, default=None)', 'A set of the distinct values.', '($1)'),
  set_strict: word('set_strict(value)', 'A set, or an error.', '($1)'),
  statement: word("statement(name=None, fetch_result=False, auto_begin=True)", 'For `{% call statement(…) %}`: runs the SQL in the block.', "('$1', fetch_result=True)"),
  thread_id: word('thread_id', 'Which thread runs this.'),
  zip: word('zip(*values)', 'Pairs of values.', '($1)'),
  zip_strict: word('zip_strict(*values)', 'Pairs of values, or an error.', '($1)'),
  range: word('range(start, stop, step)', 'Numbers from start up to, not with, stop.', '($1)'),
  dict: word('dict(**items)', 'A dictionary.', '($1)'),
  namespace: word('namespace(**values)', 'An object whose values a loop may set.', '($1)'),
  loop: word('loop', 'In a `for`: where the loop is.', undefined, { index: 'From 1.', index0: 'From 0.', first: 'Whether this is the first.', last: 'Whether this is the last.', length: 'How many there are.', revindex: 'How many are left, this one included.', revindex0: 'How many are left.', previtem: 'The item before.', nextitem: 'The item after.', cycle: 'loop.cycle(…): one value after the other.', depth: 'Depth of a recursive loop.', changed: 'loop.changed(value): whether it differs from the last.' }),
  caller: word('caller()', 'In a macro: the block that `{% call %}` hands over.', '()'),
  varargs: word('varargs', 'In a macro: further arguments.'),
  kwargs: word('kwargs', 'In a macro: further named arguments.'),
};

/** Filters after `|`. */
export const FILTERS: Readonly<Record<string, string>> = {
  abs: 'Magnitude of a number.', as_bool: 'As a boolean, where the text is one.', as_native: 'As the Python value that the text is.', as_number: 'As a number, where the text is one.', as_text: 'As text.', attr: 'An attribute by name.', batch: 'Lists of so many items each.',
  capitalize: 'First letter large, the rest small.', default: 'A value where there is none: `default(\'x\')`.', dictsort: 'Pairs of a dictionary, sorted.', escape: 'Escaped for HTML.', first: 'The first item.', float: 'As a floating number.', format: 'As `%` formatting does.', groupby: 'Grouped by an attribute.', indent: 'Every line but the first indented.', int: 'As a whole number.', items: 'Pairs of a dictionary.', join: 'Items as one text: `join(\', \')`.',
  last: 'The last item.', length: 'How many there are.', list: 'As a list.', lower: 'In lower case.', map: 'An attribute, or a filter, of every item: `map(attribute=\'name\')`.', max: 'The largest.', min: 'The smallest.', pprint: 'Readable, for looking into.', random: 'One of the items.', reject: 'Without the items that pass a test.', rejectattr: 'Without the items whose attribute passes a test.', replace: 'One text instead of another: `replace(\'a\', \'b\')`.', reverse: 'From the end.',
  round: 'Rounded: `round(2)`.', select: 'The items that pass a test.', selectattr: 'The items whose attribute passes a test.', slice: 'So many lists.', sort: 'Sorted.', string: 'As text.', sum: 'The sum.', title: 'Every word with a large letter.', tojson: 'As JSON.', trim: 'Without spaces at the ends.', truncate: 'Cut to a length.', unique: 'Each once.', upper: 'In upper case.', urlencode: 'Escaped for a URL.', wordcount: 'How many words.', wordwrap: 'Broken into lines.',
};

/** Tests after `is`. */
export const TESTS: readonly string[] = ['boolean', 'callable', 'defined', 'divisibleby', 'eq', 'even', 'false', 'float', 'ge', 'gt', 'in', 'integer', 'iterable', 'le', 'lower', 'lt', 'mapping', 'ne', 'none', 'number', 'odd', 'sameas', 'sequence', 'string', 'true', 'undefined', 'upper'];

/** Blocks and statements after `{%`: what follows the word, as a snippet up to the closing tag where `{% … %}` is closed by it. */
export const STATEMENTS: Readonly<Record<string, { description: string; end?: string; head: string }>> = {
  if: { description: 'What stands in it, where the condition holds.', head: ' ${1:condition}', end: 'endif' },
  elif: { description: 'Another condition of an if.', head: ' ${1:condition}' },
  else: { description: 'Where no condition held, or a for had nothing.', head: '' },
  for: { description: 'What stands in it, once for each item.', head: ' ${1:item} in ${2:items}', end: 'endfor' },
  set: { description: 'Binds a name.', head: ' ${1:name} = ${2:value}' },
  macro: { description: 'Defines a macro.', head: ' ${1:name}($2)', end: 'endmacro' },
  test: { description: 'Defines a generic test: a query for the rows that fail.', head: ' ${1:name}(model, column_name)', end: 'endtest' },
  snapshot: { description: 'Defines a snapshot.', head: ' ${1:name}', end: 'endsnapshot' },
  materialization: { description: 'Defines a materialization.', head: ' ${1:name}, ${2:default}', end: 'endmaterialization' },
  docs: { description: 'Defines a text for `doc()`.', head: ' ${1:name}', end: 'enddocs' },
  call: { description: 'Calls a macro with a block, its `caller()`.', head: ' ${1:macro}($2)', end: 'endcall' },
  filter: { description: 'Runs the block through a filter.', head: ' ${1:upper}', end: 'endfilter' },
  raw: { description: 'Text in which Jinja is not read.', head: '', end: 'endraw' },
  do: { description: 'Evaluates an expression and writes nothing.', head: ' ${1:expression}' },
  endif: { description: 'Ends an if.', head: '' }, endfor: { description: 'Ends a for.', head: '' }, endmacro: { description: 'Ends a macro.', head: '' }, endset: { description: 'Ends a set block.', head: '' }, endtest: { description: 'Ends a test.', head: '' },
  endsnapshot: { description: 'Ends a snapshot.', head: '' }, endmaterialization: { description: 'Ends a materialization.', head: '' }, enddocs: { description: 'Ends a docs block.', head: '' }, endcall: { description: 'Ends a call block.', head: '' }, endfilter: { description: 'Ends a filter block.', head: '' }, endraw: { description: 'Ends a raw block.', head: '' },
};
