/** The page of a model's lineage: a graph in SVG, by mouse and keyboard. */
import '../../webview/words';
import './page.css';
import { select } from 'd3-selection';
import { curveBasis, line } from 'd3-shape';
import { zoom, zoomIdentity, type ZoomBehavior } from 'd3-zoom';
import { t } from '../../base/l10n';
import { connect } from '../../webview/connect';
import { button, h, s } from '../../webview/dom';
import { afterResize, directionOf, fitOf, layoutOf, neighbour, type Direction, type Layout, type Size } from '../layout';
import type { Graph, HostSide, LineageNode, PageSide, PageState, Shown } from '../protocol';

const ICONS: Record<string, string> = { fresh: 'pass', stale: 'warning', failed: 'error', missing: 'circle-large-outline', running: 'sync', source: 'database', unknown: 'circle-outline' };

const toolbar = h('div', { class: 'toolbar' });
const heading = h('h1');
const column = h('code');
const traced = h('p', { class: 'column' }, column, button(t('Show All Columns\' Lineage'), () => rpc.notify('untrace', null), { icon: 'close', quiet: true }));
const head = h('header', {}, heading, traced, toolbar);
const canvas = s('g');
const svg = s('svg', { role: 'group' }, canvas);
const empty = h('p', { class: 'empty' });
const hint = h('footer', {}, t('Click or Enter opens · arrows walk · M materializes · P previews · F centers'));
const main = h('main', {}, head, svg, empty, hint);
document.body.append(main);

let graph: Graph | undefined;
let layout: Layout | undefined;
let sizes: ReadonlyMap<string, Size> = new Map();
/** of what is drawn, as far as they were asked for */
const layouts = new Map<Direction, Layout>();
let direction: Direction = 'LR';
/** the node that keys act on */
let current: string | undefined;
/** how it was fitted, as long as the person neither zoomed nor moved since */
let fitted: 'whole' | 'readable' | undefined;

const { rpc, setState } = connect<PageSide, HostSide>({ show });

const zooming: ZoomBehavior<SVGSVGElement, unknown> = zoom<SVGSVGElement, unknown>().scaleExtent([0.15, 2]).on('zoom', ({ transform, sourceEvent }: { transform: { toString: () => string }; sourceEvent: unknown }) => {
  canvas.setAttribute('transform', transform.toString());
  // What is not done from here, the person does
  if (sourceEvent) fitted = undefined;
});
select(svg).call(zooming).on('dblclick.zoom', null);
new ResizeObserver(() => {
  const todo = graph && afterResize(viewSize(), direction, fitted !== undefined, layoutIn);
  if (todo === 'draw') draw(true);
  if (todo === 'fit') fit(fitted === 'whole');
}).observe(main);

function show(shown: Shown): void {
  empty.hidden = shown.kind === 'graph';
  svg.toggleAttribute('hidden', shown.kind !== 'graph');
  head.hidden = hint.hidden = shown.kind !== 'graph';
  if (shown.kind === 'empty') {
    graph = undefined;
    empty.textContent = shown.message;
    return;
  }
  const { graph: next } = shown;
  const moved = graph?.focus !== next.focus || graph.depth !== next.depth || ids(graph) !== ids(next);
  if (graph?.focus !== next.focus) current = next.focus;
  graph = next;
  setState({ model: next.focus } satisfies PageState);
  draw(moved);
}

const ids = ({ nodes }: Graph): string => nodes.map(({ id, columns }) => `${id} ${columns.length}`).join('\n');

/** @param moved whether the view is to find its place anew */
function draw(moved: boolean): void {
  if (!graph) return;
  // What has the focus is made anew, or is gone with the trace
  const { activeElement } = document;
  const hadFocus = activeElement instanceof SVGElement || (graph.column === null && traced.contains(activeElement));
  heading.textContent = t('Lineage of {0}', graph.focus);
  column.textContent = graph.column ?? '';
  traced.hidden = graph.column === null;
  toolbar.replaceChildren(...controls(graph));
  const drawn = new Map(graph.nodes.map((node) => [node.id, drawNode(node)]));
  canvas.replaceChildren(...[...drawn.values()].map(({ element }) => element));
  sizes = new Map([...drawn].map(([id, { size }]) => [id, size]));
  layouts.clear();
  direction = directionOf(viewSize(), layoutIn);
  layout = layoutIn(direction);
  for (const [id, { element }] of drawn) {
    const box = layout.nodes.get(id);
    if (box) element.setAttribute('transform', `translate(${box.x},${box.y})`);
  }
  const path = line<{ x: number; y: number }>(({ x }) => x, ({ y }) => y).curve(curveBasis);
  const tracedEdges = new Map(graph.edges.map((edge) => [`${edge.from}\n${edge.to}`, edge.traced]));
  canvas.prepend(...layout.edges.map(({ from, to, points }) => s('path', { class: tracedEdges.get(`${from}\n${to}`) ? 'edge traced' : 'edge', d: path(points) ?? '', 'aria-hidden': 'true' })));
  if (moved) fit(false);
  if (hadFocus && current !== undefined) drawn.get(current)?.element.focus();
}

const viewSize = (): Size => ({ width: svg.clientWidth, height: svg.clientHeight });

