/** AG Grid over pages of the host: sorting, filtering and paging are the database's. */
import {
  CellApiModule, CellStyleModule, ColumnApiModule, ColumnAutoSizeModule, EventApiModule, GridStateModule, InfiniteRowModelModule, LocaleModule, ModuleRegistry, RenderApiModule, RowApiModule, RowSelectionModule,
  ScrollApiModule, TextFilterModule, TooltipModule, createGrid, themeQuartz,
  type CellClassParams, type ColDef, type GridApi, type GridState, type ICellRendererParams, type IGetRowsParams, type IHeaderParams, type IInnerHeaderComponent, type ValueFormatterParams,
} from 'ag-grid-community';
import { nonce } from '../../webview/connect';
import type { GridColumn, Row, RowsAnswer, Table, View } from '../protocol';
import { element, icon } from './dom';
import { choicesOf, viewOf } from './filters';
import { t } from '../../base/l10n';

ModuleRegistry.registerModules([
  CellApiModule, CellStyleModule, ColumnApiModule, ColumnAutoSizeModule, EventApiModule, GridStateModule, InfiniteRowModelModule, LocaleModule, RenderApiModule, RowApiModule, RowSelectionModule,
  ScrollApiModule, TextFilterModule, TooltipModule,
]);

/** The column of the buttons; longer than a column of PostgreSQL can be named. */
const JOURNEY = `journey${' '.repeat(64)}`;

/** What the grid asks of the page. */
export interface GridHost {
  /** rejects when it was cancelled or failed, which the host has then said */
  rows: (view: View, start: number, count: number) => Promise<Extract<RowsAnswer, { kind: 'rows' }>>;
  openJourney: (row: Row) => void;
  openCell: (row: Row, column: string) => void;
  viewChanged: (view: View) => void;
  stateChanged: () => void;
  selectionChanged: () => void;
}

export interface SavedGrid {
  state: GridState;
  /** the first row in sight, and how many there were */
  first: number;
  rows: number;
}

const theme = themeQuartz.withParams({
  spacing: 4, fontSize: 'var(--vscode-editor-font-size)', fontFamily: 'var(--vscode-editor-font-family)', headerFontFamily: 'var(--vscode-font-family)', headerFontSize: 'var(--vscode-font-size)', headerFontWeight: 600,
  backgroundColor: 'var(--vscode-editor-background)', foregroundColor: 'var(--vscode-editor-foreground)', textColor: 'var(--vscode-editor-foreground)', accentColor: 'var(--vscode-focusBorder)',
  headerBackgroundColor: 'var(--vscode-editorWidget-background)', headerTextColor: 'var(--vscode-editorWidget-foreground, var(--vscode-editor-foreground))', borderColor: 'var(--grid-line)', chromeBackgroundColor: 'var(--vscode-editorWidget-background)',
  menuBackgroundColor: 'var(--vscode-menu-background)', menuTextColor: 'var(--vscode-menu-foreground)', inputBackgroundColor: 'var(--vscode-input-background)', inputTextColor: 'var(--vscode-input-foreground)', inputBorder: { color: 'var(--control-line)' },
  rowHoverColor: 'var(--vscode-list-hoverBackground)', selectedRowBackgroundColor: 'var(--vscode-list-inactiveSelectionBackground)', browserColorScheme: 'inherit', borderRadius: 2, wrapperBorderRadius: 0, wrapperBorder: false,
  rowHeight: 24, headerHeight: 40, oddRowBackgroundColor: 'var(--vscode-editor-background)', columnBorder: { color: 'var(--grid-line)' }, iconColor: 'var(--vscode-icon-foreground)',
  tooltipBackgroundColor: 'var(--vscode-editorHoverWidget-background)', tooltipTextColor: 'var(--vscode-editorHoverWidget-foreground)', tooltipBorder: { color: 'var(--vscode-editorHoverWidget-border)' },
  // Buttons of a theme with high contrast have a border and no background
  checkboxCheckedBackgroundColor: 'var(--vscode-button-background, var(--vscode-checkbox-background))', checkboxCheckedBorderColor: 'var(--vscode-contrastBorder, var(--vscode-button-background))',
  checkboxCheckedShapeColor: 'var(--vscode-button-foreground)', checkboxUncheckedBorderColor: 'var(--control-line)',
  menuBorder: { color: 'var(--vscode-menu-border, var(--control-line))' }, inputFocusShadow: 'none', inputFocusBorder: { color: 'var(--vscode-focusBorder)' },
});

