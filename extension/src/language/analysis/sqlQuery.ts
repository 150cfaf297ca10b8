/** Queries of SQL: WITH, select lists, FROM and the clauses behind them. */
import { ExpressionParser, type Made } from './sqlExpression';
import { JOINS, NO_ALIAS, RESERVED } from './sqlWords';
import type { ColumnReference, Cte, JinjaCall, Query, Relation, Select, SelectItem, Span, Token } from './types';

const SET_OPERATIONS = new Set(['union', 'intersect', 'except']);

export class QueryParser extends ExpressionParser {
  readonly queries: Query[] = [];
  #parent: Query | undefined;

  /** Every query of the stream that is no part of another one. */
  statements(): Query[] {
    const found: Query[] = [];
    let fresh = true;
    while (!this.done) {
      const word = this.word();
      const before = this.words[this.at - 1];
      const starts = word === 'values' ? fresh && this.startsQuery() : word === '(' ? fresh && this.startsQuery() : this.startsQuery() && before !== 'grant' && before !== 'revoke' && before !== '.';
      if (starts) {
        this.#parent = undefined;
        this.select = undefined;
        const at = this.at;
        found.push(this.query(false));
        if (this.at === at) this.at++;
        fresh = false;
      } else {
        fresh = word === ';' || (fresh && this.token()?.kind === 'jinja');
        this.at++;
      }
    }
    return found;
  }

  protected query(correlated: boolean): Query {
    const start = this.startOf();
    const query: Query = { span: { start, end: start }, ctes: [], selects: [] };
    const [parent, select] = [this.#parent, this.select];
    if (parent) query.parent = parent;
    if (correlated && select) query.parentSelect = select;
    this.queries.push(query);
    this.#parent = query;
    if (this.word() === 'with') this.#ctes(query);
    this.#body(query);
    this.select = query.selects.at(-1);
    this.#tail(query);
    query.span.end = Math.max(start, this.lastEnd);
    this.#parent = parent;
    this.select = select;
    return query;
  }

  // ---- WITH

  #ctes(query: Query): void {
    this.at++;
    if (this.accept('recursive')) query.recursive = true;
    while (!this.done) {
      const word = this.word();
      if (this.token()?.kind === 'word' && (word === 'select' || word === 'values' || word === 'insert' || word === 'update' || word === 'delete')) return;
      if (word === ',') {
        this.at++;
        continue;
      }
      if (this.isName() && !this.isPieced() && (this.token()?.kind === 'quoted' || !RESERVED.has(word))) {
        if (!this.#cte(query)) return;
      } else if (this.token()?.kind === 'jinja') {
        // `{{ name }} as (…)`, or a macro that writes whole CTEs
        query.dynamic = true;
        this.skipPieces();
        if (this.word() === 'as' && this.word(1) === '(') {
          this.at++;
          this.#parenthesized(false);
        }
      } else return;
    }
  }

  /** `name [(columns)] as [[not] materialized] (query)`; false where nothing like it follows. */
  #cte(query: Query): boolean {
    const name = this.token();
    if (!name) return false;
    this.at++;
    const cte: Cte = { name: this.nameOf(name), nameSpan: { start: name.start, end: name.end }, span: { start: name.start, end: name.end }, query: emptyQuery(name.end, query) };
    if (this.word() === '(' && !this.startsQuery()) cte.columnAliases = this.#columnAliases();
    query.ctes.push(cte);
    const as = this.accept('as');
    if (this.word() === 'not' && this.word(1) === 'materialized') this.at += 2;
    else this.accept('materialized');
    if (this.word() === '(') {
      const inner = this.#parenthesized(false);
      if (inner) cte.query = inner;
      else {
        cte.query.span = { start: this.tokens[this.at - 1]?.start ?? name.end, end: this.lastEnd };
        cte.query.dynamic = true;
      }
    } else cte.query.span = { start: this.lastEnd, end: this.lastEnd };
    cte.span.end = this.lastEnd;
    if (this.word() === 'search' || this.word() === 'cycle') this.#searchClause();
    return as || this.word() === ',' || this.word() === 'as';
  }

