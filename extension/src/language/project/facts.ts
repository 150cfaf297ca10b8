/** What one file contributes to its project. Small and plain: kept for every file, where the parsed text is not. */
import type { JinjaDefinition, Span } from '../analysis/types';
import type { Model, UseKind } from './types';

/** A use without its file. */
export interface FoundUse {
  kind: UseKind;
  /** as it is written; the project resolves its own package's name */
  name: string;
  role: 'calls' | 'declares';
  span: Span;
}

export interface ColumnFact {
  name: string;
  nameSpan: Span;
  type?: string;
  description?: string;
  tests: string[];
}

/** An entry of a properties file. */
export interface Described {
  kind: 'model' | 'seed' | 'snapshot' | 'analysis' | 'macro' | 'source';
  /** of a source: `source.table` */
  name: string;
  span: Span;
  nameSpan: Span;
  description?: string;
  columns: ColumnFact[];
  tests: string[];
  config: Record<string, unknown>;
  arguments?: { name: string; type?: string; description?: string }[];
  source?: { name: string; nameSpan: Span; description?: string };
  /** of a model with versions: each with the name of its file, the latest first */
  versions?: { v: string; file: string }[];
  /** of a snapshot that YAML makes: what it reads */
  relation?: NonNullable<Model['relation']>;
}

export interface Facts {
  uses: FoundUse[];
  /** literal values of `config(…)` */
  config?: Record<string, unknown>;
  definitions?: JinjaDefinition[];
  docs?: { name: string; span: Span; text: string }[];
  exposures?: { name: string; span: Span }[];
  described?: Described[];
}

export const NO_FACTS: Facts = { uses: [] };
