/** Words of PostgreSQL that decide how a query is read. All in lower case. */

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** By words of a text, of which one may be `constructor`. */
export const byWord = <Value>(entries: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> => Object.assign(Object.create(null) as Record<string, Value>, entries);

/** Reserved: never a column, and never an alias without AS. */
export const RESERVED = set(
  'all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign from grant group having in initially intersect into lateral leading limit localtime localtimestamp not null offset on only or order placing primary references returning select session_user some symmetric system_user table then to trailing true union unique user using variadic when where window with ' +
  // Reserved as columns, though functions and types may be named so
  'cross freeze full ilike inner is isnull join left like natural notnull outer overlaps right similar tablesample verbose between exists',
);
/** Values without parentheses; each names its column after itself. */
export const VALUES = set('current_catalog current_date current_role current_time current_timestamp current_user localtime localtimestamp session_user system_user user current_schema');
/** End a select list, a condition, a relation at their own level. */
export const CLAUSES = set('select from where group having window union intersect except order limit offset fetch for returning');
export const JOINS = set('join inner left right full cross natural');
/** Between two operands. */
export const OPERATORS = set('and or not in is like ilike similar between collate isnull notnull overlaps at over filter within operator escape symmetric asymmetric');
/** Words behind a column that are no alias of it. */
export const AFTER = set('asc desc nulls');
/** Where a bare word behind a relation is not its alias. */
export const NO_ALIAS = set('on using where group having window union intersect except order limit offset fetch for returning join inner left right full cross natural tablesample as set with when');

/** Types that are written without parentheses in front of a literal or are more than one word; to their common name. */
export const TYPE_NAMES = byWord({
  int: 'integer', int4: 'integer', int8: 'bigint', int2: 'smallint', bool: 'boolean', float8: 'double precision', float4: 'real', decimal: 'numeric', dec: 'numeric', varchar: 'character varying', char: 'character',
  timestamptz: 'timestamp with time zone', timetz: 'time with time zone', float: 'double precision', 'timestamp without time zone': 'timestamp', 'time without time zone': 'time', string: 'text',
});
/** What a column is called that a cast without a name of its own makes. */
export const CAST_NAMES = byWord({
  int: 'int4', integer: 'int4', bigint: 'int8', smallint: 'int2', boolean: 'bool', double: 'float8', real: 'float4', float: 'float8', decimal: 'numeric', dec: 'numeric', character: 'bpchar', char: 'bpchar',
  'character varying': 'varchar', 'timestamp with time zone': 'timestamptz', 'time with time zone': 'timetz', 'double precision': 'float8', 'timestamp without time zone': 'timestamp', 'time without time zone': 'time',
});
/** Results that do not depend on the arguments. */
export const RESULT_TYPES = byWord({
  count: 'bigint', row_number: 'bigint', rank: 'bigint', dense_rank: 'bigint', ntile: 'integer', percent_rank: 'double precision', cume_dist: 'double precision', length: 'integer', char_length: 'integer',
  lower: 'text', upper: 'text', initcap: 'text', concat: 'text', concat_ws: 'text', md5: 'text', btrim: 'text', ltrim: 'text', rtrim: 'text', replace: 'text', translate: 'text', substring: 'text', substr: 'text', split_part: 'text', to_char: 'text', regexp_replace: 'text', string_agg: 'text', left: 'text', right: 'text', lpad: 'text', rpad: 'text',
  repeat: 'text', reverse: 'text', format: 'text', now: 'timestamp with time zone', current_timestamp: 'timestamp with time zone', current_date: 'date', localtimestamp: 'timestamp', to_timestamp: 'timestamp with time zone', to_date: 'date', date: 'date', to_number: 'numeric', make_date: 'date',
  extract: 'numeric', date_part: 'double precision', bool_and: 'boolean', bool_or: 'boolean', every: 'boolean', exists: 'boolean', starts_with: 'boolean', position: 'integer', strpos: 'integer', ascii: 'integer', age: 'interval', gen_random_uuid: 'uuid',
  trim: 'text', array_to_string: 'text', chr: 'text', quote_ident: 'text', quote_literal: 'text', encode: 'text', to_hex: 'text', version: 'text', current_setting: 'text', jsonb_typeof: 'text', json_typeof: 'text', jsonb_pretty: 'text',
  string_to_array: 'text[]', regexp_match: 'text[]', regexp_split_to_array: 'text[]', make_interval: 'interval', justify_days: 'interval', justify_hours: 'interval', make_timestamp: 'timestamp', make_timestamptz: 'timestamp with time zone', clock_timestamp: 'timestamp with time zone', statement_timestamp: 'timestamp with time zone',
  jsonb_array_length: 'integer', json_array_length: 'integer', array_upper: 'integer', array_lower: 'integer', array_ndims: 'integer', array_position: 'integer', width_bucket: 'integer', octet_length: 'integer', character_length: 'integer', num_nonnulls: 'integer', num_nulls: 'integer', pi: 'double precision',
  jsonb_build_array: 'jsonb', json_build_array: 'json', jsonb_object_agg: 'jsonb', json_object_agg: 'json', row_to_json: 'json',
  degrees: 'double precision', radians: 'double precision', sin: 'double precision', cos: 'double precision', tan: 'double precision', asin: 'double precision', acos: 'double precision', atan: 'double precision', atan2: 'double precision', cbrt: 'double precision',
  regr_slope: 'double precision', regr_intercept: 'double precision', regr_r2: 'double precision', regr_avgx: 'double precision', regr_avgy: 'double precision', regr_count: 'bigint', covar_pop: 'double precision', covar_samp: 'double precision', div: 'numeric', hashtext: 'integer',
  overlay: 'text', bit_length: 'integer', convert_from: 'text', convert_to: 'bytea', decode: 'bytea', sha224: 'bytea', sha256: 'bytea', sha384: 'bytea', sha512: 'bytea', regexp_matches: 'text[]', regexp_substr: 'text', regexp_count: 'integer', regexp_instr: 'integer', regexp_like: 'boolean', regexp_split_to_table: 'text', string_to_table: 'text',
  current_time: 'time with time zone', localtime: 'time', make_time: 'time', justify_interval: 'interval', isfinite: 'boolean', transaction_timestamp: 'timestamp with time zone',
  current_user: 'name', session_user: 'name', current_role: 'name', user: 'name', current_schema: 'name', current_catalog: 'name', current_database: 'name', pg_backend_pid: 'integer', txid_current: 'bigint', pg_typeof: 'regtype', nextval: 'bigint',
  array_positions: 'integer[]', array_dims: 'text', array_to_json: 'json', generate_subscripts: 'integer', jsonb_array_elements: 'jsonb', json_array_elements: 'json', jsonb_array_elements_text: 'text', json_array_elements_text: 'text', jsonb_object_keys: 'text', json_object_keys: 'text',
  json_strip_nulls: 'json', json_extract_path: 'json', json_extract_path_text: 'text', jsonb_extract_path: 'jsonb', jsonb_extract_path_text: 'text', jsonb_set: 'jsonb', jsonb_insert: 'jsonb', jsonb_strip_nulls: 'jsonb', jsonb_path_query: 'jsonb', jsonb_path_query_array: 'jsonb', jsonb_path_query_first: 'jsonb', jsonb_path_exists: 'boolean', jsonb_path_match: 'boolean',
  to_tsvector: 'tsvector', to_tsquery: 'tsquery', plainto_tsquery: 'tsquery', websearch_to_tsquery: 'tsquery', ts_rank: 'real', xmlagg: 'xml',
  jsonb_build_object: 'jsonb', json_build_object: 'json', jsonb_agg: 'jsonb', json_agg: 'json', to_jsonb: 'jsonb', to_json: 'json', corr: 'double precision', cardinality: 'integer', array_length: 'integer',
});
/** Functions whose columns have another name than the one that is written. */
export const FUNCTION_NAMES = byWord({ trim: 'btrim' });
