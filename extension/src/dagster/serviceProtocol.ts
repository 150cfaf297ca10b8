/** What the extension host and the process that holds its services say to one another: lines of JSON. */

/** The first line that the process gets. Its standard input stays open for as long as the services are wanted. */
export interface ServicesRequest {
  /** the checkout, or the workspace folder */
  root: string;
  /** interpreter of the Python environment; the checkout's own without it */
  python?: string | undefined;
  /** folder of the Dagster project; the checkout's own without it */
  dagsterProject?: string | undefined;
  /** what the services run with: the environment of the window, with that of the `.env` file over it */
  env: Record<string, string>;
}

/** A later line: let go at once, and say when that is done. */
export interface ServicesOrder { order: 'stop' }

/** Each line that the process writes. */
export type ServicesEvent =
  | { event: 'progress'; message: string }
  | { event: 'postgres'; port: number; started: boolean }
  | { event: 'dagster'; url: string; started: boolean }
  /** a service is gone; Dagster is started again by itself */
  | { event: 'ended'; message: string }
  /** nothing more comes: the process ends */
  | { event: 'failed'; message: string }
  | { event: 'stopped' };

/** The event of a line; a line that is none is a word of the stack's. */
export function eventOf(line: string): ServicesEvent {
  if (line.startsWith('{"event":')) {
    try {
      return JSON.parse(line) as ServicesEvent;
    } catch {
      // Cut off in the middle: shown as it is
    }
  }
  return { event: 'progress', message: line };
}
