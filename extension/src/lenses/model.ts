/** What the lenses say: pure. */
import { COMMANDS, VIEWS, type CommandId } from '../contributions';
import type { Asset, AssetCheck, DagsterState } from '../dagster/types';
import { ago, assetOfModel, checksInWords, nameOf, rowsInWords } from '../dagster/words';
import type { Model } from '../dbt/types';
import type { AssetDefinition } from './python';

/** Which lenses are switched on. */
export interface Shown {
  materialize: boolean;
  preview: boolean;
  journeys: boolean;
  checks: boolean;
  state: boolean;
}

export interface Lens {
  line: number;
  title: string;
  tooltip: string;
  command: CommandId | `${(typeof VIEWS)[keyof typeof VIEWS]}.focus`;
  arguments: unknown[];
}

/** What stands behind a line: a dbt model, or what a Python function makes. */
export interface Subject {
  line: number;
  /** what commands are given: the model's name, or keys of assets */
  names: string[];
  /** in words, for tooltips */
  title: string;
  preview: boolean;
  journeys: boolean;
  /** those that Dagster knows */
  assets: readonly Asset[];
}

/** Longest reason that a lens shows; the whole is in its tooltip. */
const REASON = 60;

/** A dbt model on a line of its SQL or its YAML. Whoever has a client has a journey. */
export function subjectOfModel(model: Model, line: number, assets: readonly Asset[]): Subject {
  const asset = assetOfModel(assets, model);
  return {
    line, names: [model.name], title: model.name, preview: true,
    journeys: model.layer === 'marts' && model.columns.some(({ name }) => name === 'client_id'), assets: asset ? [asset] : [],
  };
}

/**
 * The definitions of one Python file.
 * @param isHere whether an asset's definition is in this file
 */
export function subjectsOfPython(definitions: readonly AssetDefinition[], assets: readonly Asset[], isHere: (asset: Asset) => boolean): Subject[] {
  const known = (key: string): Asset | undefined => assets.find((asset) => asset.key === key) ?? assets.find((asset) => nameOf(asset.key) === nameOf(key) && isHere(asset));
  const named = new Set(definitions.flatMap(({ keys }) => keys.flatMap((key) => known(key)?.key ?? [])));
  const rest = assets.filter((asset) => isHere(asset) && !named.has(asset.key) && !asset.kinds.includes('dbt'));
  return definitions.map(({ line, decorator, function: title, keys }) => {
    const found = decorator === 'dbt_assets' ? assets.filter(({ kinds }) => kinds.includes('dbt')) : keys.length > 0 ? keys.flatMap((key) => known(key) ?? []) : rest;
    return { line, names: found.length > 0 ? found.map(({ key }) => key) : keys, title, preview: false, journeys: false, assets: found };
  });
}

/**
 * The lenses of one line, in their order. Without Dagster those that need nothing from it; those that wait for it have
 * their place from the first moment.
 * @param now milliseconds since 1970
 */
export function lensesOf(subject: Subject, dagster: DagsterState, shown: Shown, now: number): Lens[] {
  const { line, names, title, assets } = subject;
  const lens = (text: string, tooltip: string, command: Lens['command'], ...args: unknown[]): Lens => ({ line, title: text, tooltip, command, arguments: args });
  const several = names.length > 1;
  const lenses: Lens[] = [];
  if (shown.materialize) {
    lenses.push(names.length === 0
      ? lens('Materialize', 'Choose assets to materialize', COMMANDS.materializeSelection)
      : lens('Materialize', several ? `Materialize ${names.length} assets` : `Materialize ${title}`, COMMANDS.materializeModel, names[0], ...(several ? [names] : [])));
  }
  if (shown.preview && subject.preview) lenses.push(lens('Preview', `Rows of ${title}`, COMMANDS.previewModel, ...names));
  if (shown.journeys && subject.journeys) lenses.push(lens('Journeys', `Journeys of clients in ${title}`, COMMANDS.openJourney, { model: title }));
  const expected = dagster.kind === 'connected' || dagster.kind === 'starting';
  if (!expected) return lenses;
  if (shown.checks) lenses.push(...checksLens(subject, dagster, lens));
  if (shown.state) lenses.push(stateLens(assets, names, dagster, now, lens));
  return lenses;
}

