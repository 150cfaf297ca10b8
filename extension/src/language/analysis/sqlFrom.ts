/** FROM: relations of every kind, how they are joined, and their aliases. */
import { ExpressionParser } from './sqlExpression';
import { typed, type Made } from './sqlMade';
import { rowTypings } from './sqlResults';
import { readType } from './sqlTypes';
import { JOINS, NO_ALIAS, RESERVED } from './sqlWords';
import { macroRows } from './macroRows';
import type { JinjaCall, MacroRows, Query, Relation, Select, Span, Token, Typing } from './types';

export abstract class FromParser extends ExpressionParser {
  /** Reads the query between parentheses, the first of which is next; undefined where something else stands there. */
  protected abstract parenthesized(correlated: boolean): Query | undefined;

  protected from(select: Select, base: number): void {
    while (!this.done) {
      const at = this.at;
      const branch = this.branches[at] ?? 0;
      const word = this.word();
      if (word === ',') {
        if (this.cteFollows(1)) return;
        this.at++;
      } else if (JOINS.has(word) && this.token()?.kind === 'word') this.#join(select, base);
      else if (word === 'on' || word === 'using') this.#condition(select.from.at(-1));
      else if (word === 'as' || word === ')' || word === ';' || (this.token()?.kind === 'word' && (NO_ALIAS.has(word) || (RESERVED.has(word) && word !== 'lateral' && word !== 'only')))) return;
      else this.#addRelation(select, this.relation(undefined, 0), branch !== base);
      if (this.at === at) return;
    }
  }

