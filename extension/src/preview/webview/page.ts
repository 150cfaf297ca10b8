import '../../webview/words';
import '@vscode/codicons/dist/codicon.css';
import './page.css';
import { messageOf } from '../../base/errors';
import { connect } from '../../webview/connect';
import type { CopyFormat, Count, GridColumn, PreviewHost, PreviewPage, Row, QuerySubject, Shown, Table, View } from '../protocol';
import { button, element } from './dom';
import { exactly } from './filters';
import { PreviewGrid, type SavedGrid } from './grid';
import { t } from '../../base/l10n';

/** When work is worth saying that it goes on. */
const BUSY_MS = 250;
const NEWS_MS = 8000;
const FORMATS: [CopyFormat, string][] = [['tsv', 'TSV'], ['csv', 'CSV'], ['markdown', 'Markdown'], ['json', 'JSON']];

interface Saved {
  /** what the serializer opens again */
  model: string;
  query?: QuerySubject;
  grid?: SavedGrid;
  format?: CopyFormat;
}

let table: Table | undefined;
let columns: GridColumn[] = [];
let grid: PreviewGrid | undefined;
let name = '';
let query: QuerySubject | undefined;
let newsTimer: number | undefined;
const running = new Set<AbortController>();

// ---- the page

const heading = element('h1', { class: 'hidden' }, t('Preview'));
const modelLink = button('file-code', t('Open the model'), () => rpc.notify('openModel', null), { class: 'quiet model' });
const relation = element('span', { class: 'relation' });
const count = element('span', { class: 'count' });
const news = element('span', { class: 'news', role: 'status' });
const work = element('span', { class: 'work', role: 'status' });
const format = element('select', { 'aria-label': t('Copy as'), title: t('Copy as'), change: () => save() }, ...FORMATS.map(([value, label]) => element('option', { value }, label)));
const copyButton = button('copy', t('Copy Selection'), () => void copy(), { disabled: true });
const cancelButton = button('debug-stop', t('Cancel'), () => cancel(), { class: 'secondary cancel' });
const bar = element('div', { class: 'bar', 'aria-hidden': 'true' });
const toolbar = element('header', {}, heading,
  element('div', { class: 'what' }, modelLink, relation, count),
  element('div', { class: 'doing' }, news, work, cancelButton),
  element('div', { class: 'tools', role: 'toolbar', 'aria-label': t('Preview') },
    button('refresh', t('Refresh'), () => rpc.notify('reload', null)), copyButton, format, button('export', t('Export CSV …'), () => rpc.notify('exportAll', grid?.view ?? { sort: [], filter: [] }))));
const alertBox = element('div', { class: 'alert', role: 'alert' });
const noteBox = element('aside', { class: 'note', 'aria-label': t('How the database is read'), hidden: true });
const gridBox = element('div', { class: 'grid' });
const nothing = element('div', { class: 'nothing', hidden: true });
const state = element('section', { class: 'state', 'aria-label': t('State'), hidden: true });
const main = element('main', {}, alertBox, gridBox, nothing, state);
const dialog = element('dialog', { 'aria-labelledby': 'value-title' });
// The body itself must lay nothing out: the grid measures in it how high an element can be
document.body.append(element('div', { class: 'page' }, toolbar, bar, noteBox, main), dialog);

const { rpc, getState, setState } = connect<PreviewPage, PreviewHost>({
  model: (model) => {
    ({ name, query } = model);
    heading.textContent = t('Preview of {0}', model.name);
    document.title = heading.textContent;
    modelLink.querySelector('.label')?.replaceChildren(model.name);
    relation.textContent = model.relation;
    save();
  },
  shown: show,
  count: (counted) => {
    if (counted.version === table?.version) showCount(counted.count);
  },
});
format.value = saved()?.format ?? 'tsv';

function saved(): Saved | undefined {
  return getState() as Saved | undefined;
}

function save(): void {
  const before = saved()?.grid;
  const now = grid?.saved() ?? before;
  if (name !== '') setState({ model: name, ...(query ? { query } : {}), format: format.value as CopyFormat, ...(now ? { grid: now } : {}) } satisfies Saved);
}

// ---- what is shown

function show(shown: Shown): void {
  const isTable = shown.kind === 'table';
  gridBox.hidden = !isTable && !(shown.kind === 'loading' && grid);
  toolbar.classList.toggle('bare', gridBox.hidden);
  state.hidden = isTable || !gridBox.hidden;
  noteBox.hidden = true;
  if (!isTable || !shown.news) fail(undefined);
  switch (shown.kind) {
    case 'loading':
      if (!grid) state.replaceChildren(element('p', { class: 'loading' }, t('Loading …')));
      break;
    case 'missing':
      forget();
      say(element('p', {}, shown.message), ...(shown.materialize ? [button('play', t('Materialize'), () => rpc.notify('materialize', null), { class: 'primary' })] : []), tryAgain());
      break;
    case 'error':
      forget();
      say(element('p', { role: 'alert' }, shown.message), ...shown.remedies.map((title, index) => button('wrench', title, () => rpc.notify('remedy', index), { class: 'primary' })), tryAgain());
      break;
    case 'table':
      showTable(shown);
      break;
  }
}

