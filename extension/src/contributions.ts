/** Ids of everything that package.json contributes; `contributions.test.ts` holds the two together. */

export const COMMANDS = {
  // Materialize
  materializeModel: 'attribution.materializeModel',
  materializeWithUpstream: 'attribution.materializeWithUpstream',
  materializeWithDownstream: 'attribution.materializeWithDownstream',
  materializeSelection: 'attribution.materializeSelection',
  materializeAll: 'attribution.materializeAll',
  fullRefresh: 'attribution.fullRefresh',
  runChecks: 'attribution.runChecks',
  rerunFailed: 'attribution.rerunFailed',
  cancelRun: 'attribution.cancelRun',
  openRun: 'attribution.openRun',
  showRunLog: 'attribution.showRunLog',
  // Look
  previewModel: 'attribution.previewModel',
  previewQuery: 'attribution.previewQuery',
  openJourney: 'attribution.openJourney',
  findClient: 'attribution.findClient',
  openModel: 'attribution.openModel',
  showLineage: 'attribution.showLineage',
  traceColumn: 'attribution.traceColumn',
  showCompiledSql: 'attribution.showCompiledSql',
  runQuery: 'attribution.runQuery',
  runSelection: 'attribution.runSelection',
  runCte: 'attribution.runCte',
  refreshAssets: 'attribution.refreshAssets',
  openDagster: 'attribution.openDagster',
  // Test
  showFailingRows: 'attribution.showFailingRows',
  freezeJourney: 'attribution.freezeJourney',
  // The ground
  showStatus: 'attribution.showStatus',
  startServices: 'attribution.startServices',
  stopServices: 'attribution.stopServices',
  restartServices: 'attribution.restartServices',
  setUp: 'attribution.setUp',
  installPackages: 'attribution.installPackages',
  reloadProject: 'attribution.reloadProject',
  selectInterpreter: 'attribution.selectInterpreter',
  setDagsterHeaders: 'attribution.setDagsterHeaders',
  showLog: 'attribution.showLog',
  restartLanguageServer: 'attribution.restartLanguageServer',
} as const;
export type CommandId = (typeof COMMANDS)[keyof typeof COMMANDS];

export const VIEWS = { assets: 'attribution.assets' } as const;
export const PANELS = { preview: 'attribution.preview', query: 'attribution.query', journey: 'attribution.journey', lineage: 'attribution.lineage' } as const;

/** Context keys, for the `when` clauses of package.json. */
export const CONTEXT = {
  /** a dbt project was found and the workspace is trusted */
  active: 'attribution.active',
  /** Dagster answers */
  connected: 'attribution.connected',
  /** a run that we follow is under way */
  running: 'attribution.running',
  /** how the ground stands: starting, stopped, problem or ready */
  health: 'attribution.health',
  /** the model in the active editor, as its name; undefined where there is none */
  model: 'attribution.model',
  /** ids of tests whose failing rows are known */
  failingTests: 'attribution.failingTests',
} as const;

export interface SettingValues {
  'attribution.python.interpreter': string;
  'attribution.environmentFile': string;
  'attribution.dbt.profilesDirectory': string;
  'attribution.dbt.target': string;
  'attribution.dagster.projectDirectory': string;
  'attribution.dagster.url': string;
  'attribution.dagster.autoStart': boolean;
  'attribution.lenses.materialize': boolean;
  'attribution.lenses.preview': boolean;
  'attribution.lenses.journeys': boolean;
  'attribution.lenses.checks': boolean;
  'attribution.lenses.state': boolean;
  'attribution.lenses.runQuery': boolean;
  'attribution.preview.pageSize': number;
  'attribution.preview.timeout': number;
  'attribution.preview.neutralizeFormulas': boolean;
  'attribution.language.enabled': boolean;
  'attribution.language.checkSql': boolean;
  'attribution.language.trace.server': string;
}
export type Setting = keyof SettingValues;
