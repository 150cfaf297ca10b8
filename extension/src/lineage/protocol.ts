/** What the lineage page and its host say to each other. */
import type { AssetStatus } from '../dagster/types';

export interface LineageNode {
  /** unique in the graph: a model's name, `source.table` of a source */
  id: string;
  kind: 'model' | 'source';
  /** staging, intermediate, marts, …; of a source its schema */
  layer: string;
  /** as Dagster has it; undefined where it does not answer, or does not know it */
  status?: AssetStatus;
  /** the state in words: "2 min ago · 36 rows" */
  state: string;
  /** how many more there are on a side than the depth shows */
  hidden: { upstream: number; downstream: number };
  /** columns that the traced column is made of, or goes into */
  columns: string[];
}

export interface Graph {
  focus: string;
  nodes: LineageNode[];
  edges: { from: string; to: string; traced: boolean }[];
  /** steps that are shown on either side; null: all */
  depth: number | null;
  /** the column that is traced */
  column: string | null;
}

export type Shown = { kind: 'graph'; graph: Graph } | { kind: 'empty'; message: string };

export interface HostSide {
  // eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- the page asks nothing that has an answer
  requests: Record<never, never>;
  notifications: {
    open: { id: string };
    /** another model takes the middle */
    focus: { id: string };
    materialize: { id: string };
    preview: { id: string };
    depth: { depth: number | null };
    /** no column is traced any more */
    untrace: null;
  };
}

export interface PageSide {
  // eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- the host asks nothing that has an answer
  requests: Record<never, never>;
  notifications: {
    show: Shown;
  };
}

/** What the serializer keeps. */
export interface PageState {
  model: string;
}