  #addRelation(select: Select, relation: Relation | undefined, dynamic: boolean): void {
    if (!relation) return;
    if (dynamic) relation.dynamic = true;
    select.from.push(relation);
  }

  /** Whether `name as (select` stands there: a CTE behind one whose parenthesis is missing. */
  protected cteFollows(offset: number): boolean {
    return this.isName(offset) && this.word(offset + 1) === 'as' && this.word(offset + 2) === '(' && this.startsQuery(offset + 3);
  }

  #join(select: Select, base: number): void {
    const start = this.startOf();
    const branch = this.branches[this.at] ?? 0;
    let kind: NonNullable<Relation['join']>['kind'] = 'inner';
    const natural = this.word() === 'natural';
    while (JOINS.has(this.word()) || this.word() === 'outer') {
      const word = this.word();
      if (word === 'left' || word === 'right' || word === 'full' || word === 'cross') kind = word;
      this.at++;
      if (word === 'join') break;
    }
    const lateral = this.word() === 'lateral';
    const join: Relation['join'] = { kind, span: { start, end: this.lastEnd }, lateral, ...(natural ? { natural } : {}) };
    const count = select.from.length;
    const relation = this.relation(select, base);
    if (relation) {
      relation.join = join;
      this.#addRelation(select, relation, branch !== base);
    } else if (select.from.length > count) {
      const first = select.from[count];
      if (first) first.join ??= join;
    }
    // `a join b join c on … on …`: each condition belongs to the join before it
    if (this.word() === 'on' || this.word() === 'using') this.#condition(relation ?? select.from[count]);
    join.span.end = this.lastEnd;
  }

  #condition(relation: Relation | undefined): void {
    const using = this.word() === 'using';
    this.at++;
    if (using) {
      if (this.word() !== '(') return;
      const names = this.columnAliases();
      this.#joinAlias();
      if (relation?.join) {
        relation.join.using = names.map(({ name }) => name);
        relation.join.usingSpans = names.map(({ span }) => span);
        relation.join.span.end = this.lastEnd;
      }
      return;
    }
    const start = this.startOf();
    this.expression('condition');
    if (!relation?.join) return;
    relation.join.on = { start, end: Math.max(start, this.lastEnd) };
    relation.join.span.end = this.lastEnd;
  }

  /**
   * One relation with its alias; those of `(a join b …)` go into the select.
   * @param select where such ones go; the current one if undefined
   */
  protected relation(select: Select | undefined, base: number): Relation | undefined {
    const start = this.startOf();
    const lateral = this.accept('lateral');
    if (this.word() === 'only' && (this.isName(1) || this.token(1)?.kind === 'jinja')) this.at++;
    const token = this.token();
    if (!token) return undefined;
    let relation: Relation | undefined;
    if (this.word() === '(') relation = this.#parenthesizedRelation(select, base, lateral);
    else if (token.kind === 'jinja') relation = this.#jinjaRelation(token);
    else if (this.word() === 'rows' && this.word(1) === 'from' && this.word(2) === '(') relation = this.#rowsFrom();
    else if (this.isName()) relation = this.#namedRelation();
    else {
      // A number or sign that cannot stand here
      if (token.kind !== 'symbol') this.at++;
      return undefined;
    }
    if (!relation) return undefined;
    relation.span.start = start;
    this.#relationAlias(relation);
    relation.span.end = this.lastEnd;
    if (this.word() === 'tablesample') this.#sample();
    return relation;
  }

  #sample(): void {
    this.at++;
    for (let count = 0; count < 2 && !this.done; count++) {
      if (this.isName()) this.at++;
      if (this.accept('(')) this.skipParentheses();
      if (this.word() !== 'repeatable') return;
    }
  }

  #parenthesizedRelation(select: Select | undefined, base: number, lateral: boolean): Relation | undefined {
    const start = this.startOf();
    if (this.startsQuery(1) || (this.token(1)?.kind === 'jinja' && !this.#isRelationTag(1))) {
      const query = this.parenthesized(lateral);
      return { kind: 'query', span: { start, end: this.lastEnd }, path: [], ...(query ? { query } : {}) };
    }
    this.at++;
    const into = select ?? this.select;
    if (into && this.depth < 150) {
      this.depth++;
      this.from(into, base);
      this.depth--;
    } else this.skipParentheses();
    this.accept(')');
    this.#joinAlias();
    return undefined;
  }

  /** `(a join b using (c)) as d`, `a join b using (c) as d` */
  #joinAlias(): void {
    const token = this.token(1);
    if (this.word() !== 'as' || !token || !this.isName(1)) return;
    if (this.select) (this.select.joins ??= []).push(this.nameOf(token));
    this.at += 2;
  }

  #isRelationTag(offset: number): boolean {
    const tag = this.token(offset)?.tag;
    const name = tag === undefined ? undefined : this.streams.calls.get(tag)?.name;
    return name === 'ref' || name === 'source' || name === 'builtins.ref';
  }

  #jinjaRelation(token: Token): Relation {
    const call = token.tag === undefined ? undefined : this.streams.calls.get(token.tag);
    this.at++;
    if (this.glued(0) && (this.isName() || this.token()?.kind === 'jinja' || this.word() === '.')) {
      while (this.glued(0) && (this.word() === '.' || this.isName() || this.token()?.kind === 'jinja')) this.at++;
      return { kind: 'jinja', span: { start: token.start, end: this.lastEnd }, path: [] };
    }
    const span = { start: token.start, end: token.end };
    const named = token.tag === undefined ? undefined : this.streams.named.get(token.tag);
    const relation = call ? relationOfCall(call, span, this.text) : named && relationOfCall(named.call, span, this.text);
    if (!relation) return { kind: 'jinja', span, path: [] };
    if (named) {
      // Its name stands in another tag
      delete relation.pathSpan;
      if (named.dynamic) relation.dynamic = true;
    }
    return relation;
  }

  /** `rows from (f(…), g(…))`, side by side */
  #rowsFrom(): Relation {
    const start = this.startOf();
    this.at += 2;
    this.expressionArguments();
    const ordinality = this.word() === 'with' && this.word(1) === 'ordinality';
    if (ordinality) this.at += 2;
    return { kind: 'function', span: { start, end: this.lastEnd }, path: [], ...(ordinality ? { ordinality } : {}) };
  }

  #namedRelation(): Relation | undefined {
    const start = this.startOf();
    const path: string[] = [];
    let pieced = false;
    while (this.isName() || this.token()?.kind === 'jinja') {
      const token = this.token();
      if (!token) break;
      const part = this.namePart(token);
      if (part) path.push(this.nameOf(part));
      else pieced = true;
      if (this.word() !== '.') break;
      this.at++;
      if (!this.glued(0)) break;
    }
    const pathSpan = { start, end: this.lastEnd };
    if (this.word() === '(') {
      const given = this.expressionArguments();
      const ordinality = this.word() === 'with' && this.word(1) === 'ordinality';
      if (ordinality) this.at += 2;
      const [name = ''] = path;
      const typings = pieced || path.length > 1 ? undefined : rowTypings(name.toLowerCase(), given);
      return { kind: 'function', span: { start, end: this.lastEnd }, path: pieced ? [] : path, pathSpan, ...(typings ? { typings } : {}), ...(ordinality ? { ordinality } : {}) };
    }
    return pieced ? { kind: 'jinja', span: pathSpan, path: [] } : { kind: 'name', span: { ...pathSpan }, path, pathSpan };
  }

  /** What a macro writes that is all its tag says; undefined where nobody but dbt knows. */
  protected rowsOf(token: Token | undefined): MacroRows | undefined {
    const call = token?.tag === undefined ? undefined : this.streams.calls.get(token.tag);
    const found = call && macroRows(this.text, call, this.streams.all, this.streams.sets);
    if (!found) return undefined;
    const { calls, ...rows } = found;
    const relations = calls.map((one) => relationOfCall(one, one.span, this.text));
    return relations.every((one) => one !== undefined) ? { ...rows, relations } : undefined;
  }

  /** Arguments of a function in FROM, which may read the relations before it. */
  protected expressionArguments(): (Typing | undefined)[] {
    let given: Made[] = [];
    this.at++;
    if (this.startsQuery()) this.query(true);
    else if (this.word() !== ')') given = this.list('from-argument');
    if (!this.accept(')') && this.word() !== 'from' && this.word() !== 'where') this.skipParentheses();
    return given.map((made) => (made.jinja ? undefined : typed(made)));
  }

  #relationAlias(relation: Relation): void {
    const explicit = this.word() === 'as';
    const offset = explicit ? 1 : 0;
    const token = this.token(offset);
    if (explicit && this.word(1) === '(') {
      // `f() as (a int, b text)`
      this.at++;
      relation.columnAliases = this.columnAliases();
      return;
    }
    if (!token) {
      this.at += offset;
      return;
    }
    const named = token.kind === 'quoted' || (token.kind === 'word' && !NO_ALIAS.has(this.word(offset)) && !(RESERVED.has(this.word(offset))));
    const besides = this.besidesLast();
    if (!named || (besides && !explicit)) {
      if (explicit) this.at++;
      if (explicit && token.kind === 'jinja') this.skipPieces();
      return;
    }
    this.at += offset;
    if (this.isPieced()) {
      this.skipPieces();
      return;
    }
    relation.alias = { name: this.nameOf(token), span: { start: token.start, end: token.end } };
    this.at++;
    if (this.word() === '(' && !this.startsQuery()) relation.columnAliases = this.columnAliases();
  }

  /** `(a, b)`, `(a int, b numeric(3, 1))` */
  protected columnAliases(): NonNullable<Relation['columnAliases']> {
    const found: NonNullable<Relation['columnAliases']> = [];
    this.at++;
    for (let depth = 1, fresh = true; !this.done && depth > 0; this.at++) {
      const token = this.token();
      const word = this.word();
      if (word === '(') depth++;
      else if (word === ')') depth--;
      else if (word === ',' && depth === 1) fresh = true;
      else if (word === 'select' || word === 'from') return found;
      else if (fresh && token && this.isName()) {
        const { type } = readType(this.text, this.tokens, this.words, this.at + 1);
        found.push({ name: this.nameOf(token), span: { start: token.start, end: token.end }, ...(type === undefined ? {} : { type }) });
        fresh = false;
      }
    }
    return found;
  }
}

