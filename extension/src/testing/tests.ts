/** dbt's tests as dbt lists them, and what their results say: pure. */

import type { ListedTest } from '../dbt/testPlaces';
import { errorInWords, rowsInWords } from '../dbt/testWords';

/** A data test, a singular test or a unit test of dbt. */
export interface DbtTest extends ListedTest {
  kind: 'data' | 'unit';
  /** where it is defined, relative to the project, with slashes */
  file: string;
}

/** The keys that `testsOf` needs of `dbt ls --output json --output-keys`. */
export const LIST_ARGS = ['ls', '--resource-type', 'test', '--resource-type', 'unit_test', '--output', 'json',
  '--output-keys', 'unique_id', 'name', 'original_file_path', 'column_name', 'attached_node', 'model', 'resource_type', 'test_metadata', 'package_name', '--quiet'];

interface Listed {
  unique_id: string;
  name: string;
  original_file_path: string;
  resource_type: string;
  package_name?: string;
  column_name?: string | null;
  attached_node?: string | null;
  /** of a unit test */
  model?: string;
  test_metadata?: { name: string; namespace?: string | null } | null;
}

/**
 * @param lines what `dbt ls` prints, one JSON object a line; other lines are dbt's talk
 * @param project the project's name: tests of packages are left out
 */
export function testsOf(lines: readonly string[], project: string): DbtTest[] {
  return lines.filter((line) => line.startsWith('{')).flatMap((line): DbtTest[] => {
    const listed = JSON.parse(line) as Listed;
    if ((listed.package_name ?? listed.unique_id.split('.')[1]) !== project) return [];
    const model = listed.model ?? listed.attached_node?.split('.').at(-1);
    const { test_metadata: metadata } = listed;
    return [{
      id: listed.unique_id, name: listed.name, kind: listed.resource_type === 'unit_test' ? 'unit' : 'data', file: listed.original_file_path.replaceAll('\\', '/'),
      ...(model === undefined ? {} : { model }), ...(listed.column_name ? { column: listed.column_name } : {}),
      ...(metadata ? { generic: metadata.namespace ? `${metadata.namespace}.${metadata.name}` : metadata.name } : {}),
    }];
  });
}

/**
 * Whether a file may define tests, as far as a look at it tells.
 * @param file relative to the project, with slashes
 */
export function mayHaveTests(file: string, text: string): boolean {
  if (/\.ya?ml$/.test(file)) return /^[ \t-]*(?:data_tests|tests|unit_tests)[ \t]*:/m.test(text);
  return /^tests\/(?!generic\/).*\.sql$/.test(file);
}

/**
 * The file that a test is listed under: its model's where YAML defines it, in whichever file, else its own.
 * @param fileOf where a model of the project is, by its name, as files of tests are given
 */
export function holderOf({ file, model }: DbtTest, fileOf: (model: string) => string | undefined): string {
  return (model !== undefined && !file.endsWith('.sql') ? fileOf(model) : undefined) ?? file;
}

/** What a test is called in a list that says already which file, and which column, it belongs to. */
export function labelOf({ name, generic, column, kind, model }: DbtTest): string {
  if (kind === 'unit' || generic === undefined) return name;
  // A name of dbt's own making repeats the model and the column
  const usual = name.startsWith(`${generic.replace('.', '_')}_${model ?? ''}`) || /_[0-9a-f]{32}$/.test(name);
  return [column, usual ? generic : name].filter((part) => part !== undefined).join(' · ');
}

export interface Finished {
  id: string;
  outcome: 'passed' | 'warned' | 'failed' | 'errored' | 'skipped';
  message: string;
  /** milliseconds */
  duration: number | undefined;
}

/** What dbt's event NodeFinished says; undefined for another event. */
export function finishedOf(event: { name: string; node?: { unique_id?: string } | null; data: Record<string, unknown> }): Finished | undefined {
  const id = event.node?.unique_id;
  if (event.name !== 'NodeFinished' || id === undefined) return undefined;
  const result = (event.data['run_result'] ?? {}) as { status?: string; message?: string; execution_time?: number; num_failures?: number };
  const outcome = ({ pass: 'passed', success: 'passed', warn: 'warned', fail: 'failed', error: 'errored' } as const)[result.status ?? ''] ?? 'skipped';
  const message = (result.message ?? '').trim();
  return { id, outcome, message: outcome === 'errored' ? errorInWords(message) : rowsInWords(message), duration: result.execution_time === undefined ? undefined : result.execution_time * 1000 };
}
