/** What a feature is asked with: a file of a project as it is now, and the ways to other files. */
import type { LineIndex } from '../analysis/positions';
import type { SqlDocument, YamlDocument } from '../analysis/types';
import type { FileRole, Project } from '../project/types';

/** What belongs to no file alone. */
export interface ProjectRequest {
  project: Project;
  /** the URI of a file, as the client spells it */
  uriOf(file: string): string;
  /** lines of any file, unsaved texts included; undefined where it cannot be read */
  linesOf(file: string): LineIndex | undefined;
  /** long answers look now and then: nobody waits any more */
  cancelled(): boolean;
}

export interface FileRequest extends ProjectRequest {
  file: string;
  uri: string;
  /** what the file is to its project; undefined where it is nothing to it (a SQL file beside the model paths) */
  role: FileRole | undefined;
  text: string;
  lines: LineIndex;
  /** of .sql files; of .md files too, where only its Jinja means something (`role` is docs) */
  sql?: SqlDocument;
  /** of .yml and .yaml files */
  yaml?: YamlDocument;
}

export interface PlaceRequest extends FileRequest {
  /** UTF-16 units from the start of the text */
  offset: number;
}