/** The version that `ref('orders', v=2)` asks for, where it is written out. */
export function versionIn({ arguments: all }: JinjaCall, text: string): string | undefined {
  const argument = all.find(({ name }) => name === 'v' || name === 'version');
  if (!argument?.nameSpan) return undefined;
  const version = argument.text ?? text.slice(argument.nameSpan.end, argument.span.end).replace(/^\s*=\s*/, '').trim();
  return /^[\w.-]+$/.test(version) ? version : undefined;
}

/** The relation that `ref(…)` or `source(…)` names; undefined where an argument is worked out. */
function relationOfCall(call: JinjaCall, span: Span, text: string): Relation | undefined {
  const positional = call.arguments.filter(({ name }) => name === undefined);
  const [first, second] = positional;
  if (positional.length === 0 || positional.length > 2 || positional.some(({ text }) => text === undefined)) return undefined;
  if (call.name === 'source') {
    if (first?.text === undefined || second?.text === undefined || !second.textSpan) return undefined;
    return { kind: 'source', span, path: [first.text, second.text], pathSpan: { ...second.textSpan } };
  }
  if (call.name !== 'ref' && call.name !== 'builtins.ref') return undefined;
  const model = second ?? first;
  if (model?.text === undefined || !model.textSpan) return undefined;
  const version = versionIn(call, text);
  return { kind: 'ref', span, path: [model.text], pathSpan: { ...model.textSpan }, ...(version === undefined ? {} : { version }), ...(call.arguments.length > positional.length ? { dynamic: true } : {}) };
}
