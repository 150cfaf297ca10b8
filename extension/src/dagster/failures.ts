/** What a run's failure is really about: the deepest cause, in plain text, with the model to blame. Pure. */
import { rowsInWords } from '../dbt/testWords';
import type { EventData, PythonErrorData } from './operations';
import type { Failure } from './types';

/** Terminal colours and other control sequences, and control characters but tab and line feed. */
const CONTROL = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f\u007f]/g;
const LONGEST = 20_000;

/** Text as it may be shown: without control sequences, and not endless. */
export function plain(text: string): string {
  const clean = text.slice(0, LONGEST * 2).replace(CONTROL, '');
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)} …` : clean;
}

/** The deepest cause of a Python error: those above it are wrappers. */
export function deepest({ message, className, errorChain }: PythonErrorData): string {
  const last = errorChain.at(-1)?.error ?? { message, className };
  // Python says `module.Class: words`; the words alone are for people
  const name = last.className === null ? -1 : last.message.indexOf(`${last.className}: `);
  const words = name >= 0 && /^[\w.]*$/.test(last.message.slice(0, name)) ? last.message.slice(name + (last.className?.length ?? 0) + 2) : last.message;
  return plain(words).trim();
}

/**
 * The failures that a step failure tells of: one for each dbt model or test where its description lists them, one for the step otherwise.
 * @param assetOfCheck the asset that a check belongs to, by the check's name
 */
export function failuresOf(event: EventData, assetOfCheck: (name: string) => string | undefined): Failure[] {
  const step = event.stepKey ?? undefined;
  const description = plain(event.failureMetadata?.description ?? '').trim();
  const listed = description.split('\n').flatMap((line) => fromLine(line, assetOfCheck));
  if (listed.length > 0) return listed.map((failure) => ({ ...(step === undefined ? {} : { step }), ...failure }));
  const message = description !== '' ? description : event.error ? deepest(event.error) : plain(event.message ?? 'It failed without a word.');
  return [{ ...(step === undefined ? {} : { step }), message }];
}

/** `model (models/marts/model.sql): what dbt says` */
function fromLine(line: string, assetOfCheck: (name: string) => string | undefined): Failure[] {
  const [, name, file, words] = /^(\S+) \(([^()]+)\): (.*)$/.exec(line.trim()) ?? [];
  if (name === undefined || file === undefined || words === undefined) return [];
  const message = words
    .replace(/^\w+ Error in \w+ \S+ \([^()]*\)\s*/, '')
    // The path of a file of the run's own: of no use, and it moves
    .replace(/\s*compiled code at \S+\s*$/, '')
    .trim();
  const owner = assetOfCheck(name);
  // Jinja counts the lines of the file itself; PostgreSQL those of the compiled SQL, which say nothing here
  const line0 = Number(/\bline (\d+)\b/.exec(message)?.[1] ?? 0) - 1;
  const line1 = line0 >= 0 ? { line: line0 } : {};
  return owner === undefined ? [{ model: name, file, ...line1, message }] : [{ model: lastPart(owner), file, ...line1, check: name, message: `check ${name}: ${rowsInWords(message)}` }];
}

/** A key's last part: the model's name. */
export const lastPart = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
