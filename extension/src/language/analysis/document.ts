import { parseJinja } from './jinja';
import { parseSqlFile } from './sql';
import type { SqlDocument, YamlDocument } from './types';
import { readYaml } from './yaml';
import { parseWithPackage } from './yamlPackage';

/** Above this length (UTF-16 units) what looks wrong in YAML is not asked of the slow parser. */
const ASKED = 64 * 1024;

/** Analyses a SQL file (model, macro, test, snapshot, analysis). Never throws, whatever the text; 1 MB takes some 100 ms. */
export function parseSql(text: string): SqlDocument {
  const jinja = parseJinja(text);
  return { text, jinja, sql: parseSqlFile(text, jinja) };
}

/**
 * Analyses a YAML file. Never throws. Half-written text gives the tree of what can be read, beside its errors; a key without value has none,
 * an item without value is an empty scalar. Of its errors only the first is told: the others mostly follow from it. The `text` of a block scalar is what it says, its `textSpan` the lines of its body.
 */
export function parseYaml(text: string): YamlDocument {
  const { root, errors, special } = readYaml(text);
  if (!special && errors.length === 0) return { text, ...(root ? { root } : {}), errors };
  if (text.length > ASKED && !special) return { text, ...(root ? { root } : {}), errors: first(text, errors) };
  const exact = parseWithPackage(text);
  // Its tree is right where nothing is wrong; of half-written text this reader makes more
  if (special || exact.errors.length === 0) return { text, ...exact, errors: first(text, exact.errors) };
  // This reader says where something was begun wrong, the other one where it noticed
  return { text, ...(root ? { root } : {}), errors: first(text, [...errors, ...exact.errors]) };
}

/** The first error of the first line that has one, cut to that line. */
function first(text: string, errors: YamlDocument['errors']): YamlDocument['errors'] {
  if (errors.length === 0) return [];
  const earliest = Math.min(...errors.map(({ span }) => span.start));
  const line = text.slice(earliest).search(/[\r\n]|$/) + earliest;
  return errors.filter(({ span }) => span.start <= line).slice(0, 1).map((error) => ({ ...error, span: { start: error.span.start, end: Math.max(error.span.start, Math.min(error.span.end, line)) } }));
}
