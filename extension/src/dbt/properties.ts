import { CORE_SCHEMA, load } from 'js-yaml';
import type { NamingConfig } from './jinja';

/** A model as a YAML file describes it. */
export interface ModelProperties {
  name: string;
  /** line of its `- name: …`, from 0, and the column of the name */
  line: number;
  column: number;
  description?: string;
  columns: { name: string; dataType?: string; description?: string }[];
  config: NamingConfig;
}

/**
 * The models that a properties file (`models:` at its top) describes.
 * @throws YAMLException where the file is half-written: keep what was read before
 */
export function parseProperties(text: string): ModelProperties[] {
  // Most files of unit tests and sources describe no model: they need no parser
  if (!/^models\s*:/m.test(text)) return [];
  const entries = list(record(load(text, { schema: CORE_SCHEMA })).models);
  const places = placesOfItems(text);
  return entries.flatMap((entry, index): ModelProperties[] => {
    const model = record(entry);
    const name = string(model.name);
    if (name === undefined) return [];
    const config = { ...pick(record(model.config)), ...pick(model) };
    return [{
      name, ...(places.length === entries.length && places[index] ? places[index] : placeOfName(text, name) ?? TOP), config,
      ...described(model),
      columns: list(model.columns).flatMap((item) => {
        const column = record(item);
        const columnName = string(column.name);
        const dataType = string(column.data_type);
        return columnName === undefined ? [] : [{ name: columnName, ...(dataType === undefined ? {} : { dataType }), ...described(column) }];
      }),
    }];
  });
}

/** The same models at the places that a half-written text has them; those that it no longer names are left out. */
export function relocate(models: readonly ModelProperties[], text: string): ModelProperties[] {
  return models.flatMap((model) => {
    const place = placeOfName(text, model.name);
    return place ? [{ ...model, ...place }] : [];
  });
}

interface At {
  line: number;
  column: number;
}

const TOP: At = { line: 0, column: 0 };

/** The first line that names it, at whatever depth: good enough where the text does not parse. */
function placeOfName(text: string, name: string): At | undefined {
  const lines = text.split('\n');
  for (const [line, content] of lines.entries()) {
    const match = /^(\s*-?\s*name\s*:\s*)(['"]?)(.*?)\2\s*(?:#.*)?$/.exec(content);
    if (match?.[3] === name) return { line, column: (match[1] ?? '').length };
  }
  return undefined;
}

/** Where each item of the block sequence under `models:` has its name. */
function placesOfItems(text: string): At[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^models\s*:\s*(?:#.*)?$/.test(line));
  const found: At[] = [];
  if (start < 0) return found;
  let indent = -1;
  // Where the keys of the item at hand stand: its name is one of them, a column's name is not
  let keys = -1;
  for (let line = start + 1; line < lines.length; line++) {
    const content = lines[line] ?? '';
    if (/^\s*(?:#.*)?$/.test(content)) continue;
    const depth = content.search(/\S/);
    if (indent < 0) indent = depth;
    const dash = depth === indent ? /^-(?:\s+|$)/.exec(content.slice(depth))?.[0] : undefined;
    if (depth < indent || (depth === indent && dash === undefined)) break;
    if (dash !== undefined) {
      found.push({ line, column: depth });
      keys = dash.trimEnd() === content.slice(depth).trimEnd() ? -1 : depth + dash.length;
    } else if (keys < 0) keys = depth;
    const name = keys === depth || dash !== undefined ? /^name\s*:\s*/.exec(content.slice(keys)) : null;
    if (keys >= 0 && name) found[found.length - 1] = { line, column: keys + name[0].length };
  }
  return found;
}

function described(source: Record<string, unknown>): { description?: string } {
  const description = string(source.description)?.trim();
  return description ? { description } : {};
}

function pick(source: Record<string, unknown>): NamingConfig {
  const schema = string(source.schema);
  const alias = string(source.alias);
  return { ...(schema === undefined ? {} : { schema }), ...(alias === undefined ? {} : { alias }) };
}

/** A YAML value as a mapping; anything else as an empty one. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : {};
}

/** A YAML value as a list; anything else as an empty one. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A YAML scalar as text. */
export function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}
