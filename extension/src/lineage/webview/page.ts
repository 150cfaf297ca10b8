/** The page of a model's lineage: a graph in SVG, by mouse and keyboard. */
import './page.css';
import { select } from 'd3-selection';
import { curveBasis, line } from 'd3-shape';
import { zoom, zoomIdentity, type ZoomBehavior } from 'd3-zoom';
import { connect } from '../../webview/connect';
import { layoutOf, neighbour, type Layout, type Size } from '../layout';
import type { Graph, HostSide, LineageNode, PageSide, PageState, Shown, Words } from '../protocol';

/** Below this width (pixels) layers stand one below the other. */
const NARROW = 640;
const ICONS: Record<string, string> = { fresh: 'pass', stale: 'warning', failed: 'error', missing: 'circle-large-outline', running: 'sync', source: 'database', unknown: 'circle-outline' };
const SVG = 'http://www.w3.org/2000/svg';

const toolbar = document.createElement('div');
toolbar.className = 'toolbar';
const heading = document.createElement('h1');
const column = document.createElement('p');
column.className = 'column';
const head = document.createElement('header');
head.append(heading, column, toolbar);
const svg = document.createElementNS(SVG, 'svg');
svg.setAttribute('role', 'group');
const canvas = document.createElementNS(SVG, 'g');
svg.append(canvas);
const empty = document.createElement('p');
empty.className = 'empty';
const hint = document.createElement('footer');
const main = document.createElement('main');
main.append(head, svg, empty, hint);
document.body.append(main);

let graph: Graph | undefined;
let words: Words | undefined;
let layout: Layout | undefined;
let direction: 'LR' | 'TB' = 'LR';
/** the node that keys act on */
let current: string | undefined;

const { rpc, setState } = connect<PageSide, HostSide>({
  show: ({ shown, words: given }) => {
    words = given;
    show(shown);
  },
});

