import path from 'node:path';
import * as vscode from 'vscode';
import { Cancelled, HumanError, type Remedy } from '../base/errors';
import { COMMANDS } from '../contributions';
import { Mapping } from '../dbt/mapping';
import { lineOfWords, projectOfFile } from '../dbt/place';
import { PRIORITY, type Compiled, type DbtSession, type Priority } from '../dbt/session';
import type { Projects } from '../dbt/types';
import { parseSql } from '../language/analysis/document';
import { QueryProblem, describeQuery } from '../warehouse/describe';
import type { ReadingWarehouse } from '../warehouse/types';
import type { QueryDiagnostics } from './diagnostics';
import { olderTable, UNDEFINED_COLUMN } from './older';
import { nameEnd } from './said';
import { firstWords, fragmentWord, hasSql, setsBefore, sqlOfCte, targetAt, targetsOf } from './target';
import { refAt, UnbuiltTable, unbuiltTable } from './unbuilt';

export interface RunnerOptions {
  session: DbtSession;
  projects: Projects;
  warehouse: ReadingWarehouse;
}

/** PostgreSQL: the table or schema is not there. */
const UNDEFINED_TABLE = '42P01';
const MISSING = new Set([UNDEFINED_TABLE, '3F000']);

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
    const from = document.offsetAt(selection.start);
    const chosen = document.getText(selection);
    const text = document.getText();
    const whole = aroundOf(document, text, from);
    const word = fragmentWord(parseSql(chosen));
    if (word !== undefined) throw new HumanError(vscode.l10n.t('The selection is no query of its own: it begins with “{0}”. Select a whole query, from its “select” or “with” to its end.', firstWords(word)), whole);
    try {
      await this.#show(document, vscode.l10n.t('{0} · selection: {1}', nameOf(document), firstWords(chosen)), async (signal) => {
        const { sql } = await this.#compile(document, text, setsBefore(text, from) + chosen, PRIORITY.asked, signal);
        return { sql, mapping: new Mapping(chosen, sql), from };
      });
    } catch (error) {
      if (!(error instanceof QueryProblem) || error instanceof UnbuiltTable || error.code !== UNDEFINED_TABLE) throw error;
      throw new HumanError(vscode.l10n.t('{0}. The selection is run by itself: a CTE or table that it reads from outside of it is not there. Select that as well.', error.message), whole, { cause: error });
    }
  }

  /**
   * Looks whether dbt and PostgreSQL take what the editor has, without running it. Says nothing where it cannot tell.
   * @returns whether there is nothing to say of this version, so that it need not be asked again
   */
  async check(document: vscode.TextDocument, signal: AbortSignal): Promise<boolean> {
    const text = document.getText();
    const { version } = document;
    const isCurrent = (): boolean => !signal.aborted && !document.isClosed && document.version === version;
    const parsed = parseSql(text);
    if (targetsOf(parsed).length === 0 && !(this.options.projects.modelOfFile(document.uri.fsPath) && hasSql(parsed))) return true;
    let sql: string;
    try {
      ({ sql } = await this.#compile(document, text, undefined, PRIORITY.idle, signal));
    } catch (error) {
      // What is wrong elsewhere, or with dbt itself, is said where somebody asks for it
      const line = error instanceof HumanError && isCurrent() ? lineOfWords(error.message, text, document.uri.fsPath) : undefined;
      if (line !== undefined && error instanceof HumanError) this.diagnostics.showLine(document, line, error.message);
      return false;
    }
    try {
      await describeQuery(this.options.warehouse, sql, { signal });
      if (isCurrent()) this.diagnostics.clear(document.uri);
      return true;
    } catch (error) {
      if (!(error instanceof QueryProblem) || !isCurrent()) return false;
      const mapping = new Mapping(text, sql);
      // A model that is not built yet is no mistake of this one
      const unbuilt = MISSING.has(error.code) && error.offset !== undefined && !mapping.toSource(error.offset).exact;
      const problem = unbuilt ? undefined : await this.#explained(document, error, mapping, 0);
      if (problem && isCurrent()) this.diagnostics.showProblem(document, problem, mapping, 0);
      else if (isCurrent()) this.diagnostics.clear(document.uri);
      return false;
    }
  }

  async #show(document: vscode.TextDocument, title: string, compile: (signal: AbortSignal) => Promise<Text>): Promise<void> {
    this.diagnostics.clear(document.uri);
    const { version } = document;
    const sql = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Compiling {0}', nameOf(document)), cancellable: true }, async (_, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort(new Cancelled()));
      const text = await compile(controller.signal);
      try {
        await describeQuery(this.options.warehouse, text.sql, { signal: controller.signal });
      } catch (error) {
        if (!(error instanceof QueryProblem) || document.version !== version) throw error;
        const problem = await this.#explained(document, error, text.mapping, text.from);
        const range = this.diagnostics.showProblem(document, problem, text.mapping, text.from);
        if (range) reveal(document, range);
        throw problem;
      }
      return text.sql;
    });
    await vscode.commands.executeCommand(COMMANDS.previewQuery, { title, sql, uri: document.uri.toString() });
  }

  /** What PostgreSQL says, or, of what only the database lacks, what is true of it. */
  async #explained(document: vscode.TextDocument, problem: QueryProblem, mapping: Mapping, from: number): Promise<QueryProblem> {
    const place = problem.offset === undefined ? undefined : mapping.toSource(problem.offset);
    if (place && !place.exact && MISSING.has(problem.code)) {
      const name = refAt(document.getText(), { start: from + place.start, end: from + place.end });
      return name === undefined ? problem : unbuiltTable(problem, name);
    }
    if (!place?.exact || problem.code !== UNDEFINED_COLUMN) return problem;
    const start = from + place.start;
    const column = document.getText().slice(start, nameEnd(document.getText(), start)).split('.').at(-1) ?? '';
    const position = document.positionAt((nameEnd(document.getText(), start) ?? start) - column.length);
    const found = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>('vscode.executeDefinitionProvider', document.uri, position);
    const { projects } = this.options;
    const own = projects.modelOfFile(document.uri.fsPath);
    const makers = found.flatMap((one) => projects.modelOfFile(('targetUri' in one ? one.targetUri : one.uri).fsPath) ?? []);
    const [maker] = makers.filter(({ name }) => name !== own?.name);
    return maker ? olderTable(problem, column, maker, own) : problem;
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
      const line = error instanceof HumanError && priority === PRIORITY.asked && snippet === undefined ? lineOfWords(error.message, text, document.uri.scheme === 'file' ? file : undefined) : undefined;
      if (line !== undefined && error instanceof HumanError) this.diagnostics.showLine(document, line, error.message);
      throw error;
    }
  }
}

const nameOf = (document: vscode.TextDocument): string => path.basename(document.uri.fsPath, '.sql');

/** A way to run what a selection stands in, where it is a query. */
function aroundOf(document: vscode.TextDocument, text: string, offset: number): Remedy[] {
  const target = targetAt(targetsOf(parseSql(text)), offset);
  return target ? [{ title: vscode.l10n.t('Run {0}', target.cte ?? nameOf(document)), command: COMMANDS.runQuery, args: [document.uri, ...(target.cte === undefined ? [] : [target.cte])] }] : [];
}

/** Scrolls to what PostgreSQL speaks of, and leaves the cursor where it is. */
function reveal(document: vscode.TextDocument, range: vscode.Range): void {
  const editor = vscode.window.visibleTextEditors.find((one) => one.document === document);
  editor?.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
