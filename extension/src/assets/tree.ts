import * as vscode from 'vscode';
import { Emitter } from '../base/events';
import { plainMarkdown } from '../base/markdown';
import { COMMANDS } from '../contributions';
import type { Asset, AssetCheck, AssetStatus, Dagster } from '../dagster/types';
import type { Model, Projects } from '../dbt/types';
import { checksInWords, describeAsset, describeCheck, nameOf, shownStatus } from '../dagster/words';

export type Node = { group: string } | { asset: Asset } | { check: AssetCheck; asset: Asset };

const ICONS: Record<AssetStatus, [icon: string, colour?: string]> = {
  fresh: ['pass', 'testing.iconPassed'],
  stale: ['warning', 'list.warningForeground'],
  failed: ['error', 'testing.iconFailed'],
  missing: ['circle-large-outline'],
  running: ['sync~spin'],
};

const CHECK_ICONS: Record<NonNullable<AssetCheck['outcome']>, [icon: string, colour?: string]> = {
  passed: ['pass', 'testing.iconPassed'],
  failed: ['error', 'testing.iconFailed'],
  errored: ['error', 'testing.iconErrored'],
  warned: ['warning', 'list.warningForeground'],
  running: ['sync~spin'],
};

const iconOf = ([icon, colour]: readonly [string, string?]): vscode.ThemeIcon => new vscode.ThemeIcon(icon, colour === undefined ? undefined : new vscode.ThemeColor(colour));

/** Groups, their assets, and each asset's checks. */
export class AssetsTree implements vscode.TreeDataProvider<Node> {
  readonly #changed = new Emitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event as vscode.Event<undefined>;

  constructor(private readonly dagster: Dagster, private readonly projects: Projects) {}

  refresh(): void {
    this.#changed.fire(undefined);
  }

  getChildren(node?: Node): Node[] {
    const { assets } = this.dagster;
    if (!node) return [...new Set(assets.map(({ group }) => group))].map((group) => ({ group }));
    if ('group' in node) return assets.filter(({ group }) => group === node.group).map((asset) => ({ asset }));
    if ('check' in node) return [];
    return node.asset.checks.map((check) => ({ check, asset: node.asset }));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if ('group' in node) return this.#group(node.group);
    return 'check' in node ? checkItem(node) : this.#asset(node.asset);
  }

  #group(group: string): vscode.TreeItem {
    const item = new vscode.TreeItem(group, vscode.TreeItemCollapsibleState.Expanded);
    item.id = `group ${group}`;
    item.contextValue = 'group';
    item.iconPath = new vscode.ThemeIcon('folder');
    const members = this.dagster.assets.filter((asset) => asset.group === group);
    const troubled = members.filter(({ status }) => status !== 'fresh' && status !== 'running').length;
    item.description = troubled === 0 ? String(members.length) : vscode.l10n.t('{0}, {1} not fresh', members.length, troubled);
    return item;
  }

  #asset(asset: Asset): vscode.TreeItem {
    const item = new vscode.TreeItem(nameOf(asset.key), asset.checks.length > 0 ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None);
    const model = this.projects.modelNamed(nameOf(asset.key));
    item.id = `asset ${asset.key}`;
    item.description = describeAsset(asset, Date.now());
    item.iconPath = iconOf(ICONS[shownStatus(asset)]);
    item.tooltip = tooltip(asset, item.description);
    item.contextValue = ['asset', ...(model ? ['model'] : []), ...(asset.checks.length > 0 ? ['checks'] : []), ...(model && hasClients(model) ? ['journeys'] : [])].join(' ');
    item.accessibilityInformation = { label: `${nameOf(asset.key)}, ${item.description}${asset.checks.length > 0 ? `, ${checksInWords(asset.checks)}` : ''}` };
    const place = model ? { file: model.file, line: 0 } : asset.definition;
    if (place) item.command = { command: COMMANDS.openModel, title: vscode.l10n.t('Open'), arguments: [{ asset }] };
    return item;
  }
}

function checkItem({ check, asset }: { check: AssetCheck; asset: Asset }): vscode.TreeItem {
  const item = new vscode.TreeItem(check.name, vscode.TreeItemCollapsibleState.None);
  item.id = `check ${asset.key} ${check.name}`;
  item.contextValue = 'check';
  item.description = describeCheck(check, Date.now());
  item.iconPath = check.outcome === undefined ? new vscode.ThemeIcon('circle-large-outline') : iconOf(CHECK_ICONS[check.outcome]);
  item.tooltip = plain([check.name, check.description ?? '', item.description]);
  return item;
}

function tooltip(asset: Asset, description: string): vscode.MarkdownString {
  return plain([asset.key, asset.description ?? '', description, checksInWords(asset.checks)]);
}

/** Descriptions and reasons come from outside: text, never markup. */
function plain(parts: readonly string[]): vscode.MarkdownString {
  return new vscode.MarkdownString(parts.filter((part) => part !== '').map(plainMarkdown).join('\n\n'));
}

const hasClients = (model: Model): boolean => model.columns.some(({ name }) => name === 'client_id');
