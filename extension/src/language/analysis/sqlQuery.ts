/** Queries of SQL: WITH, select lists and the clauses around FROM. */
import { ItemParser } from './sqlItem';
import { asTyped, typed } from './sqlMade';
import { typingOf } from './sqlResults';
import { RESERVED } from './sqlWords';
import type { ColumnReference, Cte, Query, Select, Span, Typing } from './types';

const SET_OPERATIONS = new Set(['union', 'intersect', 'except']);

export class QueryParser extends ItemParser {
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

  /** What a text is of which a macro writes everything; undefined where there is more in it than tags. */
  written(): Query | undefined {
    const all = this.tokens.every(({ kind }, at) => kind === 'jinja' || this.words[at] === ';') ? this.tokens.flatMap((token) => ({ token, rows: this.rowsOf(token) })).filter(({ rows }) => rows) : [];
    const [only] = all;
    if (!only?.rows || all.length > 1) return undefined;
    const query: Query = { ...emptyQuery(only.token.start, undefined), dynamic: true, rows: only.rows };
    query.span.end = only.token.end;
    this.queries.push(query);
    return query;
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
          this.parenthesized(false);
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
    if (this.word() === '(' && !this.startsQuery()) cte.columnAliases = this.columnAliases();
    query.ctes.push(cte);
    const as = this.accept('as');
    if (this.word() === 'not' && this.word(1) === 'materialized') this.at += 2;
    else this.accept('materialized');
    if (this.word() === '(') {
      const inner = this.parenthesized(false);
      if (inner) cte.query = inner;
      else {
        cte.query.span = { start: this.tokens[this.at - 1]?.start ?? name.end, end: this.lastEnd };
        cte.query.dynamic = true;
      }
    } else cte.query.span = { start: this.lastEnd, end: this.lastEnd };
    cte.span.end = this.lastEnd;
    if (this.word() === 'search' || this.word() === 'cycle') this.#searchClause(cte);
    return as || this.word() === ',' || this.word() === 'as';
  }

  /** `search depth first by a set b`, `cycle a set b using c` */
  #searchClause(cte: Cte): void {
    for (; !this.done && this.word() !== ',' && this.word() !== ')' && this.word() !== 'select'; this.at++) {
      const token = this.token(1);
      if ((this.word() !== 'set' && this.word() !== 'using') || !token || !this.isName(1)) continue;
      (cte.added ??= []).push({ name: this.nameOf(token), span: { start: token.start, end: token.end } });
    }
  }

  /** The query between parentheses; undefined where something else stands there. */
  protected parenthesized(correlated: boolean): Query | undefined {
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
    return this.done || this.word() === 'select' || (this.word() === ',' && this.cteFollows(1)) || this.word() === ';';
  }

  /** A tag in the place of a query: what follows it may still be one. */
  #jinjaQuery(correlated: boolean): Query {
    const start = this.startOf();
    const rows = this.word(1) === ')' ? this.rowsOf(this.token()) : undefined;
    while (this.token()?.kind === 'jinja') this.at++;
    if (this.startsQuery()) {
      const query = this.query(correlated);
      query.span.start = start;
      return query;
    }
    const query = emptyQuery(start, this.#parent);
    if (correlated && this.select) query.parentSelect = this.select;
    query.dynamic = true;
    if (rows) query.rows = rows;
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
        const inner = this.parenthesized(false);
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
      const item = this.item(base);
      if (this.at === at) return;
      select.items.push(item);
    }
  }

  #values(query: Query): Select {
    const start = this.startOf();
    const select: Select = { span: { start, end: start }, items: [], from: [], references: [], clauses: { select: { start, end: start } }, query };
    const outer = this.select;
    this.select = select;
    this.at++;
    const types: (Typing | undefined)[][] = [];
    for (let row = 0; this.word() === '('; row++) {
      const base = this.branches[this.at];
      this.at++;
      for (let column = 0; !this.done && this.word() !== ')'; column++) {
        const at = this.at;
        const before = select.references.length;
        const start = this.startOf();
        const made = this.expression('argument');
        const span = { start, end: this.lastEnd };
        if (row === 0 && this.at > at) select.items.push({ span, name: `column${column + 1}`, dynamic: this.branches[at] !== base || this.branches[this.at - 1] !== base });
        const item = select.items[column];
        if (item && row > 0 && select.references.length > before) (item.later ??= []).push(span);
        (types[column] ??= []).push(typed(made));
        if (!this.accept(',') && this.word() !== ')') break;
      }
      this.accept(')');
      if (!this.accept(',')) break;
    }
    // Each row counts, as in CASE
    for (const [column, item] of select.items.entries()) Object.assign(item, asTyped(typingOf('case', types[column] ?? [])));
    select.span.end = select.clauses.select.end = this.lastEnd;
    this.select = outer;
    return select;
  }

  /** `table name` */
  #table(query: Query): Select {
    const start = this.startOf(-1);
    const select: Select = { span: { start, end: start }, items: [{ span: { start, end: start }, star: {}, dynamic: false }], from: [], references: [], clauses: { select: { start, end: start } }, query };
    const relation = this.relation(undefined, 0);
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
        case 'from': clauses.from = merged(clauses.from, clause(() => this.from(select, base))); break;
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
      const name = this.token();
      if (!name || !this.isName() || this.word(1) !== 'as' || this.word(2) !== '(') return;
      this.at += 3;
      const start = this.startOf();
      this.windowDefinition();
      this.window(name, { start, end: this.lastEnd });
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
}

function emptyQuery(at: number, parent: Query | undefined): Query {
  return { span: { start: at, end: at }, ctes: [], selects: [], ...(parent ? { parent } : {}) };
}
