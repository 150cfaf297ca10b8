import path from 'node:path';
import * as vscode from 'vscode';
import { Emitter, type Disposable } from '../base/events';
import { COMMANDS } from '../contributions';
import type { Dagster } from '../dagster/types';
import { pathKey } from '../dbt/files';
import { PACKAGE_FILES } from '../dbt/projectFile';
import { modelsDescribedIn } from '../dbt/projects';
import type { Projects } from '../dbt/types';
import { lensesOf, subjectOfModel, subjectsOfPython, type Lens, type Shown, type Subject } from './model';
import { scanAssets } from './python';

/** Lenses on dbt models and on Dagster's asset definitions: from files at once, with Dagster's word as it comes. */
export class Lenses implements vscode.CodeLensProvider, Disposable {
  readonly #changed = new Emitter<undefined>();
  readonly onDidChangeCodeLenses = this.#changed.event as vscode.Event<undefined>;
  /** what VS Code was given last for each document, so that nothing is drawn anew that did not change */
  readonly #given = new Map<string, string>();

  constructor(private readonly projects: Projects, private readonly dagster: Dagster, private readonly shown: () => Shown) {}

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const lenses = this.#lensesOf(document);
    this.#given.set(document.uri.toString(), JSON.stringify(lenses));
    return lenses.map(({ line, title, tooltip, command, arguments: args }) => {
      const at = document.validateRange(new vscode.Range(line, 0, line, 0));
      // VS Code drops a space behind an icon
      return new vscode.CodeLens(at, { title: title.replace(/^(\$\([\w~-]+\)) /, '$1\u00a0'), tooltip, command, arguments: args });
    });
  }

  /** Asks VS Code to draw again, if something that it shows is different now. */
  refresh(): void {
    const visible = new Map(vscode.window.visibleTextEditors.map(({ document }) => [document.uri.toString(), document]));
    for (const uri of this.#given.keys()) if (!visible.has(uri)) this.#given.delete(uri);
    const changed = [...this.#given].some(([uri, given]) => {
      const document = visible.get(uri);
      return document !== undefined && JSON.stringify(this.#lensesOf(document)) !== given;
    });
    if (changed) this.#changed.fire(undefined);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #lensesOf(document: vscode.TextDocument): Lens[] {
    const now = Date.now();
    const { fsPath } = document.uri;
    if (PACKAGE_FILES.includes(path.basename(fsPath)) && this.projects.all.some(({ root }) => pathKey(root) === pathKey(path.dirname(fsPath)))) {
      return vscode.workspace.isTrusted ? [{ line: 0, title: 'Install Packages', tooltip: 'Bring dbt_packages up to what this file names', command: COMMANDS.installPackages, arguments: [] }] : [];
    }
    return this.#subjectsOf(document).flatMap((subject) => lensesOf(subject, this.dagster.state, this.shown(), now));
  }

  #subjectsOf(document: vscode.TextDocument): Subject[] {
    if (document.uri.scheme !== 'file') return [];
    const { assets } = this.dagster;
    const file = document.uri.fsPath;
    if (/\.ya?ml$/.test(file)) return modelsDescribedIn(this.projects, file).map((model) => subjectOfModel(model, model.yaml?.line ?? 0, assets));
    if (file.endsWith('.py')) {
      const text = document.getText();
      if (!text.includes('dagster')) return [];
      const key = pathKey(file);
      return subjectsOfPython(scanAssets(text), assets, ({ definition }) => definition !== undefined && pathKey(definition.file) === key);
    }
    const model = this.projects.modelOfFile(file);
    return model ? [subjectOfModel(model, 0, assets)] : [];
  }
}
