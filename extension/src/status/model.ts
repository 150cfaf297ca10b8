/** The one status item: what it says of the ground, and where it leads. Pure. */
import type { Remedy } from '../base/errors';
import { COMMANDS } from '../contributions';
import type { DagsterState } from '../dagster/types';
import type { WarehouseState } from '../warehouse/types';

export interface Facts {
  trusted: boolean;
  /** names of the dbt projects found */
  projects: readonly string[];
  /** something that is missing, in words, with what fixes it */
  problem?: { message: string; remedies: readonly Remedy[] };
  dagster: DagsterState;
  warehouse: WarehouseState;
  /** target of the dbt profile, once dbt has resolved it */
  target?: string;
  /** runs under way */
  running: number;
}

export type Health = 'untrusted' | 'problem' | 'stopped' | 'starting' | 'ready';

export interface Action {
  label: string;
  description?: string;
  command: string;
  args?: readonly unknown[];
}

export interface Shown {
  health: Health;
  /** with a codicon in front */
  text: string;
  /** a line each */
  tooltip: string[];
  severity: 'none' | 'warning' | 'error';
  /** the next action first */
  actions: Action[];
}

const LOG: Action = { label: '$(output) Show Log', command: COMMANDS.showLog };

/** What the status item shows. */
export function show(facts: Facts): Shown {
  const { dagster, warehouse, projects, target } = facts;
  const where = target === undefined ? projects.join(', ') : `${projects.join(', ')} · ${target}`;
  const tooltip = [`dbt: ${where || 'no project'}`, warehouseInWords(warehouse), dagsterInWords(dagster)];
  if (!facts.trusted) {
    return {
      health: 'untrusted', text: '$(shield) Attribution: restricted', severity: 'none', tooltip: ['This folder is not trusted: nothing is executed, nothing connects.'],
      actions: [{ label: '$(shield) Manage Workspace Trust', command: 'workbench.trust.manage' }, LOG],
    };
  }
  const restart: Action = { label: '$(debug-restart) Restart Database and Dagster', command: COMMANDS.restartServices };
  const start: Action = { label: '$(debug-start) Start Database and Dagster', command: COMMANDS.startServices };
  if (facts.problem) {
    const fixes = facts.problem.remedies.map(({ title, command, args }) => ({ label: `$(tools) ${title}`, command, ...(args ? { args } : {}) }));
    return { health: 'problem', text: '$(error) Attribution', severity: 'error', tooltip: [facts.problem.message, ...tooltip], actions: [...fixes, restart, LOG] };
  }
  switch (dagster.kind) {
    case 'off':
    case 'stopped':
      return { health: 'stopped', text: `$(circle-slash) Attribution: ${dagster.kind === 'off' ? 'off' : 'stopped'}`, severity: 'none', tooltip, actions: [start, LOG] };
    case 'starting':
      return { health: 'starting', text: '$(loading~spin) Attribution: starting', severity: 'none', tooltip, actions: [LOG, { label: '$(debug-stop) Stop', command: COMMANDS.stopServices }] };
    case 'disconnected':
      return { health: 'problem', text: '$(warning) Attribution: disconnected', severity: 'warning', tooltip: [dagster.message, ...tooltip], actions: [restart, LOG] };
    case 'connected': {
      const actions: Action[] = [
        ...(facts.running > 0 ? [{ label: '$(debug-stop) Cancel Run', command: COMMANDS.cancelRun }] : []),
        { label: '$(run-all) Materialize All', command: COMMANDS.materializeAll },
        { label: '$(table) Preview Rows', command: COMMANDS.previewModel },
        { label: '$(search) Find Client', command: COMMANDS.findClient },
        { label: '$(link-external) Open Dagster', description: dagster.url, command: COMMANDS.openDagster },
        restart,
        { label: '$(debug-stop) Stop Database and Dagster', command: COMMANDS.stopServices },
        LOG,
      ];
      if (dagster.problem !== undefined) {
        const parse = { label: '$(refresh) Parse and Reload', command: COMMANDS.reloadProject };
        return { health: 'problem', text: `$(warning) ${where}`, severity: 'warning', tooltip: [dagster.problem, ...tooltip], actions: [parse, ...actions] };
      }
      if (warehouse.kind === 'unavailable') return { health: 'ready', text: `$(warning) ${where}`, severity: 'warning', tooltip, actions: [restart, ...actions.filter(({ command }) => command !== restart.command)] };
      const icon = facts.running > 0 ? '$(sync~spin)' : '$(pass)';
      return { health: 'ready', text: `${icon} ${where || 'Attribution'}`, severity: 'none', tooltip, actions };
    }
  }
}

function warehouseInWords(state: WarehouseState): string {
  switch (state.kind) {
    case 'unknown':
      return 'PostgreSQL: not asked yet';
    case 'unavailable':
      return `PostgreSQL: ${state.message}`;
    case 'connected':
      return `PostgreSQL: ${state.server}, database ${state.database}, ${state.access === 'preview-role' ? 'by the SELECT-only preview role' : 'in read-only transactions of the profile\'s own role'}`;
  }
}

function dagsterInWords(state: DagsterState): string {
  switch (state.kind) {
    case 'off':
      return `Dagster: ${state.reason}`;
    case 'stopped':
      return 'Dagster: not running';
    case 'starting':
      return 'Dagster: starting';
    case 'disconnected':
      return `Dagster: no answer at ${state.url}`;
    case 'connected':
      return `Dagster ${state.version} at ${state.url}${state.started ? '' : ' (joined, not started here)'}`;
  }
}
