/** Names that Jinja and dbt give to every template, so that calling them is never calling a macro of the project. */

/** Functions and objects of dbt's own context and of Jinja. */
export const GLOBALS: ReadonlySet<string> = new Set([
  // Jinja
  'caller', 'cycler', 'dict', 'joiner', 'lipsum', 'loop', 'namespace', 'range', 'self', 'super', 'varargs', 'kwargs', 'joiner',
  // dbt's context
  'adapter', 'api', 'builtins', 'config', 'connection_name', 'context', 'database', 'dbt_metadata_envs', 'dbt_version', 'diff_of_two_dicts', 'doc', 'env_var', 'exceptions',
  'execute', 'flags', 'fromjson', 'fromyaml', 'function', 'graph', 'invocation_args_dict', 'invocation_id', 'local_md5', 'log', 'metric', 'micro_batch_end', 'model', 'modules',
  'node', 'on_run_end_hooks', 'database_schemas', 'schemas', 'results', 'post_hooks', 'pre_hooks', 'print', 'project_name', 'ref', 'render', 'return', 'run_query', 'run_started_at',
  'schema', 'selected_resources', 'set', 'set_strict', 'sql', 'sql_now', 'source', 'statement', 'store_raw_result', 'store_result', 'load_result', 'submit_python_job', 'target',
  'this', 'thread_id', 'tojson', 'toyaml', 'try_or_compiler_error', 'validation', 'var', 'zip', 'zip_strict', 'write', 'defer_relation', 'compiled_code', 'dbt_project', 'env',
  'get_result_from_context', 'load_agate_table', 'is_incremental', 'should_full_refresh', 'should_store_failures', 'var_override',
]);

