/** What is used of the stack, whose types are in its JSDoc. */

declare module '*/stack/processes.mjs' {
  export interface Holder {
    pid: number;
    started: boolean;
    ended: Promise<string>;
    release: () => Promise<void>;
  }
  export interface Place {
    root: string; shared: string; local: string; venv: string; python: string; scripts: string; dbt: string;
    dagsterProject: string; dagsterHome: string; profilesDir: string; logs: string;
  }
  export function run(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv; output?: 'inherit' | 'capture'; signal?: AbortSignal }): Promise<{ code: number | null; output: string }>;
}

declare module '*/stack/paths.mjs' {
  import type { Place } from '*/stack/processes.mjs';
  export function placeOf(env: NodeJS.ProcessEnv, root: string): Place;
  export function childEnv(place: Place, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
}

declare module '*/stack/postgres.mjs' {
  import type { Holder, Place } from '*/stack/processes.mjs';
  export function mainCluster(place: Place): unknown;
  export function holdPostgres(place: Place, cluster: unknown, options: { signal?: AbortSignal }): Promise<{ holder: Holder; connection: { port: number } }>;
}

declare module '*/stack/connection.mjs' {
  import type { Place } from '*/stack/processes.mjs';
  export function writeProfile(place: Place, connection: unknown): void;
}

declare module '*/stack/dagster.mjs' {
  import type { Holder, Place } from '*/stack/processes.mjs';
  export function holdDagster(place: Place, options: { env?: NodeJS.ProcessEnv; signal?: AbortSignal }): Promise<{ holder: Holder; url: string }>;
}

declare module '*/stack/setup.mjs' {
  import type { Place } from '*/stack/processes.mjs';
  export function checkPath(place: Place): void;
}

declare module '*/stack/errors.mjs' {
  export class HumanError extends Error {}
  export function describe(error: unknown): string;
}
