/** The timeline as SVG: draws a scene, zooms and pans along time, and lets a purchase be selected. */
import { axisBottom } from 'd3-axis';
import { scaleUtc, type ScaleTime } from 'd3-scale';
import { select, type Selection } from 'd3-selection';
import { utcFormat } from 'd3-time-format';
import { zoom, zoomIdentity, type D3ZoomEvent } from 'd3-zoom';
import { channelInWords, type PurchaseMark, type Scene, type ViewMark } from '../scene';
import { h, s } from '../../webview/dom';
import { ring, shape } from './marks';
import type { Tooltip } from './tooltip';
import { t } from '../../base/l10n';

const LANE = 34;
const PURCHASES = 58;
/** Purchases of one instant stand below one another, up to so many. */
const STACKED = 24;
const MOST_STACKED = 4;
const SESSIONS = 24;
const AXIS = 34;
const TOP = 22;
const RIGHT = 14;
const SECOND = 1_000;
/** The shortest range that can be seen, in milliseconds: dates know no less than one. */
const CLOSEST = 20;

export interface TimelineEvents {
  select: (purchaseId: string) => void;
  hover: (id: string | null) => void;
  viewChanged: () => void;
}

export class Timeline {
  readonly element: HTMLElement;
  readonly #svg = s('svg', { class: 'timeline', role: 'group', 'aria-label': t('Timeline of the client, time in UTC. The table holds the same facts.') });
  readonly #zoom = zoom<SVGSVGElement, unknown>();
  readonly #selection: Selection<SVGSVGElement, unknown, null, undefined>;
  #scene: Scene | undefined;
  /** what is visible, in milliseconds: kept over resizes and new data */
  #view: [number, number] | null = null;
  #width = 0;
  #scale: ScaleTime<number, number> = scaleUtc();
  #placed: { element: SVGElement; place: () => string }[] = [];
  #redraw: (() => void)[] = [];