/** Macros of the package `dbt` and of its PostgreSQL adapter that are called by their bare name. */
export const DBT_MACROS: ReadonlySet<string> = new Set([
  // names of things and relations
  'generate_alias_name', 'generate_database_name', 'generate_schema_name', 'generate_schema_name_for_env', 'ref', 'source', 'make_intermediate_relation', 'make_temp_relation',
  'make_backup_relation', 'load_cached_relation', 'load_relation', 'get_or_create_relation', 'get_relation_last_modified', 'get_relations', 'get_relation', 'create_schema', 'drop_schema',
  'drop_relation', 'drop_relation_if_exists', 'rename_relation', 'truncate_relation', 'check_schema_exists', 'list_schemas', 'list_relations_without_caching', 'information_schema_name',
  'get_catalog', 'get_catalog_relations', 'get_list_sql', 'copy_grants', 'collect_freshness', 'get_columns_in_relation', 'get_columns_in_query', 'sql_convert_columns_in_relation',
  'get_empty_subquery_sql', 'get_empty_schema_sql', 'get_column_schema_from_query', 'alter_column_type', 'alter_column_comment', 'alter_relation_comment', 'alter_relation_add_remove_columns',
  'persist_docs', 'get_show_sql', 'get_limit_sql', 'get_limit_subquery_sql', 'get_analyze_sql', 'validate_sql', 'should_revoke', 'apply_grants', 'get_show_grant_sql', 'get_grant_sql',
  'get_revoke_sql', 'get_dcl_statement_list', 'call_dcl_statements', 'support_multiple_grantees_per_dcl_statement', 'run_hooks', 'make_hook_config', 'before_begin', 'in_transaction',
  'after_commit', 'set_sql_header', 'noop_statement', 'statement', 'run_query', 'handle_existing_table', 'is_incremental', 'should_full_refresh', 'should_store_failures',
  // materializations
  'create_table_as', 'get_create_table_as_sql', 'create_view_as', 'get_create_view_as_sql', 'create_or_replace_view', 'get_create_sql', 'get_create_backup_sql', 'get_create_intermediate_sql',
  'get_drop_sql', 'get_drop_backup_sql', 'get_rename_sql', 'get_rename_intermediate_sql', 'get_replace_sql', 'get_replace_view_sql', 'get_replace_table_sql', 'get_truncate_sql', 'drop_table',
  'drop_view', 'drop_materialized_view', 'rename_table', 'rename_view', 'replace_table', 'replace_view', 'get_alter_materialized_view_as_sql', 'get_create_materialized_view_as_sql',
  'refresh_materialized_view', 'get_materialized_view_configuration_changes', 'get_create_index_sql', 'create_indexes', 'get_create_index_sql', 'drop_indexes_on_relation', 'get_show_indexes_sql',
  'get_drop_index_sql', 'get_assert_columns_equivalent', 'get_table_columns_and_constraints', 'get_select_subquery', 'table_columns_and_constraints', 'format_column', 'process_schema_changes',
  'incremental_validate_on_schema_change', 'sync_column_schemas', 'check_for_schema_changes', 'diff_columns', 'diff_column_data_types', 'get_merge_update_columns', 'get_quoted_csv',
  'get_merge_sql', 'get_delete_insert_merge_sql', 'get_insert_overwrite_merge_sql', 'get_insert_into_sql', 'get_incremental_append_sql', 'get_incremental_delete_insert_sql',
  'get_incremental_merge_sql', 'get_incremental_insert_overwrite_sql', 'get_incremental_default_sql', 'get_incremental_microbatch_sql', 'get_snapshot_table_column_names',
  'get_snapshot_get_time_data_type', 'snapshot_staging_table', 'snapshot_merge_sql', 'snapshot_timestamp_strategy', 'snapshot_check_strategy', 'snapshot_check_all_get_existing_columns',
  'snapshot_get_time', 'snapshot_hash_arguments', 'snapshot_string_as_time', 'strategy_dispatch', 'build_snapshot_table', 'build_snapshot_staging_table', 'post_snapshot', 'create_columns',
  'load_csv_rows', 'create_csv_table', 'reset_csv_table', 'get_csv_sql', 'get_binding_char', 'get_batch_size', 'get_seed_column_quoted_csv', 'py_write_table', 'build_ref_function',
  'build_source_function', 'build_config_dict', 'py_script_postfix', 'py_script_comment', 'py_current_timestring', 'create_table_as_py', 'table_dropped', 'is_incremental_python',
  // tests
  'get_test_sql', 'get_unit_test_sql', 'test_unique', 'test_not_null', 'test_accepted_values', 'test_relationships', 'should_store_failures', 'get_fixture_sql', 'get_expected_sql',
  'safe_cast_value', 'format_row',
  // across databases
  'any_value', 'array_append', 'array_concat', 'array_construct', 'bool_or', 'cast', 'cast_array_to_string', 'cast_bool_to_text', 'concat', 'convert_datetime', 'current_timestamp',
  'current_timestamp_backcompat', 'current_timestamp_in_utc_backcompat', 'dates_in_range', 'date', 'date_spine', 'date_trunc', 'dateadd', 'datediff', 'equals', 'escape_single_quotes', 'except',
  'generate_series', 'get_intervals_between', 'get_powers_of_two', 'hash', 'intersect', 'last_day', 'length', 'listagg', 'partition_range', 'position', 'py_current_timestring', 'replace',
  'right', 'safe_cast', 'split_part', 'string_literal', 'type_bigint', 'type_boolean', 'type_float', 'type_int', 'type_numeric', 'type_string', 'type_timestamp', 'get_current_timestamp',
  'current_timestamp', 'snapshot_get_time', 'unit_test', 'resolve_model_name', 'postgres__get_relations',
]);

/** Generic tests that dbt brings. */
export const DBT_TESTS: readonly string[] = ['unique', 'not_null', 'accepted_values', 'relationships'];

/** Packages that are always there: dbt's own, and those of adapters. */
export const DBT_PACKAGES: ReadonlySet<string> = new Set(['dbt', 'dbt_postgres', 'dbt_snowflake', 'dbt_bigquery', 'dbt_redshift', 'dbt_databricks', 'dbt_spark', 'dbt_duckdb', 'dbt_trino', 'dbt_athena', 'dbt_sqlserver', 'dbt_fabric', 'dbt_clickhouse']);

/** Whether a call of this name, as it is written, may mean something that is not of the project: a global, a method of an object, a macro of dbt's. */
export function isBuiltIn(name: string): boolean {
  const dot = name.indexOf('.');
  const head = dot < 0 ? name : name.slice(0, dot);
  return GLOBALS.has(head) || (dot < 0 ? DBT_MACROS.has(name) || /^(?:default|postgres)__/.test(name) : DBT_PACKAGES.has(head));
}
