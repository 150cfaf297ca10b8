import { SIGN, typingOf, UNKNOWN } from './sqlResults';
import type { ColumnReference, Span, Typing } from './types';

/** What an expression makes. */
export interface Made {
  /** the column's name; undefined where Jinja decides */
  name: string | undefined;
  nameSpan?: Span;
  /** 2: a name of its own; 1: named after a type or CASE, which a cast or CASE around it replaces; 0: none */
  strength: 0 | 1 | 2;
  column?: ColumnReference;
  type?: string;
  /** what its type follows from, where that is no type of its own */
  typing?: Typing;
  star?: { qualifier?: { name: string; span: Span } };
  /** whether an expression of Jinja takes part */
  jinja: boolean;
}

/** What its type follows from. */
export const typed = ({ typing, type, column }: Made): Typing | undefined => typing ?? type ?? column;

/** The same, behind a sign. */
export const withSign = (signed: boolean, made: Made | undefined): Typing | undefined => (signed ? typingOf(SIGN, [made && typed(made)]) : made && typed(made));

/** A type where the text tells it, else what it follows from. */
export const asTyped = (typing: Typing | undefined): Pick<Made, 'type' | 'typing'> => (typing === undefined || typing === UNKNOWN ? {} : typeof typing === 'string' ? { type: typing } : { typing });

/** An element of an array, or a slice of it, which is no column. */
export function elementOf(made: Made, slice: boolean): Made {
  const { name, nameSpan, strength, jinja } = made;
  return { name, ...(nameSpan ? { nameSpan } : {}), strength, jinja, ...asTyped(jinja ? undefined : typingOf(slice ? 'slice' : 'element', [typed(made)])) };
}