  constructor(private readonly events: TimelineEvents, private readonly tooltip: Tooltip) {
    this.element = h('div', { class: 'timeline-frame' }, this.#svg);
    this.#selection = select<SVGSVGElement, unknown>(this.#svg);
    this.#zoom
      // The wheel alone scrolls the page; a pinch arrives as a wheel with ctrlKey
      .filter((event: MouseEvent) => (event.type === 'wheel' ? event.ctrlKey || event.metaKey : event.button === 0) && event.type !== 'dblclick')
      .wheelDelta(({ deltaY, deltaMode }) => -deltaY * (deltaMode === WheelEvent.DOM_DELTA_LINE ? 0.05 : 0.004))
      .on('zoom', ({ transform, sourceEvent }: D3ZoomEvent<SVGSVGElement, unknown>) => {
        const [start, end] = transform.rescaleX(this.#base()).domain();
        if (!start || !end) return;
        this.#view = [start.getTime(), end.getTime()];
        this.#place();
        if (sourceEvent) this.events.viewChanged();
      });
    this.#selection.call(this.#zoom);
    this.#svg.addEventListener('wheel', (event) => {
      const along = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey || Math.abs(along) < Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
      event.preventDefault();
      this.pan(along / Math.max(1, this.#plotWidth()));
    }, { passive: false });
    // The keys work where the mouse was used last
    this.#svg.addEventListener('pointerup', () => this.#focusPurchase());
    new ResizeObserver(() => this.#resize()).observe(this.element);
  }

  /** The visible range, in milliseconds since 1970; null before anything was shown. */
  get view(): [number, number] | null {
    return this.#view;
  }

  /** Draws a scene. The visible range stays, unless there is none yet or the selected purchase lies outside of it. */
  show(scene: Scene, view?: [number, number] | null): void {
    const focused = this.element.contains(document.activeElement);
    this.#scene = scene;
    if (view) this.#view = view;
    this.#draw();
    const chosen = scene.purchases.find(({ id }) => id === scene.selected);
    if (!this.#view) this.fitStart();
    else if (chosen && (chosen.time < this.#view[0] || chosen.time > this.#view[1])) this.fitWindow();
    else this.#look(this.#view);
    if (focused) this.#focusPurchase();
  }

  /** Everything, or the window alone where everything would make it too small to read. */
  fitStart(): void {
    const { extent, window } = this.#scene ?? {};
    if (extent && window && window.end - window.start < (extent[1] - extent[0]) / 5) this.fitWindow();
    else this.fitAll();
  }

  fitAll(): void {
    if (this.#scene) this.#look(this.#scene.extent, true);
  }

  fitWindow(): void {
    const { window } = this.#scene ?? {};
    const pad = window && Math.max((window.end - window.start) * 0.12, 60 * SECOND);
    if (window && pad) this.#look([window.start - pad, window.end + pad], true);
    else this.fitAll();
  }

  /** @param factor above 1 comes nearer */
  zoomBy(factor: number): void {
    this.#zoom.scaleBy(this.#selection, factor);
    if (this.#view) this.events.viewChanged();
  }

  /** @param share of the visible range; positive goes to later times */
  pan(share: number): void {
    if (!this.#view) return;
    const by = (this.#view[1] - this.#view[0]) * share;
    this.#look([this.#view[0] + by, this.#view[1] + by], true);
  }

  /** Lights up the mark of one event. */
  highlight(id: string | null): void {
    for (const mark of this.#svg.querySelectorAll('.hovered')) mark.classList.remove('hovered');
    if (id !== null) this.#svg.querySelector(`[data-id="${CSS.escape(id)}"]`)?.classList.add('hovered');
  }

  #focusPurchase(): void {
    this.#svg.querySelector<SVGElement>('[role=radio][tabindex="0"]')?.focus({ preventScroll: true });
  }

  #gutter = (): number => (this.#width < 520 ? 96 : 136);
  #plotWidth = (): number => Math.max(40, this.#width - this.#gutter() - RIGHT);

  #base(): ScaleTime<number, number> {
    const [start, end] = this.#scene?.extent ?? [0, 1];
    return scaleUtc().domain([new Date(start), new Date(end)]).range([this.#gutter(), this.#gutter() + this.#plotWidth()]);
  }

  #look(view: [number, number], tell = false): void {
    const base = this.#base();
    const [start = 0, end = 1] = base.domain().map((date) => date.getTime());
    const k = (end - start) / Math.max(1e-3, view[1] - view[0]);
    const [left = 0] = base.range();
    this.#zoom.transform(this.#selection, zoomIdentity.translate(left - base(view[0]) * k, 0).scale(k));
    if (tell && this.#view) this.events.viewChanged();
  }

  #resize(): void {
    const width = this.element.clientWidth;
    if (width === 0 || width === this.#width) return;
    this.#width = width;
    if (!this.#scene) return;
    this.#draw();
    if (this.#view) this.#look(this.#view);
  }

  #draw(): void {
    const scene = this.#scene;
    if (!scene || this.#width === 0) return;
    const gutter = this.#gutter();
    const purchasesTop = TOP + scene.lanes.length * LANE;
    const sessionsTop = purchasesTop + PURCHASES + STACKED * scene.purchases.reduce((most, { stack }) => Math.max(most, stack % MOST_STACKED), 0);
    const bottom = sessionsTop + SESSIONS;
    const right = gutter + this.#plotWidth();
    this.#placed = [];
    this.#redraw = [];
    this.#svg.setAttribute('viewBox', `0 0 ${this.#width} ${bottom + AXIS}`);
    this.#svg.setAttribute('height', String(bottom + AXIS));
    this.#zoom.extent([[gutter, 0], [right, bottom]]).scaleExtent([0.2, Math.max(1, (scene.extent[1] - scene.extent[0]) / CLOSEST)]);

    const clip = s('clipPath', { id: 'plot' }, s('rect', { x: gutter, y: 0, width: this.#plotWidth() + RIGHT, height: bottom }));
    const plot = s('g', { 'clip-path': 'url(#plot)' });
    const labels = [...scene.lanes.map(({ name }, index) => [channelInWords(name), TOP + index * LANE + LANE / 2] as const), [t('Purchases'), (purchasesTop + sessionsTop) / 2] as const, [t('Sessions'), sessionsTop + SESSIONS / 2] as const];
    const rows = s('g', { 'aria-hidden': 'true' },
      ...scene.lanes.map((_, index) => s('line', { x1: gutter, x2: right, y1: TOP + index * LANE + LANE / 2, y2: TOP + index * LANE + LANE / 2, class: 'lane-line' })),
      s('line', { x1: 0, x2: right, y1: purchasesTop, y2: purchasesTop, class: 'rule' }), s('line', { x1: 0, x2: right, y1: sessionsTop, y2: sessionsTop, class: 'rule' }),
      ...labels.map(([name, y]) => s('text', { x: 8, y, class: 'lane-label' }, s('title', {}, name), shorten(name, gutter))));
    plot.append(...this.#windowOf(scene, bottom), ...this.#gapOf(scene, purchasesTop), this.#sessionsOf(scene, sessionsTop), this.#creditsOf(scene, purchasesTop),
      s('g', {}, ...scene.views.map((mark) => this.#viewMark(mark, scene))), this.#purchasesOf(scene, purchasesTop));
    this.#svg.replaceChildren(clip, rows, plot, this.#axis(bottom), s('text', { x: 8, y: bottom + 18, class: 'axis-label' }, t('Time (UTC)')));
  }

  #axis(bottom: number): SVGElement {
    const group = s('g', { class: 'axis', transform: `translate(0,${bottom})`, 'aria-hidden': 'true' });
    this.#redraw.push(() => select<SVGGElement, unknown>(group).call(axisBottom<Date>(this.#scale as never).ticks(Math.max(2, this.#plotWidth() / 105)).tickFormat(tickLabel).tickSizeOuter(0)));
    return group;
  }

  #windowOf({ window }: Scene, bottom: number): SVGElement[] {
    if (!window) return [];
    const area = s('rect', { y: 0, height: bottom, class: 'window' });
    const edges = [window.start, window.end].map((time) => ({ time, line: s('line', { y1: 0, y2: bottom, class: 'window-edge' }) }));
    const label = s('text', { y: 14, class: 'window-label' });
    this.#redraw.push(() => {
      const [start, end] = [this.#scale(window.start), this.#scale(window.end)];
      area.setAttribute('x', String(start));
      area.setAttribute('width', String(Math.max(1, end - start)));
      for (const { time, line } of edges) for (const side of ['x1', 'x2']) line.setAttribute(side, String(this.#scale(time)));
      const from = Math.max(start, this.#gutter());
      const room = Math.min(end, this.#gutter() + this.#plotWidth()) - from;
      label.setAttribute('x', String(from + 6));
      label.textContent = room > 250 ? t('Window opens {0}', window.opens) : room > 60 ? t('Window') : '';
    });
    return [area, ...edges.map(({ line }) => line), label];
  }

  #gapOf({ gap }: Scene, bottom: number): SVGElement[] {
    if (!gap) return [];
    const area = s('rect', { y: TOP, height: bottom - TOP, class: 'gap' });
    const label = s('text', { y: (TOP + bottom) / 2, class: 'gap-label', 'text-anchor': 'middle' }, gap.words);
    this.#redraw.push(() => {
      const [start, end] = [Math.max(this.#scale(gap.start), this.#gutter()), Math.min(this.#scale(gap.end), this.#gutter() + this.#plotWidth())];
      area.setAttribute('x', String(start));
      area.setAttribute('width', String(Math.max(0, end - start)));
      label.setAttribute('x', String((start + end) / 2));
      label.classList.toggle('left-out', end - start < gap.words.length * 6.5);
    });
    return [area, label];
  }

  #sessionsOf({ sessions }: Scene, top: number): SVGElement {
    return s('g', {}, ...sessions.map(({ name, start, end, events }, index) => {
      const bar = s('rect', { y: top + (index % 2 === 0 ? 6 : 13), height: 5, rx: 2, class: 'session', role: 'img', 'aria-label': t('Session {0}, {1}', name, eventsInWords(events)) });
      this.#redraw.push(() => {
        bar.setAttribute('x', String(this.#scale(start) - 3));
        bar.setAttribute('width', String(this.#scale(end) - this.#scale(start) + 6));
      });
      return this.#describe(bar, null, [t('Session {0}', name), t('{0} shown', eventsInWords(events))]);
    }));
  }

  #creditsOf(scene: Scene, purchasesTop: number): SVGElement {
    const purchase = scene.purchases.find(({ id }) => id === scene.selected);
    const group = s('g', { class: 'credits', 'aria-hidden': 'true' });
    for (const { touchId, label } of scene.credits) {
      const touch = scene.views.find(({ id }) => id === touchId);
      if (!touch || !purchase) continue;
      const [y, target] = [TOP + touch.lane * LANE + LANE / 2 + offset(touch.stack), purchaseY(purchasesTop, purchase) - 11];
      const path = s('path', { class: 'credit' });
      const text = s('text', { y: y - 12, class: 'credit-label' }, label);
      this.#redraw.push(() => {
        const [from, to] = [this.#scale(touch.time), this.#scale(purchase.time)];
        path.setAttribute('d', `M${from},${y}C${from},${(y + 2 * target) / 3} ${to},${(2 * y + target) / 3} ${to},${target}`);
        const edge = this.#gutter() + this.#plotWidth();
        const atEnd = from > edge - 90;
        text.setAttribute('x', String(atEnd ? Math.min(from + 8, edge) : from - 8 < this.#gutter() ? this.#gutter() + 4 : from - 8));
        text.setAttribute('text-anchor', atEnd ? 'end' : 'start');
      });
      group.append(path, text);
    }
    return group;
  }

  #viewMark(mark: ViewMark, { lanes }: Scene): SVGElement {
    const element = s('g', { class: `mark channel-${lanes[mark.lane]?.colour ?? 'plain'}`, 'data-id': mark.id, role: 'img', 'aria-label': mark.lines.join(', ') }, mark.credited && ring('credit'), shape(mark.shape));
    const y = TOP + mark.lane * LANE + LANE / 2 + offset(mark.stack);
    this.#placed.push({ element, place: () => `translate(${this.#scale(mark.time)},${y})` });
    return this.#describe(element, mark.id, mark.lines);
  }

  #purchasesOf(scene: Scene, top: number): SVGElement {
    const group = scene.purchases.length > 0 ? s('g', { role: 'radiogroup', 'aria-label': t('Purchases') }) : s('g');
    const labels: { mark: PurchaseMark; text: SVGElement }[] = [];
    for (const mark of scene.purchases) {
      const chosen = mark.id === scene.selected;
      // Beside the mark where the next one stands right below
      const text = s('text', { ...(mark.isStacked ? { x: -15, y: 4, 'text-anchor': 'end' } : { y: 24, 'text-anchor': 'middle' }), class: 'revenue' }, mark.revenue);
      const element = s('g', {
        class: 'mark purchase', 'data-id': mark.id, role: 'radio', 'aria-checked': String(chosen), tabindex: chosen ? 0 : -1, 'aria-label': mark.lines.join(', '), onclick: () => this.events.select(mark.id),
      }, s('rect', { x: -12, y: -12, width: 24, height: 24, class: 'target' }), chosen && ring('selected'), shape('purchase'), text);
      this.#placed.push({ element, place: () => `translate(${this.#scale(mark.time)},${purchaseY(top, mark)})` });
      labels.push({ mark, text });
      group.append(this.#describe(element, mark.id, mark.lines));
    }
    this.#redraw.push(() => this.#thinOut(labels, scene.selected));
    return group;
  }

  /** Amounts that would cover one another are left out, the selected one never. */
  #thinOut(labels: { mark: PurchaseMark; text: SVGElement }[], selected: string | null): void {
    const taken: [number, number][][] = Array.from({ length: MOST_STACKED }, () => []);
    const chosenFirst = [...labels].sort((one, other) => Number(other.mark.id === selected) - Number(one.mark.id === selected));
    for (const { mark, text } of chosenFirst) {
      const [x, half] = [this.#scale(mark.time), mark.revenue.length * 3.6 + 4];
      // At the right end it would be cut off
      if (!mark.isStacked) text.setAttribute('x', String(Math.min(0, this.#width - half - x)));
      const row = taken[mark.stack % MOST_STACKED] ?? [];
      const free = row.every(([from, to]) => x + half < from || x - half > to);
      text.classList.toggle('left-out', !free);
      if (free) row.push([x - half, x + half]);
    }
  }

  #describe<T extends SVGElement>(element: T, id: string | null, lines: readonly string[]): T {
    const enter = (): void => {
      this.tooltip.show(lines, element);
      this.events.hover(id);
    };
    const leave = (): void => {
      this.tooltip.hide();
      this.events.hover(null);
    };
    element.addEventListener('pointerenter', enter);
    element.addEventListener('pointerleave', leave);
    return element;
  }

  #place(): void {
    if (!this.#view) return;
    this.#scale = this.#base().domain(this.#view.map((time) => new Date(time)));
    for (const { element, place } of this.#placed) element.setAttribute('transform', place());
    for (const redraw of this.#redraw) redraw();
    this.tooltip.hide();
  }
}

const [ofSecond, ofMinute, ofHour, ofDay, ofMonth] = [utcFormat('.%L'), utcFormat(':%S'), utcFormat('%H:%M'), utcFormat('%-d %b'), utcFormat('%b %Y')];

/** As much of a tick's time as tells it from its neighbours; a month's beginning says its year. */
function tickLabel(time: Date): string {
  if (time.getUTCMilliseconds() !== 0) return ofSecond(time);
  if (time.getUTCSeconds() !== 0) return ofMinute(time);
  if (time.getUTCMinutes() !== 0 || time.getUTCHours() !== 0) return ofHour(time);
  return time.getUTCDate() === 1 ? ofMonth(time) : ofDay(time);
}

const eventsInWords = (events: number): string => (events === 1 ? t('1 event') : t('{0} events', events));
const purchaseY = (top: number, { stack }: PurchaseMark): number => top + 20 + (stack % MOST_STACKED) * STACKED;
const offset = (stack: number): number => [0, 7, -7, 12, -12][stack % 5] ?? 0;
const shorten = (name: string, gutter: number): string => {
  const room = Math.floor((gutter - 14) / 6.6);
  return name.length > room ? `${name.slice(0, room - 1)}…` : name;
};
