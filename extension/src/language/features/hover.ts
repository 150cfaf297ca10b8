/** Hover: what the word under the pointer is. */
import { MarkupKind, type Hover } from 'vscode-languageserver';
import type { Span } from '../analysis/types';
import { block, code, describeDoc, describeMacro, describeModel, describeVariable, joined } from './describe';
import { settingAt, sourceAt, type Told } from './hoverParts';
import { hoverSql } from './hoverSql';
import { hoverYaml } from './hoverYaml';
import { jinjaCursor, type JinjaCursor, type OpenCall } from './jinjaCursor';
import { FILTERS, GLOBALS, STATEMENTS } from './jinjaWords';
import type { PlaceRequest } from './request';
import { columnsOfModel } from './scope';

/** What stands at a place, as Markdown; null where nothing is known of it. */
export function hover(request: PlaceRequest): Hover | null {
  const told = find(request);
  return told && told.text !== '' ? { contents: { kind: MarkupKind.Markdown, value: told.text }, range: request.lines.range(told.span) } : null;
}

function find(request: PlaceRequest): Told | undefined {
  const { text, offset, yaml, sql, role } = request;
  if (sql?.jinja.tags.some((tag) => tag.kind === 'comment' && tag.span.start <= offset && offset < tag.span.end)) return undefined;
  const cursor = jinjaCursor(text, offset);
  if (cursor) return hoverJinja(request, cursor);
  if (yaml) return hoverYaml(request, (name, span) => modelAt(request, name, span), (inner) => hoverJinja(request, inner));
  return sql && role !== 'docs' ? hoverSql(request, (name, span) => modelAt(request, name, span)) : undefined;
}

function modelAt({ project }: PlaceRequest, name: string, span: Span): Told | undefined {
  const model = project.models.get(name);
  return model && { text: describeModel(project, model, columnsOfModel(project, name).columns), span };
}

function hoverJinja(request: PlaceRequest, cursor: JinjaCursor): Told | undefined {
  const { text } = request;
  if (cursor.string) return inString(request, cursor, cursor.string);
  const { word, path } = cursor;
  const name = text.slice(word.start, word.end);
  if (name === '') return undefined;
  const call = cursor.calls.at(-1);
  if (path !== undefined) {
    const member = Object.hasOwn(GLOBALS, path) ? GLOBALS[path]?.members : undefined;
    if (member && Object.hasOwn(member, name)) return { text: `${code(`${path}.${name}`)} — ${member[name] ?? ''}`, span: word };
    return macroAt(request, `${path}.${name}`, { start: word.start - path.length - 1, end: word.end });
  }
  const assigned = /^\s*=(?!=)/.test(text.slice(word.end, word.end + 8));
  if (call && assigned && call.brackets === '') {
    const told = call.name === 'config' ? settingAt(name, word) : argumentAt(request, call, name, word);
    if (told) return told;
  }
  if (cursor.previous === '|' && Object.hasOwn(FILTERS, name)) return { text: `${code(name)} — filter. ${FILTERS[name] ?? ''}`, span: word };
  if (cursor.kind === 'statement' && cursor.previous === '' && Object.hasOwn(STATEMENTS, name)) return { text: `${code(`{% ${name} %}`)} — ${STATEMENTS[name]?.description ?? ''}`, span: word };
  const qualified = /^\.(\w+)/.exec(text.slice(word.end))?.[1];
  const bound = request.sql?.jinja.variables.some((one) => one.binds && one.name === name) === true;
  if (bound && !request.project.macros.has(name)) return { text: `${code(name)} — bound in this file`, span: word };
  const defined = request.sql?.jinja.definitions.find(({ nameSpan }) => nameSpan.start === word.start);
  if (defined?.kind === 'snapshot') return modelAt(request, name, word);
  if (defined?.kind === 'docs') {
    const doc = request.project.docs.get(name);
    return doc && { text: describeDoc(request.project, doc), span: word };
  }
  const macro = macroAt(request, name, word) ?? (qualified === undefined ? undefined : macroAt(request, `${name}.${qualified}`, { start: word.start, end: word.end + qualified.length + 1 }));
  if (macro) return macro;
  const known = Object.hasOwn(GLOBALS, name) ? GLOBALS[name] : undefined;
  return known && { text: joined([block(known.signature, 'python'), known.description]), span: word };
}

function macroAt({ project, sql }: PlaceRequest, name: string, span: Span): Told | undefined {
  const own = name.startsWith(`${project.name}.`) ? name.slice(project.name.length + 1) : name;
  // The name of a generic test is bare where it is defined
  const defined = sql?.jinja.definitions.find(({ nameSpan }) => nameSpan.start === span.start);
  const macro = project.macros.get(own) ?? (defined?.kind === 'test' ? project.macros.get(`test_${own}`) : undefined);
  return macro && { text: describeMacro(project, macro), span };
}

function argumentAt({ project }: PlaceRequest, call: OpenCall, name: string, span: Span): Told | undefined {
  const macro = project.macros.get(call.name);
  const parameter = macro?.definition.parameters.find((one) => one.name === name);
  if (!macro || !parameter) return undefined;
  const doc = macro.argumentDocs.find((one) => one.name === name);
  return { text: joined([`${code(parameter.default === undefined ? name : `${name}=${parameter.default}`)} — argument of ${code(call.name)}`, doc?.type ?? '', doc?.description ?? '']), span };
}

function inString(request: PlaceRequest, cursor: JinjaCursor, span: Span): Told | undefined {
  const { project, text } = request;
  const name = text.slice(span.start, span.end);
  const call = cursor.calls.at(-1);
  switch (call?.name) {
    case 'ref':
    case 'builtins.ref': {
      const second = call.argument === 0 ? /^['"]\s*,\s*['"]([^'"]+)['"]/.exec(text.slice(span.end))?.[1] : undefined;
      return modelAt(request, second !== undefined && !project.models.has(name) ? second : name, span);
    }
    case 'source':
    case 'builtins.source': {
      if (call.argument === 1) return sourceAt(request, `${call.texts[0] ?? ''}.${name}`, span);
      const tables = [...project.sources.values()].filter((one) => one.source === name);
      const [first] = tables;
      return first && { text: joined([`**${code(name)}** — source`, first.sourceDescription ?? '', tables.map(({ table }) => `- ${code(table)}`).join('\n')]), span };
    }
    case 'var': {
      const variable = project.variables.get(name);
      return variable && call.argument === 0 ? { text: describeVariable(project, variable), span } : undefined;
    }
    case 'doc': {
      const doc = project.docs.get(name);
      return doc && { text: describeDoc(project, doc), span };
    }
    case 'adapter.dispatch':
    case 'dispatch': return call.argument === 0 ? macroAt(request, name, span) : undefined;
    case 'config': return call.keyword === undefined ? undefined : settingAt(call.key ?? call.keyword, span) ?? settingAt(call.keyword, span);
    default: return undefined;
  }
}
