/** For tests of features: a small project on the disk, and requests as the server makes them. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { LineIndex } from '../analysis/positions';
import { readText } from '../project/disk';
import { FileProject } from '../project/fileProject';
import type { PlaceRequest } from './request';

/** Marks the cursor in a text of a test. */
export const CURSOR = '¦';

export interface Fixture {
  project: FileProject;
  root: string;
  /** absolute path of a file of the project */
  path(file: string): string;
  /** what an editor holds of a file from now on, without saving it */
  edit(file: string, text: string): void;
  /** the request at the cursor mark of a text that an editor holds, or of the file's own text; without a mark, at its end */
  at(file: string, marked?: string): PlaceRequest;
}

const folders: string[] = [];
process.once('exit', () => folders.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

/**
 * A project of these files (by path below the project's folder); one named `shop` where no dbt_project.yml is given. A cursor mark in
 * a file is where `at(file)` asks. Everything is read already.
 */
export function projectOf(files: Readonly<Record<string, string>>): Fixture {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'attribution-features-')));
  folders.push(root);
  const marks = new Map<string, number>();
  for (const [name, text] of Object.entries({ 'dbt_project.yml': 'name: shop\nprofile: shop\n', ...files })) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (text.includes(CURSOR)) marks.set(file, text.indexOf(CURSOR));
    fs.writeFileSync(file, text.replace(CURSOR, ''));
  }
  const held = new Map<string, string>();
  const project = new FileProject(root, (file) => held.get(file));
  while (project.step()) { /* reads everything */ }
  const edit = (name: string, text: string): void => {
    const file = path.join(root, name);
    held.set(file, text);
    project.changed(file);
  };
  const uriOf = (file: string): string => pathToFileURL(file).href;
  const textOf = (file: string): string | undefined => held.get(file) ?? readText(file);
  const linesOf = (file: string): LineIndex | undefined => {
    const text = textOf(file);
    return text === undefined ? undefined : new LineIndex(text);
  };
  const at = (name: string, marked?: string): PlaceRequest => {
    const file = path.join(root, name);
    if (marked !== undefined) {
      edit(name, marked.replace(CURSOR, ''));
      marks.set(file, marked.includes(CURSOR) ? marked.indexOf(CURSOR) : marked.length);
    }
    const text = textOf(file) ?? '';
    const sql = /\.(sql|md)$/.test(name) ? project.sql(file) : undefined;
    const yaml = /\.ya?ml$/.test(name) ? project.yaml(file) : undefined;
    return {
      project, file, uri: uriOf(file), role: project.roleOf(file), text, lines: new LineIndex(text), offset: marks.get(file) ?? text.length,
      uriOf, linesOf, cancelled: () => false, ...(sql ? { sql } : {}), ...(yaml ? { yaml } : {}),
    };
  };
  return { project, root, path: (file) => path.join(root, file), edit, at };
}
