import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Projects } from '../dbt/types';
import type { Failure } from '../dagster/types';
import { lineOf } from './place';

/** Failures of runs as problems on the models' files. A model's problem goes when the model is run again. */
export class RunDiagnostics implements vscode.Disposable {
  readonly #collection = vscode.languages.createDiagnosticCollection('attribution-runs');
  readonly #files = new Map<string, string>();

  constructor(private readonly projects: Projects) {}

  /** Takes away the problems of these models: they are being run again, or were materialized. */
  clear(models: readonly string[]): void {
    for (const model of models) {
      const file = this.#files.get(model);
      if (file !== undefined) this.#collection.delete(vscode.Uri.file(file));
      this.#files.delete(model);
    }
  }

  /** Shows the failures, and returns the place of the first one that has a file. */
  show(failures: readonly Failure[]): vscode.Location | undefined {
    const byFile = new Map<string, vscode.Diagnostic[]>();
    for (const failure of failures) {
      const file = this.#fileOf(failure);
      if (file === undefined) continue;
      const text = readText(file);
      const line = lineOf(text, failure);
      const end = text.split(/\r?\n/)[line]?.length ?? 0;
      const diagnostic = new vscode.Diagnostic(new vscode.Range(line, 0, line, end), failure.message, vscode.DiagnosticSeverity.Error);
      diagnostic.source = 'Dagster';
      byFile.set(file, [...(byFile.get(file) ?? []), diagnostic]);
      if (failure.model !== undefined) this.#files.set(failure.model, file);
    }
    for (const [file, diagnostics] of byFile) this.#collection.set(vscode.Uri.file(file), diagnostics);
    const [first] = byFile;
    return first?.[1][0] && new vscode.Location(vscode.Uri.file(first[0]), first[1][0].range);
  }

  dispose(): void {
    this.#collection.dispose();
  }

  #fileOf({ model, file }: Failure): string | undefined {
    if (file !== undefined) {
      const found = this.projects.all.map(({ root }) => path.join(root, file)).find((candidate) => fs.existsSync(candidate));
      if (found !== undefined) return found;
    }
    return model === undefined ? undefined : this.projects.modelNamed(model)?.file;
  }
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    // The file may be gone since the run began
    return '';
  }
}
