import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { DisposableStore } from '../base/events';
import type { Dagster, Failure } from '../dagster/types';
import { nameOf } from '../dagster/words';
import type { Projects } from '../dbt/types';
import { holds, markerOf, type Marker, type Present } from './markers';
import { lineOf } from './place';

/** Files that change together are looked at together (milliseconds). */
const TOGETHER = 300;

/** Failures of runs as problems on the models' files. A problem goes when its model is run again, or when it holds no more. */
export class RunDiagnostics implements vscode.Disposable {
  readonly #store = new DisposableStore();
  readonly #collection = this.#store.add(vscode.languages.createDiagnosticCollection('attribution-runs'));
  readonly #present: Present;
  #markers: Marker[] = [];
  /** what stands there, so that it is not drawn again each time that Dagster tells something */
  #drawn = '[]';
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly projects: Projects, dagster: Dagster) {
    this.#present = {
      textOf,
      hasModel: (name) => projects.modelNamed(name) !== undefined,
      check: (model, name) => dagster.assets.find(({ key, checks }) => nameOf(key) === model && checks.some((check) => check.name === name))?.checks.find((check) => check.name === name),
    };
    const files = this.#store.add(vscode.workspace.createFileSystemWatcher('**/*.{sql,yml,yaml}', true));
    for (const event of [files.onDidChange, files.onDidDelete]) this.#store.add(event(({ fsPath }) => this.#markers.some(({ file }) => file === fsPath) && this.#soon()));
    for (const changed of [projects.onDidChange, dagster.onDidChange]) this.#store.add(changed(() => this.#soon()));
  }

  /** Takes away the problems of these models: they are being run again, or were materialized. */
  clear(models: readonly string[]): void {
    this.#keep(({ failure }) => failure.model === undefined || !models.includes(failure.model));
  }

  /** Shows the failures, and returns the place of the first one that has a file. */
  show(failures: readonly Failure[]): vscode.Location | undefined {
    const found = failures.flatMap((failure): Marker[] => {
      const file = this.#fileOf(failure);
      return file === undefined ? [] : [markerOf(failure, file, this.#present)];
    });
    const same = (one: Failure, other: Failure): boolean => one.model === other.model && one.check === other.check;
    this.#markers = [...this.#markers.filter(({ failure }) => !found.some((other) => same(failure, other.failure))), ...found];
    this.#draw();
    const [first] = found;
    return first && new vscode.Location(vscode.Uri.file(first.file), rangeOf(first));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#store.dispose();
  }

  #soon(): void {
    if (this.#markers.length === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#keep((marker) => holds(marker, this.#present));
    }, TOGETHER);
  }

  #keep(wanted: (marker: Marker) => boolean): void {
    if (this.#markers.length === 0) return;
    this.#markers = this.#markers.filter(wanted);
    this.#draw();
  }

  /** Each at the line that it has now: lines move as files are written. */
  #draw(): void {
    const byFile = new Map<string, vscode.Diagnostic[]>();
    for (const marker of this.#markers) {
      const diagnostic = new vscode.Diagnostic(rangeOf(marker), marker.failure.message, vscode.DiagnosticSeverity.Error);
      diagnostic.source = 'Dagster';
      byFile.set(marker.file, [...(byFile.get(marker.file) ?? []), diagnostic]);
    }
    const drawn = JSON.stringify([...byFile].map(([file, diagnostics]) => [file, diagnostics.map(({ range, message }) => [range, message])]));
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#collection.clear();
    for (const [file, diagnostics] of byFile) this.#collection.set(vscode.Uri.file(file), diagnostics);
  }

  #fileOf({ model, file }: Failure): string | undefined {
    if (file !== undefined) {
      const found = this.projects.all.map(({ root }) => path.join(root, file)).find((candidate) => fs.existsSync(candidate));
      if (found !== undefined) return found;
    }
    return model === undefined ? undefined : this.projects.modelNamed(model)?.file;
  }
}

function rangeOf({ failure, file }: Marker): vscode.Range {
  const text = textOf(file) ?? '';
  const line = lineOf(text, failure);
  return new vscode.Range(line, 0, line, text.split(/\r?\n/)[line]?.length ?? 0);
}

function textOf(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    // It may be gone since the run began
    return undefined;
  }
}
