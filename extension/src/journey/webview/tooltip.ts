import { h } from '../../webview/dom';

/** One tooltip for the whole page; what it says is in the marks' names and in the table as well. */
export class Tooltip {
  readonly element = h('div', { class: 'tooltip', 'aria-hidden': 'true', hidden: true });

  constructor() {
    window.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.hide();
    });
    window.addEventListener('scroll', () => this.hide(), { capture: true, passive: true });
  }

  show(lines: readonly string[], beside: Element): void {
    this.element.replaceChildren(...lines.map((line, index) => h(index === 0 ? 'strong' : 'div', {}, line)));
    this.element.hidden = false;
    const mark = beside.getBoundingClientRect();
    const { width, height } = this.element.getBoundingClientRect();
    const left = Math.min(Math.max(4, mark.left + mark.width / 2 - width / 2), document.documentElement.clientWidth - width - 4);
    const above = mark.top - height - 8;
    this.element.style.left = `${Math.max(4, left)}px`;
    this.element.style.top = `${above < 4 ? mark.bottom + 8 : above}px`;
  }

  hide(): void {
    this.element.hidden = true;
  }
}
