/** What a rule of attribution is asked with, and how it answers. */
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
  const line = text.lastIndexOf('\n', span.start - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(line, span.start))?.[0] ?? '';
  return { title: `Ignore attribution/${name} here`, changes: [{ file, span: { start: line, end: line }, text: `${indent}-- attribution: ignore ${name}${text.includes('\r\n') ? '\r\n' : '\n'}` }] };
}

const SILENT = /(?:--|\/\*|\{#-?).*?\battribution:\s*ignore\b([^\n*#}]*)/;

/** Whether a comment on the line, or on the one above, silences the rule: `-- attribution: ignore window-edge, tie-breaker`; without a name, all. */
export function isSilenced(text: string, offset: number, name: string): boolean {
  const line = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const above = line === 0 ? '' : text.slice(text.lastIndexOf('\n', line - 2) + 1, line);
  return [above, text.slice(line, end < 0 ? text.length : end)].some((written) => {
    const names = SILENT.exec(written)?.[1];
    if (names === undefined) return false;
    const listed = names.split(/[\s,]+/).filter((word) => word !== '' && word !== '-');
    return listed.length === 0 || listed.some((word) => word.replace(/^attribution\//, '') === name);
  });
}
