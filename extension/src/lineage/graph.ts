/** Which models and sources stand above and below a model: pure. */
import type { Asset } from '../dagster/types';
import { checksInWords, describeAsset, hasFailingCheck, nameOf, shownStatus } from '../dagster/words';
import type { Projects } from '../dbt/types';
import type { Graph, LineageNode } from './protocol';

/** Columns that take part in a traced one: of each node, and the edges between them. */
export interface Trace {
  column: string;
  columns: Readonly<Record<string, readonly string[]>>;
  edges: readonly { from: string; to: string }[];
}

export interface Question {
  projects: Pick<Projects, 'all'>;
  assets: readonly Asset[];
  /** name of the model in the middle */
  focus: string;
  /** steps on either side; null: all of them */
  depth: number | null;
  trace?: Trace;
  /** milliseconds since 1970 */
  now: number;
}

/** The graph around a model; undefined where no project has it. */
export function lineageOf({ projects, assets, focus, depth, trace, now }: Question): Graph | undefined {
  const project = projects.all.find(({ models }) => models.has(focus));
  if (!project) return undefined;
  const parentsOf = (id: string): string[] => {
    const model = project.models.get(id);
    return model ? [...model.refs.filter((name) => project.models.has(name)), ...model.sources.map(({ source, table }) => `${source}.${table}`)] : [];
  };
  const children = new Map<string, string[]>();
  for (const name of project.models.keys()) for (const parent of new Set(parentsOf(name))) children.set(parent, [...(children.get(parent) ?? []), name]);
  const childrenOf = (id: string): string[] => children.get(id) ?? [];

  const ids = new Set([focus, ...reach(focus, parentsOf, depth), ...reach(focus, childrenOf, depth)]);
  const traced = new Set((trace?.edges ?? []).map(({ from, to }) => `${from}\n${to}`));
  const byName = new Map(assets.map((asset) => [nameOf(asset.key), asset]));
  const nodes = [...ids].map((id): LineageNode => {
    const model = project.models.get(id);
    const [schema = '', table = ''] = id.split('.');
    const asset = byName.get(model ? id : table);
    return {
      id, kind: model ? 'model' : 'source', layer: model ? model.layer : schema,
      ...(asset ? { status: shownStatus(asset) } : {}), state: asset ? stateOf(asset, now) : '',
      hidden: { upstream: outside(parentsOf(id), ids), downstream: outside(childrenOf(id), ids) },
      columns: [...(trace?.columns[id] ?? [])],
    };
  });
  const edges = [...ids].flatMap((to) => [...new Set(parentsOf(to))].filter((from) => ids.has(from)).map((from) => ({ from, to, traced: traced.has(`${from}\n${to}`) })));
  return { focus, nodes, edges, depth, column: trace?.column ?? null };
}

/** Checks are spoken of where one of them is why it is red. */
const stateOf = (asset: Asset, now: number): string => [describeAsset(asset, now), hasFailingCheck(asset) ? checksInWords(asset.checks) : ''].filter((part) => part !== '').join(' · ');

/** Everything within so many steps; circles end. */
function reach(start: string, next: (id: string) => readonly string[], depth: number | null): Set<string> {
  const seen = new Set<string>();
  let frontier: readonly string[] = [start];
  for (let step = 0; frontier.length > 0 && (depth === null || step < depth); step++) {
    frontier = frontier.flatMap((id) => next(id)).filter((id) => {
      if (seen.has(id) || id === start) return false;
      seen.add(id);
      return true;
    });
  }
  return seen;
}

const outside = (neighbours: readonly string[], ids: ReadonlySet<string>): number => new Set(neighbours.filter((id) => !ids.has(id))).size;