  /** `search depth first by a set b`, `cycle a set b using c` */
  #searchClause(): void {
    while (!this.done && this.word() !== ',' && this.word() !== ')' && this.word() !== 'select') this.at++;
  }

  /** The query between parentheses; undefined where something else stands there. */
  #parenthesized(correlated: boolean): Query | undefined {
    this.at++;
    let inner: Query | undefined;
    if (this.depth < 150) {
      this.depth++;
      if (this.startsQuery()) inner = this.query(correlated);
      else if (this.token()?.kind === 'jinja') inner = this.#jinjaQuery(correlated);
      this.depth--;
    }
    if (this.accept(')') || !inner) {
      if (!inner) this.skipParentheses();
    } else if (!this.#endsUnclosed()) {
      this.skipParentheses();
    }
    return inner;
  }

  /** Whether what follows a query without its closing parenthesis belongs to the query around it. */
  #endsUnclosed(): boolean {
    return this.done || this.word() === 'select' || (this.word() === ',' && this.#cteFollows(1)) || this.word() === ';';
  }

  /** A tag in the place of a query: what follows it may still be one. */
  #jinjaQuery(correlated: boolean): Query {
    const start = this.startOf();
    while (this.token()?.kind === 'jinja') this.at++;
    if (this.startsQuery()) {
      const query = this.query(correlated);
      query.span.start = start;
      return query;
    }
    const query = emptyQuery(start, this.#parent);
    if (correlated && this.select) query.parentSelect = this.select;
    query.dynamic = true;
    this.queries.push(query);
    query.span.end = this.lastEnd;
    return query;
  }

  // ---- SELECT

  /** Selects with set operations between them. */
  #body(query: Query): void {
    let branch = this.branches[this.at] ?? 0;
    const outside = branch;
    for (;;) {
      const word = this.word();
      if (word === 'select') query.selects.push(this.#select(query));
      else if (word === 'values' && this.word(1) === '(') query.selects.push(this.#values(query));
      else if (word === '(' && this.startsQuery()) {
        const inner = this.#parenthesized(false);
        if (inner) {
          query.selects.push(...inner.selects);
          if (inner.dynamic) query.dynamic = true;
        }
      } else if (word === 'table' && this.isName(1)) {
        this.at++;
        query.selects.push(this.#table(query));
      } else if (this.token()?.kind === 'jinja') {
        query.dynamic = true;
        this.skipPieces();
      } else if (!SET_OPERATIONS.has(word)) return;
      this.select = query.selects.at(-1);
      // An ORDER BY of one branch of Jinja stands before the next one
      if (!SET_OPERATIONS.has(this.word()) && this.word() !== 'select' && this.branches[this.at] !== branch) this.#tail(query);
      if (SET_OPERATIONS.has(this.word())) {
        this.at++;
        if (!this.accept('all')) this.accept('distinct');
      } else if (this.startsQuery() && this.word() !== '(' && this.#otherBranch(branch)) query.dynamic = true;
      else return;
      branch = this.branches[this.at] ?? 0;
      if (this.streams.beside(branch, outside)) query.dynamic = true;
    }
  }

  #otherBranch(branch: number): boolean {
    return (this.branches[this.at] ?? 0) !== branch;
  }

  #select(query: Query): Select {
    const start = this.startOf();
    const select: Select = { span: { start, end: start }, items: [], from: [], references: [], clauses: { select: { start, end: start } }, query };
    const outer = this.select;
    this.select = select;
    const base = this.branches[this.at] ?? 0;
    this.at++;
    if (!this.accept('all') && this.accept('distinct') && this.accept('on') && this.word() === '(') {
      this.at++;
      this.list('argument');
      this.accept(')');
    }
    this.#items(select, base);
    select.clauses.select.end = this.lastEnd;
    this.#clauses(select, base);
    select.span.end = Math.max(start, this.lastEnd);
    this.select = outer;
    return select;
  }

  #items(select: Select, base: number): void {
    while (!this.done) {
      if (this.word() === ',') {
        this.at++;
        continue;
      }
      const at = this.at;
      const item = this.#item(base);
      if (this.at === at) return;
      select.items.push(item);
    }
  }

  #item(base: number): SelectItem {
    const first = this.at;
    const start = this.startOf();
    const made = this.expression('item');
    const item: SelectItem = { span: { start, end: start }, dynamic: false };
    const read = this.at > first;
    if (!read && this.word() !== 'as') return item;
    const alias = this.#itemAlias();
    if (made.star) item.star = made.star;
    if (made.type !== undefined) item.type = made.type;
    if (made.column) item.column = made.column;
    if (alias === 'pieced') item.dynamic = true;
    else if (alias) {
      item.name = this.folded(alias);
      item.nameSpan = { start: alias.start, end: alias.end };
    } else this.#ownName(item, made);
    item.span.end = this.lastEnd;
    if (this.branches[first] !== base || this.branches[this.at - 1] !== base) item.dynamic = true;
    return item;
  }

  #ownName(item: SelectItem, { name, nameSpan, jinja, column, star }: Made): void {
    if (star) {
      if (jinja) item.dynamic = true;
    } else if (name === undefined) item.dynamic = true;
    else {
      item.name = name;
      const span = nameSpan ?? column?.span;
      if (span) item.nameSpan = { ...span };
    }
  }

  /** `as name`, or a name behind the expression. */
  #itemAlias(): Token | 'pieced' | undefined {
    const explicit = this.word() === 'as';
    if (explicit) {
      this.at++;
      // Half-written: `a as from b`
      const next = this.word();
      if ((next === 'from' || next === 'select') && this.word(1) !== ',' && this.word(1) !== 'from') return undefined;
    }
    const token = this.token();
    if (!token) return undefined;
    if ((explicit && token.kind === 'jinja') || (this.isName() && this.isPieced())) {
      this.skipPieces();
      return 'pieced';
    }
    if (!this.isName() || (!explicit && token.kind === 'word' && RESERVED.has(this.word()))) return undefined;
    this.at++;
    return token;
  }

  #values(query: Query): Select {
    const start = this.startOf();
    const select: Select = { span: { start, end: start }, items: [], from: [], references: [], clauses: { select: { start, end: start } }, query };
    const outer = this.select;
    this.select = select;
    this.at++;
    let row = 0;
    while (this.word() === '(') {
      const base = this.branches[this.at];
      this.at++;
      for (let column = 1; !this.done && this.word() !== ')'; column++) {
        const from = this.startOf();
        const at = this.at;
        const made = this.expression('argument');
        if (row === 0 && this.at > at) {
          select.items.push({
            span: { start: from, end: this.lastEnd }, name: `column${column}`, dynamic: this.branches[at] !== base || this.branches[this.at - 1] !== base, ...(made.type === undefined ? {} : { type: made.type }),
          });
        }
        if (!this.accept(',') && this.word() !== ')') break;
      }
      this.accept(')');
      row++;
      if (!this.accept(',')) break;
    }
    select.span.end = select.clauses.select.end = this.lastEnd;
    this.select = outer;
    return select;
  }

  /** `table name` */
  #table(query: Query): Select {
    const start = this.startOf(-1);
    const select: Select = { span: { start, end: start }, items: [{ span: { start, end: start }, star: {}, dynamic: false }], from: [], references: [], clauses: { select: { start, end: start } }, query };
    const relation = this.#relation(undefined, 0);
    if (relation) select.from.push(relation);
    select.span.end = this.lastEnd;
    return select;
  }

  // ---- clauses

  #clauses(select: Select, base: number): void {
    const { clauses } = select;
    const clause = (read: () => void): Span => {
      const start = this.startOf();
      this.at++;
      this.accept('by');
      read();
      return { start, end: this.lastEnd };
    };
    const conditions = (): void => void this.list('condition');
    const merged = (before: Span | undefined, span: Span): Span => ({ start: before?.start ?? span.start, end: span.end });
    while (!this.done) {
      const at = this.at;
      switch (this.word()) {
        case 'from': clauses.from = merged(clauses.from, clause(() => this.#from(select, base))); break;
        case 'where': clauses.where = merged(clauses.where, clause(conditions)); break;
        case 'group': clauses.groupBy = merged(clauses.groupBy, clause(() => {
          if (!this.accept('all')) this.accept('distinct');
          conditions();
        })); break;
        case 'having': clauses.having = merged(clauses.having, clause(conditions)); break;
        case 'window': clauses.window = merged(clauses.window, clause(() => this.#windows())); break;
        // A clause that stands in each branch of Jinja
        case 'on': case 'as': this.at++; conditions(); break;
        default: return;
      }
      if (at === this.at) return;
    }
  }

  /** `w as (partition by …), …` */
  #windows(): void {
    do {
      if (!this.isName() || this.word(1) !== 'as' || this.word(2) !== '(') return;
      this.at += 3;
      this.windowDefinition();
      this.accept(')');
    } while (this.accept(','));
  }

  /** ORDER BY, LIMIT and the like, which belong to the whole query. */
  #tail(query: Query): void {
    while (!this.done) {
      switch (this.word()) {
        case 'order': {
          const start = this.startOf();
          const before = this.select?.references.length ?? 0;
          this.at++;
          this.accept('by');
          this.list('condition');
          query.orderBy = { start, end: this.lastEnd };
          this.#dropOutputs(query, before);
          break;
        }
        case 'limit': case 'offset': case 'fetch': case 'for':
          this.at++;
          while (['next', 'first', 'update', 'share', 'key', 'no', 'of', 'row', 'rows', 'only', 'ties', 'with', 'all', 'nowait', 'skip', 'locked'].includes(this.word())) this.at++;
          this.expression('condition');
          while (['row', 'rows', 'only', 'with', 'ties', 'nowait', 'skip', 'locked'].includes(this.word())) this.at++;
          break;
        default: return;
      }
    }
  }

  /** ORDER BY means the query's own columns first. */
  #dropOutputs(query: Query, before: number): void {
    const references = this.select?.references;
    if (!references || references.length === before) return;
    const outputs = new Set<string>();
    for (const { name, nameSpan, column } of query.selects[0]?.items ?? []) if (name !== undefined && (column?.span.start !== nameSpan?.start || query.selects.length > 1)) outputs.add(name);
    if (outputs.size === 0) return;
    const own = ({ name, qualifier, quoted }: ColumnReference): boolean => qualifier === undefined && outputs.has(quoted ? name : name.toLowerCase());
    const read = references.slice(before);
    const kept = read.filter((reference) => !own(reference));
    if (kept.length < read.length) query.ordered = [...(query.ordered ?? []), ...read.filter(own)];
    references.length = before;
    references.push(...kept);
  }

  // ---- FROM

  #from(select: Select, base: number): void {
    while (!this.done) {
      const at = this.at;
      const branch = this.branches[at] ?? 0;
      const word = this.word();
      if (word === ',') {
        if (this.#cteFollows(1)) return;
        this.at++;
      } else if (JOINS.has(word) && this.token()?.kind === 'word') this.#join(select, base);
      else if (word === 'on' || word === 'using') this.#condition(select.from.at(-1));
      else if (word === 'as' || word === ')' || word === ';' || (this.token()?.kind === 'word' && (NO_ALIAS.has(word) || (RESERVED.has(word) && word !== 'lateral' && word !== 'only')))) return;
      else this.#addRelation(select, this.#relation(undefined, 0), branch !== base);
      if (this.at === at) return;
    }
  }

  #addRelation(select: Select, relation: Relation | undefined, dynamic: boolean): void {
    if (!relation) return;
    if (dynamic) relation.dynamic = true;
    select.from.push(relation);
  }

  /** Whether `name as (select` stands there: a CTE behind one whose parenthesis is missing. */
  #cteFollows(offset: number): boolean {
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
    const relation = this.#relation(select, base);
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
      const names = this.#columnAliases();
      if (this.word() === 'as' && this.isName(1)) this.at += 2;
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
  #relation(select: Select | undefined, base: number): Relation | undefined {
    const start = this.startOf();
    const lateral = this.accept('lateral');
    if (this.word() === 'only' && (this.isName(1) || this.token(1)?.kind === 'jinja')) this.at++;
    const token = this.token();
    if (!token) return undefined;
    let relation: Relation | undefined;
    if (this.word() === '(') relation = this.#parenthesizedRelation(select, base, lateral);
    else if (token.kind === 'jinja') relation = this.#jinjaRelation(token);
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
      const query = this.#parenthesized(lateral);
      return { kind: 'query', span: { start, end: this.lastEnd }, path: [], ...(query ? { query } : {}) };
    }
    this.at++;
    const into = select ?? this.select;
    if (into && this.depth < 150) {
      this.depth++;
      this.#from(into, base);
      this.depth--;
    } else this.skipParentheses();
    this.accept(')');
    if (this.word() === 'as' && this.isName(1)) this.at += 2;
    return undefined;
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
    return (call ? relationOfCall(call, span) : undefined) ?? { kind: 'jinja', span, path: [] };
  }

  #namedRelation(): Relation | undefined {
    const start = this.startOf();
    const path: string[] = [];
    let pieced = false;
    while (this.isName() || this.token()?.kind === 'jinja') {
      const token = this.token();
      if (!token) break;
      if (this.isPieced() || token.kind === 'jinja') {
        pieced = true;
        this.skipPieces();
      } else {
        path.push(this.nameOf(token));
        this.at++;
      }
      if (this.word() !== '.') break;
      this.at++;
      if (!this.glued(0)) break;
    }
    const pathSpan = { start, end: this.lastEnd };
    if (this.word() === '(') {
      this.expressionArguments();
      if (this.word() === 'with' && this.word(1) === 'ordinality') this.at += 2;
      return { kind: 'function', span: { start, end: this.lastEnd }, path: pieced ? [] : path, pathSpan };
    }
    return pieced ? { kind: 'jinja', span: pathSpan, path: [] } : { kind: 'name', span: { ...pathSpan }, path, pathSpan };
  }

  /** Arguments of a function in FROM, which may read the relations before it. */
  protected expressionArguments(): void {
    this.at++;
    if (this.startsQuery()) this.query(true);
    else if (this.word() !== ')') this.list('from-argument');
    if (!this.accept(')') && this.word() !== 'from' && this.word() !== 'where') this.skipParentheses();
  }

  #relationAlias(relation: Relation): void {
    const explicit = this.word() === 'as';
    const offset = explicit ? 1 : 0;
    const token = this.token(offset);
    if (explicit && this.word(1) === '(') {
      // `f() as (a int, b text)`
      this.at++;
      relation.columnAliases = this.#columnAliases();
      return;
    }
    if (!token) {
      this.at += offset;
      return;
    }
    const named = token.kind === 'quoted' || (token.kind === 'word' && !NO_ALIAS.has(this.word(offset)) && !(RESERVED.has(this.word(offset))));
    const besides = this.streams.beside(this.branches[this.at + offset] ?? 0, this.branches[this.at - 1] ?? 0);
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
    if (this.word() === '(' && !this.startsQuery()) relation.columnAliases = this.#columnAliases();
  }

  /** `(a, b)`, `(a int, b numeric(3, 1))` */
  #columnAliases(): { name: string; span: Span }[] {
    const found: { name: string; span: Span }[] = [];
    this.at++;
    for (let depth = 1, fresh = true; !this.done && depth > 0; this.at++) {
      const token = this.token();
      const word = this.word();
      if (word === '(') depth++;
      else if (word === ')') depth--;
      else if (word === ',' && depth === 1) fresh = true;
      else if (word === 'select' || word === 'from') return found;
      else if (fresh && token && this.isName()) {
        found.push({ name: this.nameOf(token), span: { start: token.start, end: token.end } });
        fresh = false;
      }
    }
    return found;
  }
}

function emptyQuery(at: number, parent: Query | undefined): Query {
  return { span: { start: at, end: at }, ctes: [], selects: [], ...(parent ? { parent } : {}) };
}

/** The relation that `ref(…)` or `source(…)` names; undefined where an argument is worked out. */
function relationOfCall(call: JinjaCall, span: Span): Relation | undefined {
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
  return { kind: 'ref', span, path: [model.text], pathSpan: { ...model.textSpan }, ...(call.arguments.length > positional.length ? { dynamic: true } : {}) };
}
