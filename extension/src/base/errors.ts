/** What can be done about an error, as a button: the id of a command and its arguments. */
export interface Remedy {
  title: string;
  command: string;
  args?: readonly unknown[];
}

/** For people: says what happened, where, and what to do next; shown plainly, without a stack trace. */
export class HumanError extends Error {
  override readonly name = 'HumanError';

  constructor(message: string, readonly remedies: readonly Remedy[] = [], options?: ErrorOptions) {
    super(message, options);
  }
}

/** Somebody cancelled: never shown as an error. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';

  constructor() {
    super('Cancelled.');
  }
}

/** The words of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
