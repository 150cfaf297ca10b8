import * as vscode from 'vscode';
import { DisposableStore, Emitter, type Disposable } from '../base/events';
import { COMMANDS } from '../contributions';
import { projectOfFile } from '../dbt/place';
import type { Projects } from '../dbt/types';
import { parseSql } from '../language/analysis/document';
import type { ConfigValue } from '../platform/config';
import { targetsOf } from './target';

/** Lines that are longer than any person's: generated text, which no lens helps with. */
const LARGEST = 200_000;

/** "Run Query" on each CTE and on the final select of a model. */
export class QueryLenses implements vscode.CodeLensProvider, Disposable {
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new Emitter<undefined>());
  readonly onDidChangeCodeLenses = this.#changed.event as vscode.Event<undefined> as vscode.Event<void>;

  constructor(private readonly projects: Projects, private readonly enabled: ConfigValue<boolean>) {
    this.#store.add(enabled.onDidChange(() => this.#changed.fire(undefined)));
    void projects.ready.then(() => this.#changed.fire(undefined));
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!this.enabled.value || !vscode.workspace.isTrusted || !projectOfFile(this.projects, document.uri.fsPath)) return [];
    const text = document.getText();
    if (text.length > LARGEST) return [];
    return targetsOf(parseSql(text)).map(({ cte, at }) => {
      const place = document.positionAt(at);
      return new vscode.CodeLens(new vscode.Range(place, place), {
        title: vscode.l10n.t('Run Query'), tooltip: cte === undefined ? vscode.l10n.t('The rows of this model as it stands here, saved or not') : vscode.l10n.t('The rows of {0} as it stands here, saved or not', cte),
        command: COMMANDS.runQuery, arguments: [document.uri, ...(cte === undefined ? [] : [cte])],
      });
    });
  }

  dispose(): void {
    this.#store.dispose();
  }
}
