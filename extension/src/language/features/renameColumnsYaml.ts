/** Columns as YAML and configurations name them: rows of unit tests, arguments of data tests, keys of incremental models. */
import path from 'node:path';
import { HumanError } from '../../base/errors';
import { scanTag } from '../analysis/jinjaScan';
import type { YamlNode } from '../analysis/types';
import type { Place } from './definition';
import { linesOf } from './references';
import type { FileRequest } from './request';
import { isNamed } from './targetColumns';
import { NO_COLUMNS } from './targetYaml';
import { allDataTests, eachScalar, get, items, scalar } from '../analysis/yamlValues';

/**
 * Where YAML names a column of a model, beyond the column's own entry.
 * @throws HumanError where it does so in rows written as text
 */
export function columnMentionsInYaml(request: FileRequest, model: string, column: string): Place[] {
  const { project } = request;
  const files = new Set(project.uses('ref', model).flatMap(({ file }) => (/\.ya?ml$/.test(file) ? file : [])));
  return [...files].flatMap((file) => {
    const root = (file === request.file ? request.yaml : project.yaml(file))?.root;
    return new Search(request, file, model, column).all(root);
  });
}

class Search {
  readonly #found: Place[] = [];

  constructor(private readonly request: FileRequest, private readonly file: string, private readonly model: string, private readonly column: string) {}

  all(root: YamlNode | undefined): Place[] {
    for (const test of items(get(root, 'unit_tests'))) {
      if (scalar(get(test, 'model')) === this.model) this.#rows(get(test, 'expect'));
      for (const given of items(get(test, 'given'))) if (this.#refers(get(given, 'input'))) this.#rows(given);
    }
    for (const section of ['models', 'seeds', 'snapshots']) {
      for (const item of items(get(root, section))) {
        const own = scalar(get(item, 'name')) === this.model;
        for (const test of allDataTests(item)) this.#test(test, own);
        if (!own) continue;
        eachScalar(get(item, 'config'), (node) => this.#scalar(node));
        for (const { key, keySpan } of get(item, 'config', 'column_types')?.entries ?? []) if (isNamed(key, this.column)) this.#found.push({ file: this.file, span: keySpan });
      }
    }
    return this.#found;
  }

  #rows(node: YamlNode | undefined): void {
    const rows = get(node, 'rows');
    if (rows?.kind === 'sequence') {
      for (const row of items(rows)) for (const { key, keySpan } of row.entries ?? []) if (isNamed(key, this.column)) this.#found.push({ file: this.file, span: keySpan });
    } else if (get(node, 'fixture') !== undefined || (rows?.text !== undefined && new RegExp(`\\b${this.column}\\b`, 'i').test(rows.text))) {
      const line = (linesOf(this.request, this.file)?.positionAt((rows ?? node)?.span.start ?? 0).line ?? 0) + 1;
      throw new HumanError(`Rows of a unit test name the column "${this.column}" in a text or a file of their own: ${path.relative(this.request.project.root, this.file)}, line ${line}. Rename it by hand, or write the rows as mappings first.`);
    }
  }

  #test(test: YamlNode, own: boolean): void {
    for (const { value } of test.entries ?? []) {
      const arguments_ = get(value, 'arguments') ?? value;
      const to = get(arguments_, 'to');
      if (this.#refers(to)) this.#scalar(get(arguments_, 'field'));
      if (!own) continue;
      for (const one of arguments_?.entries ?? []) {
        // Of `relationships` the field is the other model's
        if (NO_COLUMNS.has(one.key) || (to !== undefined && one.key === 'field')) continue;
        eachScalar(one.value, (node) => this.#scalar(node));
      }
    }
  }

  #scalar(node: YamlNode | undefined): void {
    if (node && isNamed(scalar(node), this.column)) this.#found.push({ file: this.file, span: node.textSpan ?? node.span });
  }

  #refers(node: YamlNode | undefined): boolean {
    const match = /\bref\s*\(\s*(?:(['"])[^'"]*\1\s*,\s*)?(['"])([^'"]*)\2/.exec(scalar(node) ?? '');
    return match?.[3] === this.model;
  }
}

/**
 * The types that dbt_project.yml gives to a seed's column.
 * @throws HumanError where it gives them to several seeds at once
 */
export function columnTypesInProject({ project, file: asked, yaml }: FileRequest, seed: string, column: string): Place[] {
  if (project.models.get(seed)?.kind !== 'seed') return [];
  const file = path.join(project.root, 'dbt_project.yml');
  const found: Place[] = [];
  const look = (node: YamlNode | undefined, of: string): void => {
    for (const { key, value } of node?.entries ?? []) {
      if (!/^\+?column_types$/.test(key)) look(value, key);
      else for (const { key: name, keySpan } of value?.entries ?? []) {
        if (!isNamed(name, column)) continue;
        if (of !== seed) throw new HumanError(`dbt_project.yml gives a type to the column "${column}" of several seeds at once (${of}). Rename it by hand.`);
        found.push({ file, span: keySpan });
      }
    }
  };
  look(get((file === asked ? yaml : project.yaml(file))?.root, 'seeds'), 'seeds');
  return found;
}

/** Strings of a model's own `config(…)` that are the column: `unique_key='id'`, indexes, … */
export function columnMentionsInConfig({ project, file: asked, sql }: FileRequest, model: string, column: string): Place[] {
  const file = project.models.get(model)?.file;
  if (!file?.endsWith('.sql')) return [];
  const document = file === asked && sql ? sql : project.sql(file);
  if (!document) return [];
  const { text } = document;
  return document.jinja.calls.filter(({ name }) => name === 'config').flatMap(({ inner, tag }) => scanTag(text, document.jinja.tags[tag]?.inner.start ?? inner.start, '}}').tokens.flatMap((token) => {
    const span = { start: token.start + 1, end: token.end - 1 };
    return token.kind === 'string' && token.closed && inner.start <= token.start && token.end <= inner.end && isNamed(text.slice(span.start, span.end), column) ? [{ file, span }] : [];
  }));
}