const tryAgain = (): HTMLButtonElement => button('refresh', t('Try Again'), () => rpc.notify('reload', null), { class: 'secondary' });

function say(words: HTMLElement, ...buttons: HTMLButtonElement[]): void {
  state.replaceChildren(words, element('div', { class: 'buttons' }, ...buttons));
}

/** The grid goes where there is no table; its place and filters come back with it. */
function forget(): void {
  save();
  cancel();
  grid?.api.destroy();
  grid = undefined;
  table = undefined;
  count.textContent = '';
}

function showTable(shown: Extract<Shown, { kind: 'table' }>): void {
  table = shown.table;
  columns = table.columns;
  fail(undefined);
  if (shown.note) showNote(shown.note);
  if (shown.table.count) showCount(shown.table.count);
  tell(shown.news ?? '');
  const filter = shown.filter && exactly(shown.filter);
  if (grid) {
    if (filter) grid.api.setFilterModel(filter);
    grid.refresh(table);
  } else {
    const before = saved()?.grid;
    grid = new PreviewGrid(gridBox, host, table, shown.pageSize, filter ? { state: { ...before?.state, filter: { filterModel: filter } }, first: 0, rows: 1 } : before);
  }
}

function showNote({ server, user }: { server: string; user: string }): void {
  noteBox.hidden = false;
  const close = (what: PreviewHost['notifications']['note']) => (): void => {
    rpc.notify('note', what);
    if (what === 'dismiss') noteBox.hidden = true;
  };
  noteBox.replaceChildren(
    element('p', {}, t('Queries run in read-only transactions of {0}, the role of your dbt profile on {1}. A login role that can only select is safer: create it by the SQL, then enter its password.', user, server)),
    button('code', t('Show SQL'), close('sql'), { class: 'secondary' }), button('key', t('Enter Password …'), close('password'), { class: 'secondary' }), button('close', t('Dismiss'), close('dismiss'), { class: 'quiet' }));
}

function showCount({ rows, kind }: Count): void {
  const words = rows.toLocaleString('en');
  count.textContent = `${kind === 'exact' ? '' : kind === 'estimate' ? '≈ ' : '≥ '}${rows === 1 ? t('1 row') : t('{0} rows', words)}`;
  count.title = { exact: t('Counted'), estimate: t('Estimated: being counted'), atLeast: t('So many so far: being counted') }[kind];
  count.classList.toggle('exact', kind === 'exact');
  if (kind !== 'atLeast') grid?.setCount(rows, kind === 'exact');
  if (kind === 'exact') showNothing(rows === 0);
}

function showNothing(none: boolean): void {
  const filtered = (grid?.view.filter.length ?? 0) > 0;
  nothing.hidden = !none;
  nothing.replaceChildren(element('p', {}, filtered ? t('No row matches the filter.') : t('The table is empty.')), ...(filtered ? [clearFilters()] : []));
}

const clearFilters = (): HTMLButtonElement => button('clear-all', t('Clear Filters'), () => grid?.api.setFilterModel(null), { class: 'secondary' });

function tell(words: string): void {
  news.textContent = words;
  clearTimeout(newsTimer);
  if (words !== '') newsTimer = window.setTimeout(() => (news.textContent = ''), NEWS_MS);
}

function fail(message: string | undefined): void {
  alertBox.replaceChildren(...(message === undefined ? [] : [element('p', {}, message), button('refresh', t('Try Again'), () => {
    fail(undefined);
    grid?.api.purgeInfiniteCache();
  }, { class: 'secondary' }), ...((grid?.view.filter.length ?? 0) > 0 ? [clearFilters()] : []), ...((grid?.view.sort.length ?? 0) > 0 ? [clearSort()] : [])]));
}

const clearSort = (): HTMLButtonElement => button('list-unordered', t('Clear Sort'), () => grid?.api.applyColumnState({ defaultState: { sort: null } }), { class: 'secondary' });

// ---- what the grid asks

const host = {
  rows: async (view: View, start: number, rows: number) => {
    const version = table?.version ?? '';
    const controller = new AbortController();
    running.add(controller);
    const timer = setTimeout(() => busy(view), BUSY_MS);
    try {
      const answer = await rpc.request('rows', { version, view, start, count: rows }, controller.signal);
      if (answer.kind === 'changed') throw new Error('changed');
      if (version === table?.version) {
        fail(undefined);
        if (answer.total !== undefined) showCount({ rows: answer.total, kind: 'exact' });
        else {
          if (answer.count) showCount(answer.count);
          if (start === 0) rpc.notify('startCount', { version, view });
        }
      }
      return answer;
    } catch (error) {
      if (!controller.signal.aborted && messageOf(error) !== 'changed') fail(messageOf(error));
      else if (controller.signal.reason === CANCELLED) fail(t('The query was cancelled.'));
      throw error;
    } finally {
      clearTimeout(timer);
      running.delete(controller);
      if (running.size === 0) idle();
    }
  },
  openJourney: (row: Row) => rpc.notify('journey', journeyOf(row) ?? { clientId: '' }),
  openCell: (row: Row, column: string) => void openCell(row, column),
  viewChanged: () => {
    // What another sort or filter asked is not waited for any more
    for (const controller of running) controller.abort(new Error('another view'));
    rpc.notify('stopCount', null);
    count.textContent = '';
    showNothing(false);
  },
  stateChanged: () => save(),
  selectionChanged: () => {
    const selected = grid?.selectedKeys().length ?? 0;
    copyButton.disabled = selected === 0;
    if (selected > 0) tell(selected === 1 ? t('1 row selected') : t('{0} rows selected', selected.toLocaleString('en')));
  },
};