/** What the grid says by itself. */
const WORDS = {
  ariaRowSelect: t('Select this row'), loadingOoo: t('Loading …'), noRowsToShow: ' ', applyFilter: t('Apply'), clearFilter: t('Clear'), filterOoo: t('Filter …'),
  andCondition: t('And'), orCondition: t('Or'), inRangeStart: t('From'), inRangeEnd: t('To'),
};

/** A column's name and its type below it. */
class TypeHeader implements IInnerHeaderComponent {
  #gui = element('div', { class: 'column' });

  init({ column }: IHeaderParams): void {
    const { type } = column.getColDef().context as GridColumn;
    this.#gui.append(element('span', { class: 'name' }, column.getColId()), element('span', { class: 'type' }, type));
  }

  getGui(): HTMLElement {
    return this.#gui;
  }

  refresh(): boolean {
    return false;
  }
}

export class PreviewGrid {
  readonly api: GridApi<Row>;
  #view: View = { sort: [], filter: [] };
  #columns: GridColumn[] = [];

  constructor(container: HTMLElement, private readonly host: GridHost, table: Table, pageSize: number, saved?: SavedGrid) {
    this.api = createGrid<Row>(container, {
      theme, styleNonce: nonce(), rowModelType: 'infinite', cacheBlockSize: pageSize, maxBlocksInCache: 20, maxConcurrentDatasourceRequests: 2, blockLoadDebounceMillis: 30,
      infiniteInitialRowCount: saved?.rows ?? 1, cacheOverflowSize: 1, rowBuffer: 10, animateRows: false, suppressColumnVirtualisation: false, suppressMultiSort: false, multiSortKey: 'ctrl', suppressDragLeaveHidesColumns: true,
      columnDefs: this.#definitions(table), defaultColDef: { minWidth: 70, maxWidth: 900, resizable: true, suppressHeaderMenuButton: true },
      autoSizeStrategy: { type: 'fitCellContents', defaultMaxWidth: 340 }, tooltipShowDelay: 600, ensureDomOrder: true,
      rowSelection: { mode: 'multiRow', headerCheckbox: false, checkboxes: true, enableClickSelection: false }, selectionColumnDef: { headerName: t('Selection'), headerComponentParams: { innerHeaderComponent: HiddenHeader }, pinned: 'left', width: 34, minWidth: 34, suppressHeaderMenuButton: true, resizable: false },
      ...(saved ? { initialState: saved.state } : {}), localeText: WORDS, suppressNoRowsOverlay: true,
      getRowId: ({ data }) => data.key,
      onCellDoubleClicked: ({ data, column }) => this.#open(data, column.getColId()),
      onCellKeyDown: (pressed) => {
        if (pressed.event instanceof KeyboardEvent && pressed.event.key === 'Enter' && 'column' in pressed) this.#open(pressed.data, pressed.column.getColId());
      },
      onStateUpdated: () => host.stateChanged(),
      onSelectionChanged: () => host.selectionChanged(),
      datasource: { getRows: (params: IGetRowsParams) => void this.#getRows(params) },
    });
    if (saved && saved.first > 0) this.api.addEventListener('firstDataRendered', () => this.api.ensureIndexVisible(saved.first, 'top'));
  }

  /** The table again, or what came in its place: everything in sight is read anew, sort, filter and place stay. */
  refresh(table: Table): void {
    if (JSON.stringify(table.columns) !== JSON.stringify(this.#columns)) this.api.setGridOption('columnDefs', this.#definitions(table));
    // Its rows are others now, whatever their places are
    this.api.deselectAll();
    this.api.refreshInfiniteCache();
  }

  get view(): View {
    return this.#view;
  }

  saved(): SavedGrid {
    return { state: this.api.getState(), first: this.api.getFirstDisplayedRowIndex(), rows: this.api.getDisplayedRowCount() };
  }

  setCount(rows: number, exact: boolean): void {
    if (this.api.isLastRowIndexKnown() === true && !exact) return;
    // More may be in sight already than were estimated
    this.api.setRowCount(exact ? rows : Math.max(rows, this.api.getDisplayedRowCount()), exact);
  }

  selectedKeys(): string[] {
    const nodes = this.api.getSelectedNodes();
    return nodes.sort((a, b) => (a.rowIndex ?? 0) - (b.rowIndex ?? 0)).flatMap(({ id }) => id ?? []);
  }

  async #getRows(params: IGetRowsParams): Promise<void> {
    const { startRow, endRow } = params;
    const view = viewOf(params.sortModel, params.filterModel as Record<string, unknown>);
    if (JSON.stringify(view) !== JSON.stringify(this.#view)) {
      this.#view = view;
      this.host.viewChanged(view);
    }
    try {
      const { rows, total } = await this.host.rows(view, startRow, endRow - startRow);
      params.successCallback(rows, total);
    } catch {
      params.failCallback();
    }
  }

  #open(row: Row | undefined, column: string): void {
    if (!row) return;
    if (column === JOURNEY) this.host.openJourney(row);
    else if (this.#columns.some(({ name }) => name === column)) this.host.openCell(row, column);
  }

  #definitions({ columns }: Table): ColDef<Row>[] {
    this.#columns = columns;
    const journey = columns.some(({ name }) => name === 'client_id');
    return [...(journey ? [this.#journeyColumn()] : []), ...columns.map((column, index) => this.#column(column, index))];
  }

  #column(column: GridColumn, index: number): ColDef<Row> {
    const valueOf = ({ data }: { data: Row | undefined }): string | null | undefined => data?.cells[index];
    return {
      colId: column.name, headerName: `${column.name}, ${column.type}`, context: column, headerComponentParams: { innerHeaderComponent: TypeHeader },
      ...(column.description ? { headerTooltip: column.description } : {}),
      valueGetter: valueOf,
      valueFormatter: ({ data, value }: ValueFormatterParams<Row>) => (value === undefined ? '' : value === null ? 'null' : `${String(value)}${data?.cut?.includes(index) ? '…' : ''}`),
      cellClassRules: { null: (params: CellClassParams<Row>) => valueOf(params) === null, empty: (params: CellClassParams<Row>) => valueOf(params) === '' },
      // A name stands above its numbers
      ...(column.kind === 'number' ? { cellClass: 'number', headerClass: 'ag-right-aligned-header' } : {}),
      sortable: true, comparator: () => 0, filter: 'agTextColumnFilter',
      filterParams: { filterOptions: choicesOf(column), buttons: ['apply', 'clear'], closeOnApply: true, maxNumConditions: 4, trimInput: false, inputPlaceholder: column.type },
    };
  }

  #journeyColumn(): ColDef<Row> {
    return {
      colId: JOURNEY, headerName: t('Journey'), pinned: 'left', width: 34, minWidth: 34, resizable: false, sortable: false, suppressMovable: true, cellClass: 'action', suppressAutoSize: true,
      headerComponentParams: { innerHeaderComponent: HiddenHeader },
      cellRenderer: ({ data }: ICellRendererParams<Row>) => (data ? element('button', { type: 'button', title: t('Open Journey'), 'aria-label': t('Open Journey'), tabindex: '-1', click: () => this.host.openJourney(data) }, icon('git-commit')) : ''),
    };
  }
}

/** A header for screen readers alone. */
class HiddenHeader implements IInnerHeaderComponent {
  #gui = element('span', { class: 'hidden' });

  init({ column }: IHeaderParams): void {
    this.#gui.textContent = column.getColDef().headerName ?? '';
  }

  getGui(): HTMLElement {
    return this.#gui;
  }

  refresh(): boolean {
    return true;
  }
}
