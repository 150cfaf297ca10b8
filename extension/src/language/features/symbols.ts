/** The outline of a file, and names of the project to search for. */
import { SymbolKind, type DocumentSymbol, type WorkspaceSymbol } from 'vscode-languageserver';
import { queryOfModel } from '../analysis/columns';
import type { LineIndex } from '../analysis/positions';
import type { Query, Span, SqlDocument, YamlEntry, YamlNode } from '../analysis/types';
import { get, items, scalar } from '../analysis/yamlValues';
import type { FileRequest, ProjectRequest } from './request';

/** Outlines of generated SQL end here: nobody reads further. */
const MOST_COLUMNS = 500;
const MOST_FOUND = 300;

/** CTEs and columns of SQL, macros with their parameters, the entries of YAML. */
export function documentSymbol({ sql, yaml, role, lines }: FileRequest): DocumentSymbol[] {
  const outline = new Outline(lines);
  if (yaml) return role === 'project' ? outline.project(yaml.root) : outline.properties(yaml.root);
  return sql ? outline.sql(sql) : [];
}

class Outline {
  constructor(private readonly lines: LineIndex) {}

  /** @param whole is widened where it does not hold the name, as the protocol wants */
  #symbol(name: string, kind: SymbolKind, whole: Span, span: Span, detail = '', children: DocumentSymbol[] = []): DocumentSymbol {
    const range = this.lines.range({ start: Math.min(whole.start, span.start), end: Math.max(whole.end, span.end) });
    return { name: name === '' ? '?' : name, kind, range, selectionRange: this.lines.range(span), ...(detail === '' ? {} : { detail }), ...(children.length > 0 ? { children } : {}) };
  }

  sql(document: SqlDocument): DocumentSymbol[] {
    const { definitions } = document.jinja;
    const made = definitions.map(({ name, nameSpan, span, kind, parameters }) => this.#symbol(
      name, kind === 'docs' ? SymbolKind.String : kind === 'snapshot' ? SymbolKind.Class : SymbolKind.Function, span, nameSpan, kind === 'macro' ? `(${parameters.map((one) => one.name).join(', ')})` : kind,
      parameters.map((one) => this.#symbol(one.name, SymbolKind.Variable, one.span, one.span, one.default ?? '')),
    ));
    // Of macros and tests, the queries are parts of what they make
    if (definitions.some(({ kind }) => kind !== 'snapshot')) return made;
    const inside = (name?: string): DocumentSymbol[] => {
      const query = queryOfModel(document, name) ?? document.sql.queries.find(({ parent }) => !parent);
      return query ? this.#query(document, query) : [];
    };
    return made.length > 0 ? made.map((snapshot) => ({ ...snapshot, children: inside(snapshot.name) })) : inside();
  }

  #query(document: SqlDocument, query: Query): DocumentSymbol[] {
    return [
      ...query.ctes.map(({ name, nameSpan, span, query: own }) => this.#symbol(name, SymbolKind.Struct, span, nameSpan, 'CTE', this.#query(document, own))),
      ...this.#columns(document, query),
    ];
  }

  /** Columns of a query; a union has those of its first branch. */
  #columns({ text }: SqlDocument, { selects: [select] }: Query): DocumentSymbol[] {
    return (select?.items ?? []).slice(0, MOST_COLUMNS).flatMap(({ span, name, nameSpan, star, type }) => {
      if (span.end <= span.start) return [];
      const words = text.slice(span.start, span.end).replace(/\s+/g, ' ').trim();
      const shown = name ?? (star ? words : '');
      return shown === '' ? [] : [this.#symbol(shown, SymbolKind.Field, span, nameSpan ?? span, type ?? '')];
    });
  }

  project(root: YamlNode | undefined): DocumentSymbol[] {
    return (root?.entries ?? []).map((one) => {
      const variables = one.key === 'vars' ? (one.value?.entries ?? []).map((variable) => this.#entry(variable, SymbolKind.Variable, shownValue(variable.value))) : [];
      return this.#entry(one, one.key === 'vars' ? SymbolKind.Module : SymbolKind.Property, shownValue(one.value), variables);
    });
  }

  properties(root: YamlNode | undefined): DocumentSymbol[] {
    return (root?.entries ?? []).flatMap((section) => {
      const kind = SECTIONS[section.key];
      if (kind === undefined) return [];
      const inside = items(section.value).flatMap((item) => this.#item(item, kind, section.key));
      return [this.#entry(section, SymbolKind.Namespace, '', inside)];
    });
  }

  #item(item: YamlNode, kind: SymbolKind, section: string): DocumentSymbol[] {
    const nameNode = get(item, 'name');
    const name = scalar(nameNode);
    if (!nameNode || name === undefined) return [];
    const children = [
      ...items(get(item, 'columns')).flatMap((column) => this.#item(column, SymbolKind.Field, 'columns')),
      ...items(get(item, 'tables')).flatMap((table) => this.#item(table, SymbolKind.Struct, 'tables')),
      ...items(get(item, 'arguments')).flatMap((argument) => this.#item(argument, SymbolKind.Variable, 'arguments')),
      ...(['data_tests', 'tests'].flatMap((key) => items(get(item, key))).flatMap((test) => this.#test(test))),
    ];
    const detail = section === 'columns' ? scalar(get(item, 'data_type')) : section === 'unit_tests' ? scalar(get(item, 'model')) : section === 'exposures' ? scalar(get(item, 'type')) : undefined;
    return [this.#symbol(name, kind, item.span, nameNode.textSpan ?? nameNode.span, detail ?? '', children)];
  }

  #test(test: YamlNode): DocumentSymbol[] {
    const plain = scalar(test);
    if (plain !== undefined) return [this.#symbol(plain, SymbolKind.Method, test.span, test.span, 'test')];
    const [first] = test.entries ?? [];
    return first ? [this.#symbol(scalar(get(test, 'test_name')) ?? first.key, SymbolKind.Method, test.span, first.keySpan, scalar(get(first.value, 'name')) ?? 'test')] : [];
  }

  #entry({ key, keySpan, value }: YamlEntry, kind: SymbolKind, detail = '', children: DocumentSymbol[] = []): DocumentSymbol {
    return this.#symbol(key, kind, { start: keySpan.start, end: Math.max(keySpan.end, value?.span.end ?? 0) }, keySpan, detail, children);
  }
}

const SECTIONS: Readonly<Record<string, SymbolKind | undefined>> = {
  models: SymbolKind.Class, seeds: SymbolKind.Class, snapshots: SymbolKind.Class, analyses: SymbolKind.Class, sources: SymbolKind.Namespace, macros: SymbolKind.Function,
  unit_tests: SymbolKind.Method, exposures: SymbolKind.Interface, metrics: SymbolKind.Constant, semantic_models: SymbolKind.Class, groups: SymbolKind.Namespace, saved_queries: SymbolKind.Class,
};

function shownValue(value: YamlNode | undefined): string {
  return value?.kind === 'scalar' ? (value.text ?? '') : '';
}

/**
 * Names of the project: models, seeds, snapshots, sources, macros, variables, docs blocks and exposures.
 * @param query its letters have to come in this order; names that begin with it, or hold it, come first
 */
export function workspaceSymbol(request: ProjectRequest, query: string): WorkspaceSymbol[] {
  const wanted = query.trim().toLowerCase();
  const found: { rank: number; name: string; kind: SymbolKind; place: { file: string; span: Span }; container: string }[] = [];
  const offer = (name: string, kind: SymbolKind, place: { file: string; span: Span } | undefined, container: string): void => {
    const rank = place ? rankOf(name.toLowerCase(), wanted) : undefined;
    if (rank !== undefined && place) found.push({ rank, name, kind, place, container });
  };
  const { project } = request;
  for (const [name, { file, kind, package: from }] of project.models) if (from === undefined) offer(name, SymbolKind.Class, { file, span: { start: 0, end: 0 } }, kind);
  for (const [name, { properties }] of project.sources) offer(name, SymbolKind.Struct, { file: properties.file, span: properties.nameSpan }, 'source');
  for (const [name, { file, definition, package: from }] of project.macros) if (from === undefined) offer(name, SymbolKind.Function, { file, span: definition.nameSpan }, definition.kind);
  for (const [name, { location }] of project.variables) offer(name, SymbolKind.Variable, location, 'variable');
  for (const [name, { location }] of project.docs) offer(name, SymbolKind.String, location, 'docs');
  for (const [name, location] of project.exposures) offer(name, SymbolKind.Interface, location, 'exposure');
  found.sort((one, other) => one.rank - other.rank || (one.name < other.name ? -1 : 1));
  // Only what is shown has its lines counted
  const lines = new Map<string, LineIndex | undefined>();
  return found.slice(0, MOST_FOUND).flatMap(({ name, kind, place: { file, span }, container }): WorkspaceSymbol[] => {
    const start = { line: 0, character: 0 };
    if (span.end === 0) return [{ name, kind, containerName: container, location: { uri: request.uriOf(file), range: { start, end: start } } }];
    if (!lines.has(file)) lines.set(file, request.linesOf(file));
    const range = lines.get(file)?.range(span);
    return range ? [{ name, kind, containerName: container, location: { uri: request.uriOf(file), range } }] : [];
  });
}

/** Lower comes first; undefined where the letters do not come in this order. */
function rankOf(name: string, wanted: string): number | undefined {
  if (name === wanted) return 0;
  const at = name.indexOf(wanted);
  if (at === 0) return 1;
  if (at > 0) return name[at - 1] === '_' || name[at - 1] === '.' ? 2 : 3;
  let from = 0;
  for (const letter of wanted) {
    if (/\s/.test(letter)) continue;
    from = name.indexOf(letter, from) + 1;
    if (from === 0) return undefined;
  }
  return 4;
}
