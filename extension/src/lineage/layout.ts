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

/** Layers from left to right, or from top to bottom. */
export type Direction = 'LR' | 'TB';

const MARGIN = 16;
/** Below this width (pixels) layers stand one below the other. */
const NARROW = 640;

/**
 * Layers from left to right, or from top to bottom where there is little width.
 * @param sizes of the nodes (pixels), by their ids
 */
export function layoutOf({ nodes, edges }: Pick<Graph, 'nodes' | 'edges'>, sizes: ReadonlyMap<string, Size>, direction: Direction): Layout {
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

/** How the graph lies in the view: its scale, and where its origin comes to (pixels). */
export interface Fit {
  x: number;
  y: number;
  scale: number;
}

/** The scale of a part of a graph, the least at which all of it is shown instead, and that of a graph which is large in either direction. */
const READABLE = 0.75;
const LEGIBLE = 0.6;
const LARGE = 0.2;

/**
 * Everything in view; where that would be too small to read, what is around the focus.
 * @param whole everything, however small
 */
export function fitOf(layout: Layout, focus: string, view: Size, whole: boolean): Fit {
  const all = fitting(layout, view);
  // A little smaller is better than cut off
  const scale = whole || all >= LEGIBLE ? all : READABLE;
  const box = layout.nodes.get(focus) ?? { x: 0, y: 0, width: layout.width, height: layout.height };
  // Nothing is cut off on one side while the other is empty
  const place = (room: number, content: number, middle: number): number => (content <= room ? (room - content) / 2 : Math.min(0, Math.max(room - content, room / 2 - middle)));
  return { scale, x: place(view.width, layout.width * scale, (box.x + box.width / 2) * scale), y: place(view.height, layout.height * scale, (box.y + box.height / 2) * scale) };
}

/**
 * What a new size of the view asks for: a direction that changed is drawn anew, and what was fitted fits again.
 * @param fitted whether the person neither zoomed nor moved since it was fitted
 */
export function afterResize(view: Size, direction: Direction, fitted: boolean, layoutIn: (direction: Direction) => Size): 'draw' | 'fit' | undefined {
  // A page that is hidden has no size
  if (view.width === 0) return undefined;
  if (!fitted) return direction === 'LR' && view.width < NARROW ? 'draw' : undefined;
  return directionOf(view, layoutIn) === direction ? 'fit' : 'draw';
}

/** From left to right where that can be read as a whole, or where it is no smaller than from top to bottom. */
export function directionOf(view: Size, layoutIn: (direction: Direction) => Size): Direction {
  if (view.width < NARROW) return 'TB';
  const beside = fitting(layoutIn('LR'), view);
  // Of a graph that is large in either direction the second layout is not worth its time
  return beside >= LEGIBLE || beside < LARGE || beside >= fitting(layoutIn('TB'), view) ? 'LR' : 'TB';
}

const fitting = (layout: Size, view: Size): number => Math.min(1, view.width / layout.width, view.height / layout.height);

/** The neighbour that an arrow key leads to: against the flow, along it, or beside. */
export function neighbour({ edges }: Pick<Graph, 'edges'>, { nodes }: Layout, id: string, key: string, direction: Direction): string | undefined {
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
