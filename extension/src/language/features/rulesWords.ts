/** The words of attribution: what names a touch, a purchase, their times, the window. Any project's, not this one's alone. */
import type { Query, Relation, Select, SqlDocument } from '../analysis/types';
import type { Project } from '../project/types';
import type { Scan } from './rulesScan';

export type Kind = 'touch' | 'purchase';

const TIME = /(?:time|timestamp|datetime|date|_at|_ts|_on)$|^(?:ts|at)$/;
const TOUCH = /touch/;
const PURCHASE = /purchase|conversion|converted|(?:^|_)order(?:s|ed)?(?:_|$)/;
/** Days from touch to purchase, as a column. */
const DAYS = /(?:^|_)days_(?:to|until|before|since)_(?:conver|purchase|order|touch)|(?:^|_)days_from_touch|time_to_conver/;
/** In Jinja: a variable or macro that says how long the window is. */
const WINDOW = /window|look_?back/i;

/** Whether a relation holds touches or purchases; undefined where it holds both, neither, or credits. */
export function relationKind(name: string): Kind | undefined {
  const lower = name.toLowerCase();
  if (/attribut|credit|_x_|pair/.test(lower)) return undefined;
  const touch = TOUCH.test(lower);
  const purchase = PURCHASE.test(lower);
  return touch === purchase ? undefined : touch ? 'touch' : 'purchase';
}

/** Names that a relation goes by: its alias, its CTE, its model; the first that says something decides. */
export function kindOfRelation(relation: Relation): Kind | undefined {
  const names = [relation.path.at(-1), relation.alias?.name, ...(relation.query ? relation.query.selects.flatMap(({ from }) => from.map(({ path }) => path.at(-1))) : [])];
  for (const name of names) {
    if (name === undefined) continue;
    const kind = relationKind(name);
    if (kind) return kind;
    // A name that says both says that it is neither
    if (TOUCH.test(name) || PURCHASE.test(name)) return undefined;
  }
  return undefined;
}

/** What the columns of one document are. */
export class Vocabulary {
  readonly #aliases = new Map<string, Kind | undefined>();
  #selects: Select[] | undefined;

  constructor(private readonly document: SqlDocument) {
    for (const relation of relationsOf(document.sql.queries)) {
      const name = (relation.alias?.name ?? relation.path.at(-1) ?? '').toLowerCase();
      const kind = kindOfRelation(relation);
      // The same alias for both kinds in two places of a file says nothing
      this.#aliases.set(name, this.#aliases.has(name) && this.#aliases.get(name) !== kind ? undefined : kind);
    }
  }

  /** Whether the word is a column with the time of a touch or of a purchase. */
  timeAt({ words, text }: Scan, index: number): Kind | undefined {
    const word = words[index];
    if (!word) return undefined;
    if (word.kind === 'jinja') return jinjaTime(text.slice(word.start, word.end));
    if ((word.kind !== 'word' && word.kind !== 'quoted') || !TIME.test(word.text) || words[index + 1]?.text === '.' || words[index + 1]?.text === '(') return undefined;
    const byName = relationKind(word.text);
    if (byName) return byName;
    if (TOUCH.test(word.text) || PURCHASE.test(word.text)) return undefined;
    if (words[index - 1]?.text !== '.') return this.#onlyRelation(word.start);
    const qualifier = words[index - 2]?.text ?? '';
    return this.#aliases.has(qualifier) ? this.#aliases.get(qualifier) : relationKind(qualifier);
  }

  /** The innermost select around an offset. */
  selectAt(offset: number): Select | undefined {
    this.#selects ??= this.document.sql.queries.flatMap(({ selects }) => selects).sort((one, other) => one.span.start - other.span.start);
    let low = 0;
    let high = this.#selects.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#selects[middle]?.span.start ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    // The last that begins before it and has not ended; a few may have ended in between
    for (let at = low - 1; at >= Math.max(0, low - 50); at--) {
      const select = this.#selects[at];
      if (select && offset <= select.span.end) return select;
    }
    return undefined;
  }

