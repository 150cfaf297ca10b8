import type { Fact, Facts } from '../facts';
import { button, h } from '../../webview/dom';
import { t } from '../../base/l10n';

export interface TableEvents {
  hover: (id: string | null) => void;
  select: (purchaseId: string) => void;
  openRecord: (sourceFile: string, recordNumber: number) => void;
}

/** Amounts stand between the verdict and the last two, the session and the record. */
const isAmount = (index: number, columns: readonly string[]): boolean => index > 3 && index < columns.length - 2;

/** The facts as a table: a purchase's name selects it, a record's name opens the file. */
export class FactTable {
  readonly element = h('div', { class: 'table-frame', role: 'group', 'aria-label': t('Table of events'), tabindex: 0 });
  readonly #rows = new Map<string, HTMLElement>();
  #selected: string | null = null;

  constructor(private readonly events: TableEvents) {}

  show({ columns, facts }: Facts, selected: string | null): void {
    const { scrollTop, scrollLeft } = this.element;
    this.#rows.clear();
    this.element.replaceChildren(facts.length === 0 ? h('p', { class: 'quiet-text' }, t('No event of this client was staged.')) : h('table', { role: 'table' },
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...columns.map((name, index) => h('th', { scope: 'col', role: 'columnheader', class: isAmount(index, columns) ? 'amount' : undefined }, name)))),
      h('tbody', { role: 'rowgroup' }, ...facts.map((fact) => this.#row(fact, columns, selected)))));
    this.element.scrollTo({ top: scrollTop, left: scrollLeft });
    if (selected !== this.#selected) this.#reveal(selected);
    this.#selected = selected;
  }

  highlight(id: string | null): void {
    for (const row of this.element.querySelectorAll('tr.hovered')) row.classList.remove('hovered');
    if (id !== null) this.#rows.get(id)?.classList.add('hovered');
  }

  /** Scrolls the table alone, never the page. */
  #reveal(id: string | null): void {
    const row = id === null ? undefined : this.#rows.get(id);
    if (!row) return;
    const { clientHeight, scrollTop } = this.element;
    if (row.offsetTop < scrollTop || row.offsetTop + row.offsetHeight > scrollTop + clientHeight) this.element.scrollTop = row.offsetTop - clientHeight / 2;
  }

  #row(fact: Fact, columns: readonly string[], selected: string | null): HTMLElement {
    const { id, kind, isPurchase, sourceFile, recordNumber, cells } = fact;
    // In a narrow panel rows are stacked, which takes the roles of a table's parts away where they are not said
    const cell = (value: string, index: number): HTMLElement => {
      const name = columns[index] ?? '';
      const attributes = { role: 'cell', 'data-name': name };
      if (index === 0) return h('th', { scope: 'row', role: 'rowheader' }, value);
      if (index === 1 && isPurchase && id !== selected) return h('td', attributes, button(value, () => this.events.select(id), { quiet: true, title: t('Explain this purchase') }));
      if (index === columns.length - 1) return h('td', attributes, button(value, () => this.events.openRecord(sourceFile, recordNumber), { quiet: true, title: t('Open the CSV file at this record') }));
      return h('td', { ...attributes, class: isAmount(index, columns) ? 'amount' : undefined }, value === '' ? null : value);
    };
    const row = h('tr', { role: 'row', class: `kind-${kind}`, 'aria-current': id === selected ? 'true' : undefined, onpointerenter: () => this.events.hover(id), onpointerleave: () => this.events.hover(null) }, ...cells.map(cell));
    this.#rows.set(id, row);
    return row;
  }
}