type Make = (text: string, tooltip: string, command: Lens['command'], ...args: unknown[]) => Lens;

function checksLens({ assets, names, title }: Subject, dagster: DagsterState, lens: Make): Lens[] {
  const checks = assets.flatMap((asset) => asset.checks);
  if (checks.length === 0) return dagster.kind === 'connected' && assets.length > 0 ? [] : [lens('checks', `Checks of ${title}: not yet known`, `${VIEWS.assets}.focus`)];
  const not = checks.filter(({ outcome }) => outcome !== 'passed');
  const tooltip = not.length === 0 ? `All checks of ${title} passed. Run them again` : `Run the checks of ${title}. Not passed: ${not.slice(0, 10).map(({ name, outcome }) => `${name} (${outcome ?? 'never run'})`).join(', ')}${not.length > 10 ? ', …' : ''}`;
  const [name] = names;
  const text = `${iconOf(checks)}${checksInWords(checks)}`;
  return [names.length === 1 ? lens(text, tooltip, COMMANDS.runChecks, name) : lens(text, tooltip, `${VIEWS.assets}.focus`)];
}

function iconOf(checks: readonly AssetCheck[]): string {
  const has = (...outcomes: AssetCheck['outcome'][]): boolean => checks.some(({ outcome }) => outcomes.includes(outcome));
  if (has('failed', 'errored')) return '$(error) ';
  if (has('running')) return '$(sync~spin) ';
  if (has('warned')) return '$(warning) ';
  return has(undefined) ? '' : '$(check) ';
}

function stateLens(assets: readonly Asset[], names: readonly string[], dagster: DagsterState, now: number, lens: Make): Lens {
  const show = `${VIEWS.assets}.focus` as const;
  const [first] = assets;
  if (!first) {
    return dagster.kind === 'starting' || names.length === 0
      ? lens('not yet known', dagster.kind === 'starting' ? 'Dagster is starting' : 'Dagster does not say yet what this makes', show)
      : lens('not in Dagster yet', 'Dagster has not loaded it: parse and reload', COMMANDS.reloadProject);
  }
  const of = (status: Asset['status']): Asset[] => assets.filter((asset) => asset.status === status);
  const share = (some: readonly Asset[]): string => (assets.length === 1 ? '' : `${some.length} of ${assets.length} `);
  const running = of('running');
  if (running.length > 0) return lens(`$(sync~spin) ${share(running)}running…`, 'Show the log of the run', COMMANDS.showRunLog);
  const failed = of('failed');
  if (failed[0]) return lens(`$(error) ${share(failed)}failed${reasonOf(failed)}`, `${failed[0].reason ?? 'Failed'}\n\nShow the log of the run`, COMMANDS.showRunLog);
  const stale = of('stale');
  if (stale[0]) return lens(`${share(stale)}stale${reasonOf(stale)}`, `${stale[0].reason ?? 'Stale'}\n${lastTime(stale, now)}\n\nShow it among the assets`, show);
  const missing = of('missing');
  if (missing.length > 0) return lens(`${share(missing)}never materialized`, 'Show it among the assets', show);
  return lens(lastTime(assets, now), 'Show it among the assets', show);
}

/** ": code changed", where it is one asset and says why. */
function reasonOf([asset, ...others]: readonly Asset[]): string {
  const reason = asset?.reason?.split('\n')[0];
  if (reason === undefined || others.length > 0) return '';
  return `: ${reason.length > REASON ? `${reason.slice(0, REASON - 1)}…` : reason}`;
}

/** "2 min ago, 36 rows"; of several the oldest, and no rows. */
function lastTime(assets: readonly Asset[], now: number): string {
  const times = assets.flatMap(({ materialized }) => materialized ?? []);
  const parts = times.length > 0 ? [ago(now - Math.min(...times))] : [];
  const rows = assets.length === 1 ? assets[0]?.rows : undefined;
  if (rows !== undefined) parts.push(rowsInWords(rows));
  return parts.join(', ') || 'materialized';
}