const zooming: ZoomBehavior<SVGSVGElement, unknown> = zoom<SVGSVGElement, unknown>().scaleExtent([0.15, 2]).on('zoom', ({ transform }: { transform: { toString: () => string } }) => canvas.setAttribute('transform', transform.toString()));
select(svg).call(zooming).on('dblclick.zoom', null);
new ResizeObserver(() => {
  if (graph && directionNow() !== direction) draw(true);
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
const directionNow = (): 'LR' | 'TB' => (main.clientWidth < NARROW ? 'TB' : 'LR');
const fill = (template: string, ...values: (string | number)[]): string => template.replace(/\{(\d)\}/g, (_, at: string) => String(values[Number(at)] ?? ''));

/** @param moved whether the view is to find its place anew */
function draw(moved: boolean): void {
  if (!graph || !words) return;
  const { focus } = graph;
  direction = directionNow();
  heading.textContent = fill(words.heading, focus);
  hint.textContent = words.hint;
  column.textContent = graph.column ?? '';
  column.hidden = graph.column === null;
  toolbar.replaceChildren(...controls(words, graph));
  const hadFocus = document.activeElement instanceof SVGElement;
  const drawn = new Map(graph.nodes.map((node) => [node.id, drawNode(node, words as Words)]));
  canvas.replaceChildren(...[...drawn.values()].map(({ element }) => element));
  layout = layoutOf(graph, new Map([...drawn].map(([id, { size }]) => [id, size])), direction);
  for (const [id, { element }] of drawn) {
    const box = layout.nodes.get(id);
    if (box) element.setAttribute('transform', `translate(${box.x},${box.y})`);
  }
  const path = line<{ x: number; y: number }>(({ x }) => x, ({ y }) => y).curve(curveBasis);
  const traced = new Map(graph.edges.map((edge) => [`${edge.from}\n${edge.to}`, edge.traced]));
  canvas.prepend(...layout.edges.map(({ from, to, points }) => make('path', { class: traced.get(`${from}\n${to}`) ? 'edge traced' : 'edge', d: path(points) ?? '', 'aria-hidden': 'true' })));
  if (moved) fit(false);
  if (hadFocus && current !== undefined) drawn.get(current)?.element.focus();
}

function controls({ depth, all, steps, zoomIn, zoomOut, fit: fitWord }: Words, shown: Graph): HTMLElement[] {
  const choice = document.createElement('select');
  choice.setAttribute('aria-label', depth);
  choice.title = depth;
  for (const [value, label] of [['1', steps['1']], ['2', steps['2']], ['all', all]] as const) choice.add(new Option(label, value));
  choice.value = shown.depth === null ? 'all' : String(shown.depth);
  choice.addEventListener('change', () => rpc.notify('depth', { depth: choice.value === 'all' ? null : Number(choice.value) }));
  return [choice, button('zoom-in', zoomIn, () => scale(1.3)), button('zoom-out', zoomOut, () => scale(1 / 1.3)), button('screen-full', fitWord, () => fit(true))];
}

function button(icon: string, label: string, run: () => void): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.title = label;
  made.setAttribute('aria-label', label);
  const glyph = document.createElement('span');
  glyph.className = `codicon codicon-${icon}`;
  made.append(glyph);
  made.addEventListener('click', run);
  return made;
}

/** A node at the origin, and how large it came out. */
function drawNode(node: LineageNode, { states }: Words): { element: SVGGElement; size: Size } {
  const { id, kind, status: state, layer, hidden, columns } = node;
  const stateName = state ?? (kind === 'source' ? 'source' : 'unknown');
  const stateWords = node.state || (state ? states[state] : '');
  const element = make('g', {
    class: `node ${kind} ${stateName}${id === graph?.focus ? ' focus' : ''}`, role: 'button', tabindex: id === current ? '0' : '-1', 'data-id': id,
  });
  const name = make('text', { class: 'name', x: '30', y: '18' });
  name.textContent = id;
  const detail = make('text', { class: 'detail', x: '30', y: '34' });
  detail.textContent = stateWords === '' ? layer : stateWords;
  const glyph = make('text', { class: 'glyph codicon', x: '9', y: '26', 'aria-hidden': 'true' });
  glyph.textContent = glyphOf(ICONS[stateName] ?? 'circle-outline');
  const rows = columns.map((text, index) => {
    const row = make('text', { class: 'traced-column', x: '30', y: String(51 + index * 16) });
    row.textContent = text;
    return row;
  });
  const beyond = [hidden.upstream > 0 && `◂ ${hidden.upstream}`, hidden.downstream > 0 && `${hidden.downstream} ▸`].filter((text) => text !== false);
  const rest = make('text', { class: 'beyond', y: '18' });
  rest.textContent = beyond.join('  ');
  // What is seen is what is said
  element.setAttribute('aria-label', [id, detail.textContent, rest.textContent, ...columns].filter(Boolean).join(' '));
  const height = 42 + (columns.length > 0 ? 4 + columns.length * 16 : 0);
  const box = make('rect', { class: 'box', rx: '3', height: String(height) });
  // Spaces are not drawn, and keep the words apart
  element.append(box, glyph, ...[name, detail, rest, ...rows].flatMap((text) => [text, ' ']));
  canvas.append(element);
  const widthOf = (text: SVGTextElement): number => Math.ceil(text.getComputedTextLength());
  const restWidth = beyond.length > 0 ? widthOf(rest) + 12 : 0;
  const width = 40 + Math.max(widthOf(name) + restWidth, ...[detail, ...rows].map(widthOf));
  box.setAttribute('width', String(width));
  rest.setAttribute('x', String(width - restWidth + 2));
  element.addEventListener('click', () => activate(node));
  element.addEventListener('focus', () => {
    current = id;
    for (const other of canvas.querySelectorAll('.node')) other.setAttribute('tabindex', other === element ? '0' : '-1');
  });
  return { element, size: { width, height } };
}

function activate({ id, kind }: LineageNode): void {
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
}

/** Everything in view; where that would be too small to read, the focus in the middle. @param whole everything, however small */
function fit(whole: boolean): void {
  if (!layout || !graph) return;
  const { clientWidth: width, clientHeight: height } = svg;
  const fitting = Math.min(1, width / layout.width, height / layout.height);
  const readable = whole ? fitting : Math.max(fitting, 0.75);
  const box = layout.nodes.get(graph.focus);
  const centre = fitting >= readable || !box ? { x: layout.width / 2, y: layout.height / 2 } : { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  zooming.transform(select(svg), zoomIdentity.translate(width / 2 - centre.x * readable, height / 2 - centre.y * readable).scale(readable));
}

function make<Tag extends keyof SVGElementTagNameMap>(tag: Tag, attributes: Record<string, string> = {}): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** The character that the icon font has for a name. */
function glyphOf(name: string): string {
  const probe = document.createElement('span');
  probe.className = `codicon codicon-${name}`;
  document.body.append(probe);
  const content = getComputedStyle(probe, '::before').content.replace(/^"|"$/g, '');
  probe.remove();
  return content;
}
