/** What a rule of attribution is asked with, and how it answers. */
import { lineStart } from '../analysis/positions';
import type { Span, SqlDocument } from '../analysis/types';
import type { Model, Project } from '../project/types';
import { WARNING, type Fix, type Problem } from './diagnosticsProblem';
import type { Scan } from './rulesScan';
import type { Vocabulary, WindowFacts } from './rulesWords';

export type { Problem } from './diagnosticsProblem';

export interface RuleContext {
  project: Project;
  file: string;
  document: SqlDocument;
  scan: Scan;
  vocabulary: Vocabulary;
  window: WindowFacts;
  /** the model whose file it is */
  model?: Model;
}

export interface Rule {
  /** its code is `attribution/<name>`; comments that silence it say the name */
  name: string;
  /** of the attribution rules that it holds models to */
  section: string;
  find(context: RuleContext): Problem[];
}

/** A finding. The message says why; how to silence it is a fix. */
export function ruleProblem({ file, scan: { text } }: RuleContext, rule: Rule, span: Span, message: string, fixes: () => readonly Fix[] = () => []): Problem {
  return {
    span, code: `attribution/${rule.name}`, severity: WARNING, message: `${message} (Attribution rules, section ${rule.section}.)`,
    fixes: () => [...fixes(), silence(file, text, span, rule.name)],
  };
}

/** A comment above the line, or one more name in the one that is there. */
function silence(file: string, text: string, span: Span, name: string): Fix {
  const line = lineStart(text, span.start);
  const indent = /^[ \t]*/.exec(text.slice(line, span.start))?.[0] ?? '';
  return { title: `Ignore attribution/${name} here`, changes: [{ file, span: { start: line, end: line }, text: `${indent}-- attribution: ignore ${name}${text.includes('\r\n') ? '\r\n' : '\n'}` }] };
}

const SILENT = /(?:--|\/\*|\{#)[^\n]*?\battribution:\s*ignore\b([^\n*#}]*)/;

/** A comment that silences rules: where, and which; none means all. */
export interface Silence {
  span: Span;
  names: readonly string[];
}

/** Comments that silence rules on their line and on the one below: `-- attribution: ignore window-edge, tie-breaker`. */
export function silencesIn(text: string): Silence[] {
  const found: Silence[] = [];
  for (let at = text.indexOf('attribution:'); at >= 0; at = text.indexOf('attribution:', at + 1)) {
    const start = text.lastIndexOf('\n', at) + 1;
    const end = lineEnd(text, at);
    const names = SILENT.exec(text.slice(Math.max(start, at - 500), end))?.[1];
    if (names === undefined) continue;
    found.push({ span: { start, end: lineEnd(text, end + 1) }, names: names.split(/[\s,]+/).map((word) => word.replace(/^attribution\//, '')).filter((word) => word !== '' && word !== '-') });
  }
  return found;
}

/** Whether a comment silences a rule at an offset. */
export function isSilenced(silences: readonly Silence[], offset: number, name: string): boolean {
  return silences.some(({ span, names }) => span.start <= offset && offset <= span.end && (names.length === 0 || names.includes(name)));
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
