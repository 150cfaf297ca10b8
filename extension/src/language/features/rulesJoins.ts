/** Rules about joining touches and purchases: by the client, and never at the cost of a purchase. */
import type { Relation, Select } from '../analysis/types';
import type { Fix, Problem, TextChange } from './diagnosticsProblem';
import { ruleProblem, type Rule, type RuleContext } from './rulesContext';
import type { Scan } from './rulesScan';
import { kindOfRelation, type Kind } from './rulesWords';

/** Who did it, or the very touch, purchase or journey: any of these ties the rows of one client together. */
const CLIENT = /^(?:\w*_)?(?:client|customer|user|visitor|person|contact|account|member|anonymous|profile|lead)(?:_?(?:id|key|uid|uuid|sk|pk|number))?$/;
const KEY = /(?:_id|_key|_uuid|_sk|^id)$/;
/** Keys that many clients share, or one client has many of. */
const SHARED = /session|visit|campaign|channel|product|source|medium|\bad_|device|cookie|store|country|page/;

/** Jinja that names a relation, or says how long the window is, and joins nothing. */
const HARMLESS = /window|look_?back|^\{\{-?\s*(?:var|ref|source)\b/i;

interface Pair {
  select: Select;
  relation: Relation;
  kind: Kind;
  /** the relation of the other kind that it is joined to */
  other: Relation;
}

/** Relations of touches joined to relations of purchases, in any order. */
function pairsOf({ document }: RuleContext): Pair[] {
  const found: Pair[] = [];
  for (const query of document.sql.queries) {
    for (const select of query.selects) {
      if (select.from.length < 2) continue;
      const kinds = select.from.map((relation) => (relation.dynamic ? undefined : kindOfRelation(relation)));
      for (const [place, relation] of select.from.entries()) {
        const kind = kinds[place];
        const before = kinds.slice(0, place).findIndex((other) => other !== undefined && other !== kind);
        const other = select.from[before];
        if (kind !== undefined && other) found.push({ select, relation, kind, other });
      }
    }
  }
  return found;
}

const nameOf = (relation: Relation): string => relation.alias?.name ?? relation.path.at(-1) ?? '';

export const joinWithoutClient: Rule = {
  name: 'join-without-client', section: '4',
  find(context) {
    return pairsOf(context).flatMap(({ select, relation, kind, other }): Problem[] => {
      const { join } = relation;
      if (isHalfWritten(context.scan.text, relation)) return [];
      if (join?.using?.some((column) => isTie(column.toLowerCase()))) return [];
      const stretches = [join?.on, join?.lateral ? relation.span : undefined, select.clauses.where].filter((span) => span !== undefined);
      // A natural join, or one that Jinja writes, says nothing that could be read here
      if (stretches.some(({ start, end }) => saysTie(context.scan, start, end)) || (join && !join.on && !join.using && join.kind !== 'cross' && !join.lateral)) return [];
      const [touches, purchases] = kind === 'touch' ? [nameOf(relation), nameOf(other)] : [nameOf(other), nameOf(relation)];
      const span = relation.pathSpan ?? relation.alias?.span ?? relation.span;
      const on = join?.lateral ? undefined : join?.on;
      return [ruleProblem(context, this, span, `"${touches}" and "${purchases}" are joined without the client: a purchase would get the touches of other clients. Events are linked by client_id alone.`, () => {
        if (!on) return [];
        const condition = context.scan.text.slice(on.start, on.end);
        const start = on.start + (/^on\b\s*/i.exec(condition)?.[0].length ?? 0);
        const rest = context.scan.text.slice(start, on.end);
        const wrap = /\bor\b/i.test(rest);
        const changes: TextChange[] = [{ file: context.file, span: { start, end: start }, text: `${purchases}.client_id = ${touches}.client_id and ${wrap ? '(' : ''}` }];
        if (wrap) changes.push({ file: context.file, span: { start: start + rest.trimEnd().length, end: start + rest.trimEnd().length }, text: ')' });
        return [{ title: 'Join by client_id as well', changes, preferred: true }];
      })];
    });
  },
};

/** A subquery without its alias yet, a condition without a word. */
function isHalfWritten(text: string, { kind, alias, join }: Relation): boolean {
  return (kind === 'query' && !alias) || (join?.on !== undefined && /^\s*(?:on)?\s*$/i.test(text.slice(join.on.start, join.on.end)));
}

const isTie = (column: string): boolean => CLIENT.test(column) || (KEY.test(column) && !SHARED.test(column));

/** Whether a condition compares clients, or keys of touches and purchases with one another; Jinja may write anything. */
function saysTie({ words, text }: Scan, start: number, end: number): boolean {
  for (const [at, word] of words.entries()) {
    if (word.end <= start) continue;
    if (word.start >= end) break;
    if (word.kind === 'jinja' && !HARMLESS.test(text.slice(word.start, word.end))) return true;
    if (word.kind !== 'symbol' || word.text !== '=') continue;
    const left = words[at - 1];
    const right = words[at + 3]?.kind === 'word' && words[at + 2]?.text === '.' ? words[at + 3] : words[at + 1];
    if (isName(left) && isName(right) && isTie(left.text) && isTie(right.text)) return true;
  }
  return false;
}

function isName(word: Scan['words'][number] | undefined): word is Scan['words'][number] {
  return word?.kind === 'word' || word?.kind === 'quoted';
}

export const lostPurchases: Rule = {
  name: 'lost-purchases', section: '5',
  find(context) {
    if (!isMart(context)) return [];
    // The purchases that a join drops may come back in another branch
    if (/\bunion\b/i.test(context.scan.text) && /\bnot\s+exists\b|\bis\s+null\b|\bexcept\b|\bnot\s+in\b/i.test(context.scan.text)) return [];
    return pairsOf(context).flatMap(({ relation, kind, other }): Problem[] => {
      const { join } = relation;
      const loses = join?.kind === 'inner' || (join?.kind === 'cross' && join.lateral);
      const keyword = join && /^[a-z\s]*\bjoin\b/i.exec(context.scan.text.slice(join.span.start, relation.span.end))?.[0];
      if (!join || !loses || keyword === undefined) return [];
      const span = { start: join.span.start, end: join.span.start + keyword.length };
      const [touches, purchases] = kind === 'touch' ? [nameOf(relation), nameOf(other)] : [nameOf(other), nameOf(relation)];
      const fix = (): Fix[] => {
        const side = kind === 'touch' ? 'left' : 'right';
        const text = /\b(?:inner|cross)\b/i.test(keyword) ? keyword.replace(/\b(?:inner|cross)\b/i, side) : `${side} ${keyword}`;
        const changes: TextChange[] = [{ file: context.file, span, text }];
        if (join.kind === 'cross') changes.push({ file: context.file, span: { start: relation.span.end, end: relation.span.end }, text: ' on true' });
        return [{ title: `Use a ${side} join`, changes, preferred: true }];
      };
      return [ruleProblem(context, this, span, `This join drops every purchase of "${purchases}" that has no row in "${touches}": a purchase without a touch is credited to direct, and each model's total is the total revenue.`, fix)];
    });
  },
};

/** What reports credit: a model of a folder of marts, or one named so. */
function isMart({ model, file }: RuleContext): boolean {
  if (model?.kind !== 'model' || /^(?:stg|int|base|src)_/.test(model.name)) return false;
  return /[\\/]marts?[\\/]/.test(file) || /^(?:mart|fct|fact|dim|rpt|agg)_/.test(model.name) || /attribution$/.test(model.name);
}