  #onlyRelation(offset: number): Kind | undefined {
    const from = this.selectAt(offset)?.from;
    const [only] = from ?? [];
    return from?.length === 1 && only ? kindOfRelation(only) : undefined;
  }
}

/** `{{ touch_time }}` in a macro or a generic test. */
function jinjaTime(text: string): Kind | undefined {
  const name = /^\{\{-?\s*(\w+)\s*-?\}\}$/.exec(text)?.[1]?.toLowerCase();
  return name !== undefined && TIME.test(name) ? relationKind(name) : undefined;
}

/** Whether the word says how long the window is: a variable or macro in Jinja. */
export function isWindowAt({ words, text }: Scan, index: number): boolean {
  const word = words[index];
  return word?.kind === 'jinja' && WINDOW.test(text.slice(word.start, word.end));
}

/** Whether the word is a column of days from touch to purchase. */
export function isDaysAt({ words, text }: Scan, index: number): boolean {
  const word = words[index];
  if (!word) return false;
  if (word.kind === 'jinja') return DAYS.test(text.slice(word.start, word.end));
  return (word.kind === 'word' || word.kind === 'quoted') && DAYS.test(word.text);
}

/** Whether anything of attribution is in a file at all: what has none is not read further. */
export function isAboutAttribution(text: string): boolean {
  return /touch|attribut|channel|purchase|conversion/i.test(text);
}

const concerned = new WeakMap<Project, { version: number; concerns: boolean }>();

/** Whether a project credits purchases to touches at all: channels and purchases alone are any shop's. */
export function concernsAttribution(project: Project): boolean {
  const last = concerned.get(project);
  if (last?.version === project.version) return last.concerns;
  const concerns = project.variables.has('attribution_window_days') || [...project.models].some(([name, model]) => model.package === undefined && /touch|attribut/i.test(name));
  concerned.set(project, { version: project.version, concerns });
  return concerns;
}

/** How the project says how long its window is. */
export interface WindowFacts {
  variable: string;
  days: number;
  /** whether dbt_project.yml has the variable */
  known: boolean;
  /** the macro that gives the window as an interval, as it is called; and the one that gives whole days */
  intervalMacro?: string;
  daysMacro?: string;
}

const kept = new WeakMap<Project, { version: number; facts: WindowFacts }>();

/** Found by names and by what macros do; kept until a file of the project changes. */
export function windowOf(project: Project): WindowFacts {
  const last = kept.get(project);
  if (last?.version === project.version) return last.facts;
  const facts = findWindow(project);
  kept.set(project, { version: project.version, facts });
  return facts;
}

function findWindow(project: Project): WindowFacts {
  const variables = [...project.variables.values()].filter(({ location }) => location);
  const variable = variables.find(({ name }) => name === 'attribution_window_days') ?? variables.find(({ name, value }) => typeof value === 'number' && WINDOW.test(name) && /days?\b|days?_/i.test(name));
  const name = variable?.name ?? 'attribution_window_days';
  const facts: WindowFacts = { variable: name, days: typeof variable?.value === 'number' ? variable.value : 30, known: variable !== undefined };
  for (const macro of project.macros.values()) {
    if (macro.package !== undefined || macro.definition.kind !== 'macro') continue;
    const { parameters, body } = macro.definition;
    if (WINDOW.test(macro.name) && parameters.every((parameter) => parameter.default !== undefined)) {
      const text = project.sql(macro.file)?.text.slice(body.start, body.end) ?? '';
      if (/interval/i.test(text) && text.includes(name)) facts.intervalMacro ??= macro.name;
    } else if (DAYS.test(macro.name) && parameters.length === 2 && parameters[0]?.name.includes('touch')) facts.daysMacro ??= macro.name;
  }
  return facts;
}

function relationsOf(queries: readonly Query[]): Relation[] {
  return queries.flatMap(({ selects }) => selects.flatMap(({ from }) => from));
}