function layoutIn(wanted: Direction): Layout {
  const known = layouts.get(wanted) ?? layoutOf(graph ?? { nodes: [], edges: [] }, sizes, wanted);
  layouts.set(wanted, known);
  return known;
}

function controls({ depth }: Graph): HTMLElement[] {
  const label = t('How far to look');
  const choice = h('select', { 'aria-label': label, title: label, onchange: () => rpc.notify('depth', { depth: choice.value === 'all' ? null : Number(choice.value) }) },
    h('option', { value: '1' }, t('1 step')), h('option', { value: '2' }, t('2 steps')), h('option', { value: 'all' }, t('Everything')));
  choice.value = depth === null ? 'all' : String(depth);
  const tool = (icon: string, words: string, run: () => void): HTMLElement => button(words, run, { icon, quiet: true });
  return [choice, tool('zoom-in', t('Zoom In (+)'), () => scale(1.3)), tool('zoom-out', t('Zoom Out (−)'), () => scale(1 / 1.3)), tool('screen-full', t('Show Everything (0)'), () => fit(true))];
}

/** A node at the origin, and how large it came out. */
function drawNode({ id, kind, status, state, layer, hidden, columns }: LineageNode): { element: SVGGElement; size: Size } {
  const look = status ?? (kind === 'source' ? 'source' : 'unknown');
  const words = (x: number, y: number, name: string, text: string): SVGTextElement => s('text', { class: name, x, y }, text);
  const name = words(30, 18, 'name', id);
  const detail = words(30, 34, 'detail', state === '' ? layer : state);
  const glyph = s('text', { class: 'glyph codicon', x: 9, y: 26, 'aria-hidden': 'true' }, glyphOf(ICONS[look] ?? 'circle-outline'));
  const rows = columns.map((text, index) => words(30, 51 + index * 16, 'traced-column', text));
  const beyond = [hidden.upstream > 0 && `◂ ${hidden.upstream}`, hidden.downstream > 0 && `${hidden.downstream} ▸`].filter((text) => text !== false);
  const rest = words(0, 18, 'beyond', beyond.join('  '));
  const height = 42 + (columns.length > 0 ? 4 + columns.length * 16 : 0);
  const box = s('rect', { class: 'box', rx: 3, height });
  const element = s('g', {
    class: `node ${kind} ${look}${id === graph?.focus ? ' focus' : ''}`, role: 'button', tabindex: id === current ? 0 : -1, 'data-id': id,
    // What is seen is what is said; spaces are not drawn, and keep the words apart
    'aria-label': [id, detail.textContent, rest.textContent, ...columns].filter(Boolean).join(' '),
  }, box, glyph, ...[name, detail, rest, ...rows].flatMap((text) => [text, ' ']));
  canvas.append(element);
  const widthOf = (text: SVGTextElement): number => Math.ceil(text.getComputedTextLength());
  const restWidth = beyond.length > 0 ? widthOf(rest) + 12 : 0;
  const width = 40 + Math.max(widthOf(name) + restWidth, ...[detail, ...rows].map(widthOf));
  box.setAttribute('width', String(width));
  rest.setAttribute('x', String(width - restWidth + 2));
  element.addEventListener('click', () => activate({ id, kind }));
  element.addEventListener('focus', () => {
    current = id;
    for (const other of canvas.querySelectorAll('.node')) other.setAttribute('tabindex', other === element ? '0' : '-1');
  });
  return { element, size: { width, height } };
}

function activate({ id, kind }: Pick<LineageNode, 'id' | 'kind'>): void {
  rpc.notify(kind === 'source' ? 'focus' : 'open', { id });
}

svg.addEventListener('keydown', (event) => {
  const node = graph?.nodes.find(({ id }) => id === current);
  if (!graph || !layout || !node || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions: Record<string, () => void> = {
    Enter: () => activate(node), ' ': () => activate(node), f: () => rpc.notify('focus', { id: node.id }), m: () => rpc.notify('materialize', { id: node.id }), p: () => rpc.notify('preview', { id: node.id }),
    '+': () => scale(1.3), '-': () => scale(1 / 1.3), 0: () => fit(true),
  };
  const action = actions[event.key];
  const next = neighbour(graph, layout, node.id, event.key, direction);
  if (!action && next === undefined) return;
  event.preventDefault();
  action?.();
  if (next !== undefined) [...canvas.querySelectorAll<SVGGElement>('.node')].find((element) => element.dataset['id'] === next)?.focus();
});

function scale(by: number): void {
  zooming.scaleBy(select(svg), by);
  fitted = undefined;
}

/** @param whole everything, however small */
function fit(whole: boolean): void {
  if (!layout || !graph) return;
  const { x, y, scale: by } = fitOf(layout, graph.focus, viewSize(), whole);
  zooming.transform(select(svg), zoomIdentity.translate(x, y).scale(by));
  fitted = whole ? 'whole' : 'readable';
}

/** The character that the icon font has for a name. */
function glyphOf(name: string): string {
  const probe = h('span', { class: `codicon codicon-${name}` });
  document.body.append(probe);
  const content = getComputedStyle(probe, '::before').content.replace(/^"|"$/g, '');
  probe.remove();
  return content;
}
