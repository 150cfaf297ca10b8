import path from 'node:path';
import * as vscode from 'vscode';
import { Cancelled, HumanError } from '../base/errors';
import { COMMANDS } from '../contributions';
import { Mapping } from '../dbt/mapping';
import { lineOfWords, projectOfFile } from '../dbt/place';
import { PRIORITY, type Compiled, type DbtSession, type Priority } from '../dbt/session';
import type { Projects } from '../dbt/types';
import { parseSql } from '../language/analysis/document';
import { QueryProblem, describeQuery } from '../warehouse/describe';
import type { ReadingWarehouse } from '../warehouse/types';
import type { QueryDiagnostics } from './diagnostics';
import { setsBefore, sqlOfCte, targetAt, targetsOf } from './target';

export interface RunnerOptions {
  session: DbtSession;
  projects: Projects;
  warehouse: ReadingWarehouse;
}

/** PostgreSQL: the table or schema is not there. */
const MISSING = new Set(['42P01', '3F000']);

/** What was compiled, and where it stands in the document. */
interface Text {
  sql: string;
  mapping: Mapping;
  from: number;
}

/** Compiles what an editor has, unsaved text as well, and hands it to the grid of the preview. */
export class QueryRunner {
  constructor(private readonly options: RunnerOptions, private readonly diagnostics: QueryDiagnostics) {}

  /** The whole model, or one of its CTEs. */
  async run(document: vscode.TextDocument, cte?: string): Promise<void> {
    await this.#show(document, `${nameOf(document)}${cte === undefined ? '' : ` · ${cte}`}`, async (signal) => {
      const text = document.getText();
      const { sql } = await this.#compile(document, text, undefined, PRIORITY.asked, signal);
      const part = cte === undefined ? sql : sqlOfCte(sql, cte);
      if (part === undefined) throw new HumanError(vscode.l10n.t('The compiled SQL of {0} has no CTE {1}. Show the compiled SQL to see what dbt makes of it.', nameOf(document), cte ?? ''));
      return { sql: part, mapping: new Mapping(text, sql), from: 0 };
    });
  }

  /** What the cursor stands in. */
  async runAt(document: vscode.TextDocument, position: vscode.Position): Promise<void> {
    const target = targetAt(targetsOf(parseSql(document.getText())), document.offsetAt(position));
    if (!target) throw new HumanError(vscode.l10n.t('There is no query at the cursor.'));
    await this.run(document, target.cte);
  }

  /** The selected text by itself, with the model's own `this`, configuration and variables. */
  async runSelection(document: vscode.TextDocument, selection: vscode.Selection): Promise<void> {
    if (selection.isEmpty) {
      await this.runAt(document, selection.active);
      return;
    }
    await this.#show(document, vscode.l10n.t('{0} · selection', nameOf(document)), async (signal) => {
      const from = document.offsetAt(selection.start);
      const chosen = document.getText(selection);
      const text = document.getText();
      const { sql } = await this.#compile(document, text, setsBefore(text, from) + chosen, PRIORITY.asked, signal);
      return { sql, mapping: new Mapping(chosen, sql), from };
    });
  }

  /** Looks whether PostgreSQL takes what the editor has, without running it. Says nothing where it cannot tell. */
  async check(document: vscode.TextDocument, signal: AbortSignal): Promise<void> {
    const text = document.getText();
    const { version } = document;
    try {
      if (targetsOf(parseSql(text)).length === 0) return;
      const { sql } = await this.#compile(document, text, undefined, PRIORITY.idle, signal);
      const mapping = new Mapping(text, sql);
      try {
        await describeQuery(this.options.warehouse, sql, { signal });
        if (document.version === version) this.diagnostics.clear(document.uri);
      } catch (error) {
        if (!(error instanceof QueryProblem) || document.version !== version) return;
        // A model that is not built yet is no mistake of this one
        const unbuilt = MISSING.has(error.code) && error.offset !== undefined && !mapping.toSource(error.offset).exact;
        if (!unbuilt) this.diagnostics.showProblem(document, error, mapping, 0);
      }
    } catch {
      // What does not compile is said where somebody asks for it
    }
  }

  async #show(document: vscode.TextDocument, title: string, compile: (signal: AbortSignal) => Promise<Text>): Promise<void> {
    this.diagnostics.clear(document.uri);
    const sql = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Compiling {0}', nameOf(document)), cancellable: true }, async (_, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort(new Cancelled()));
      const text = await compile(controller.signal);
      try {
        await describeQuery(this.options.warehouse, text.sql, { signal: controller.signal });
      } catch (error) {
        if (error instanceof QueryProblem && this.diagnostics.showProblem(document, error, text.mapping, text.from)) reveal(document);
        throw error;
      }
      return text.sql;
    });
    await vscode.commands.executeCommand(COMMANDS.previewQuery, { title, sql, uri: document.uri.toString() });
  }

  async #compile(document: vscode.TextDocument, text: string, snippet: string | undefined, priority: Priority, signal: AbortSignal): Promise<Compiled> {
    const { projects, session } = this.options;
    await projects.ready;
    const file = document.uri.fsPath;
    const project = document.uri.scheme === 'file' ? projectOfFile(projects, file) : projects.all[0];
    if (!project) throw new HumanError(vscode.l10n.t('{0} belongs to no dbt project of this folder.', path.basename(file)));
    try {
      if (document.uri.scheme !== 'file') return await session.compile({ project: project.root, text: snippet ?? text, priority }, signal);
      return await session.compile({ project: project.root, file, text, priority, ...(snippet === undefined ? {} : { snippet }) }, signal);
    } catch (error) {
      const line = error instanceof HumanError && priority === PRIORITY.asked && snippet === undefined ? lineOfWords(error.message, text) : undefined;
      if (line !== undefined && error instanceof HumanError) this.diagnostics.showLine(document, line, error.message);
      throw error;
    }
  }
}

const nameOf = (document: vscode.TextDocument): string => path.basename(document.uri.fsPath, '.sql');

/** Scrolls to what PostgreSQL speaks of, and leaves the cursor where it is. */
function reveal(document: vscode.TextDocument): void {
  const found = vscode.languages.getDiagnostics(document.uri).find(({ source }) => source === 'PostgreSQL');
  const editor = found && vscode.window.visibleTextEditors.find((one) => one.document === document);
  editor?.revealRange(found?.range ?? new vscode.Range(0, 0, 0, 0), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
