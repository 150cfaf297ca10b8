import type { Event } from '../base/events';

/** A place in a file; line and column count from 0. */
export interface Place {
  file: string;
  line: number;
  column?: number;
}

/** A dbt model as its files and, where there is one, the manifest tell. */
export interface Model {
  name: string;
  /** absolute path of the .sql file */
  file: string;
  /** folder of the dbt project it belongs to */
  projectRoot: string;
  /** first folder below the model path: staging, intermediate, marts; '' where there is none */
  layer: string;
  /** where the database has it; from the manifest, else from dbt_project.yml */
  relation: { schema: string; name: string };
  /** where its YAML describes it (the line of `- name: …`) */
  yaml?: Place;
  description?: string;
  /** documented columns, in the order of the YAML */
  columns: { name: string; dataType?: string; description?: string }[];
  /** names of the models it refers to, by `ref` */
  refs: string[];
  /** tables of sources that it reads, by `source` */
  sources: { source: string; table: string }[];
}

/** A dbt project that was found in the workspace (never one of the installed packages). */
export interface DbtProject {
  /** absolute folder of dbt_project.yml */
  root: string;
  name: string;
  profile: string;
  /** `vars` of dbt_project.yml, the project's own scope merged in */
  vars: Readonly<Record<string, unknown>>;
  models: ReadonlyMap<string, Model>;
}

/** All projects of the workspace, kept current by watching their files; answers from files alone and never waits for dbt. */
export interface Projects {
  readonly all: readonly DbtProject[];
  readonly onDidChange: Event<void>;
  /** resolves after the first look at the files */
  readonly ready: Promise<void>;
  /** looks at all the files again, for what no watcher told */
  scan(): Promise<void>;
  modelOfFile(file: string): Model | undefined;
  modelNamed(name: string): Model | undefined;
}

/** How the extension reaches PostgreSQL, as dbt itself resolves its profile. The password stays in memory. */
export interface Connection {
  host: string;
  port: number;
  user: string;
  password: string;
  dbname: string;
  sslmode?: string;
  /** profile and target, e.g. `attribution` and `dev`: what the status item shows */
  profile: string;
  target: string;
}
