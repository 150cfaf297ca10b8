/** Where the nodes and edges of a lineage graph stand: pure. */
import { graphlib, layout as arrange } from '@dagrejs/dagre';
import type { Graph } from './protocol';

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  /** of its upper left corner */
  x: number;
  y: number;
}

export interface Layout extends Size {
  nodes: ReadonlyMap<string, Box>;
  /** the points that an edge runs through */
  edges: readonly { from: string; to: string; points: readonly { x: number; y: number }[] }[];
}

const MARGIN = 16;

/**
 * Layers from left to right, or from top to bottom where there is little width.
 * @param sizes of the nodes (pixels), by their ids
 */
export function layoutOf({ nodes, edges }: Pick<Graph, 'nodes' | 'edges'>, sizes: ReadonlyMap<string, Size>, direction: 'LR' | 'TB'): Layout {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: direction, nodesep: direction === 'LR' ? 14 : 22, ranksep: direction === 'LR' ? 48 : 34, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) graph.setNode(id, { ...(sizes.get(id) ?? { width: 160, height: 40 }) });
  for (const { from, to } of edges) graph.setEdge(from, to);
  arrange(graph);
  const { width = 0, height = 0 } = graph.graph() as Partial<Size>;
  return {
    width, height,
    nodes: new Map(nodes.map(({ id }) => {
      const node = graph.node(id) as Box;
      return [id, { x: node.x - node.width / 2, y: node.y - node.height / 2, width: node.width, height: node.height }];
    })),
    edges: edges.map(({ from, to }) => ({ from, to, points: (graph.edge(from, to) as { points: { x: number; y: number }[] }).points })),
  };
}

/** The neighbour that an arrow key leads to: against the flow, along it, or beside. */
export function neighbour({ edges }: Pick<Graph, 'edges'>, { nodes }: Layout, id: string, key: string, direction: 'LR' | 'TB'): string | undefined {
  const [back, on, before, after] = direction === 'LR' ? ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'] : ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'];
  const at = nodes.get(id);
  if (!at) return undefined;
  const along = direction === 'LR' ? 'x' : 'y';
  const across = direction === 'LR' ? 'y' : 'x';
  const nearest = (ids: readonly string[]): string | undefined =>
    [...ids].sort((one, other) => Math.abs((nodes.get(one)?.[across] ?? 0) - at[across]) - Math.abs((nodes.get(other)?.[across] ?? 0) - at[across]))[0];
  if (key === back) return nearest(edges.filter(({ to }) => to === id).map(({ from }) => from));
  if (key === on) return nearest(edges.filter(({ from }) => from === id).map(({ to }) => to));
  const centre = (box: Box): number => (along === 'x' ? box.x + box.width / 2 : box.y + box.height / 2);
  const beside = [...nodes].filter(([other, box]) => other !== id && Math.abs(centre(box) - centre(at)) < 1);
  if (key === before) return nearest(beside.filter(([, box]) => box[across] < at[across]).map(([other]) => other));
  if (key === after) return nearest(beside.filter(([, box]) => box[across] > at[across]).map(([other]) => other));
  return undefined;
}
