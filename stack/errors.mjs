/** Errors for people: what happened, where, and what to do next. */

/** Printed plainly, without a stack trace; the command ends with exit code 1. */
export class HumanError extends Error {
  name = 'HumanError';
}

/** Somebody asked us to stop: a signal, or the process that started us is gone. */
export class Interrupted extends Error {
  name = 'Interrupted';

  /** @param {string} reason in words  @param {number} exitCode as shells count signals: 128 + number */
  constructor(reason, exitCode) {
    super(reason);
    this.exitCode = exitCode;
  }
}

const SYSTEM_ERRORS = {
  ENOSPC: 'the disk is full. Make room (`npm run reset` shows what this project takes) and run the command again',
  EDQUOT: 'your disk quota is used up. Make room (`npm run reset` shows what this project takes) and run the command again',
  EROFS: 'the file system is read-only. Clone the project to a folder that can be written, or set ATTRIBUTION_LOCAL_DIR to one',
  EACCES: 'permission denied. Run the command as the user who owns this checkout, or give yourself access to that path',
  EPERM: 'not permitted. Run the command as the user who owns this checkout',
  EMFILE: 'too many open files. Raise the limit (`ulimit -n 4096`) and run the command again',
};

/**
 * What to print for any error.
 * @param {unknown} error
 * @returns {string} a plain message where we know one, else the stack trace, which is what a bug report needs
 */
export function describe(error) {
  if (error instanceof HumanError || error instanceof Interrupted) return error.message;
  const words = SYSTEM_ERRORS[error?.code];
  if (words) return `${error.path ?? error.syscall ?? 'A file'}: ${words}.`;
  return `This is a bug in the stack; please report it with these lines.\n${error?.stack ?? error}`;
}