const CANCELLED = new Error('Cancelled by the person.');

function cancel(): void {
  for (const controller of running) controller.abort(CANCELLED);
}

function busy({ sort, filter }: View): void {
  document.body.classList.add('busy');
  work.textContent = sort.length > 0 && filter.length > 0 ? t('Sorting and filtering …') : sort.length > 0 ? t('Sorting …') : filter.length > 0 ? t('Filtering …') : t('Reading …');
}

function idle(): void {
  if (!document.body.classList.contains('busy')) return;
  document.body.classList.remove('busy');
  work.textContent = '';
}

function journeyOf({ cells }: Row): { clientId: string; purchaseId?: string } | undefined {
  const valueOf = (column: string): string | null | undefined => cells[columns.findIndex((each) => each.name === column)];
  const clientId = valueOf('client_id');
  const purchaseId = valueOf('purchase_id');
  return clientId ? { clientId, ...(purchaseId ? { purchaseId } : {}) } : undefined;
}

// ---- values and copies

async function openCell(row: Row, column: string): Promise<void> {
  const index = columns.findIndex((each) => each.name === column);
  const view = grid?.view ?? { sort: [], filter: [] };
  try {
    const value = row.cut?.includes(index) ? await rpc.request('cell', { view, key: row.key, column }) : (row.cells[index] ?? null);
    const write = (): void => void navigator.clipboard.writeText(value ?? '');
    dialog.replaceChildren(
      element('h2', { id: 'value-title' }, column, ' ', element('span', { class: 'type' }, columns[index]?.type ?? '')),
      value === null ? element('p', { class: 'null' }, 'null') : element('pre', { tabindex: '0', 'aria-label': t('Value of {0}', column) }, value),
      element('div', { class: 'buttons' }, button('copy', t('Copy'), write, { class: 'secondary' }), button('close', t('Close'), () => dialog.close(), { class: 'primary' })));
    dialog.showModal();
  } catch (error) {
    fail(messageOf(error));
  }
}

async function copy(): Promise<void> {
  const keys = grid?.selectedKeys() ?? [];
  if (!grid || keys.length === 0) return;
  try {
    const shown = grid.api.getAllDisplayedColumns().map((column) => column.getColId()).filter((id) => columns.some((each) => each.name === id));
    const rows = await rpc.request('copy', { view: grid.view, keys, columns: shown, format: format.value as CopyFormat });
    tell(rows === 1 ? t('1 row copied as {0}', format.selectedOptions[0]?.textContent ?? '') : t('{0} rows copied as {1}', rows.toLocaleString('en'), format.selectedOptions[0]?.textContent ?? ''));
  } catch (error) {
    fail(messageOf(error));
  }
}

gridBox.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== 'c' || !grid) return;
  if (grid.selectedKeys().length > 0) {
    void copy();
    return;
  }
  const focused = grid.api.getFocusedCell();
  const row = focused ? grid.api.getDisplayedRowAtIndex(focused.rowIndex)?.data : undefined;
  const index = columns.findIndex((each) => each.name === focused?.column.getColId());
  if (row && index >= 0) {
    const whole = row.cut?.includes(index) ? rpc.request('cell', { view: grid.view, key: row.key, column: columns[index]?.name ?? '' }) : Promise.resolve(row.cells[index] ?? '');
    void whole.then((value) => navigator.clipboard.writeText(value ?? '')).then(() => tell(t('Value copied')), (error: unknown) => fail(messageOf(error)));
  }
});

// VS Code's own context menu knows the row by this attribute
gridBox.addEventListener('contextmenu', ({ target }) => {
  const id = target instanceof Element ? target.closest('[row-id]')?.getAttribute('row-id') : null;
  const row = id ? grid?.api.getRowNode(id)?.data : undefined;
  const journey = row && journeyOf(row);
  document.body.dataset['vscodeContext'] = JSON.stringify({ preventDefaultContextMenuItems: true, webviewSection: journey ? 'client' : 'row', ...journey });
}, { capture: true });

// The scroll position is no state of the grid
window.addEventListener('blur', save);
document.addEventListener('visibilitychange', save);
gridBox.addEventListener('scrollend', save, { capture: true });
