/** Windows of SQL: what stands behind a call that is made over rows, and WINDOW. */
import { FRAMES, TokenReader, type Context } from './sqlReader';
import type { Made } from './sqlMade';
import type { Span, Token } from './types';

export abstract class WindowParser extends TokenReader {
  protected abstract list(context: Context): Made[];
  protected abstract expression(context: Context): Made;
  /** Reads between parentheses, the first of which is next. */
  protected abstract enter(inside: () => void): void;

  /** `over (…)`, `over w`, `filter (where …)`; false where the word is something else. */
  protected overClause(word: string): boolean {
    const name = this.token(1);
    if (word === 'over' && name && this.isName(1)) {
      this.window(name);
      this.at += 2;
      return true;
    }
    if (this.word(1) !== '(') return false;
    this.at++;
    this.enter(() => {
      this.accept('where');
      this.windowDefinition();
    });
    return true;
  }

  /** Notes where a window is named. */
  protected window(name: Token, definition?: Span): void {
    if (!this.select) return;
    (this.select.windows ??= []).push({ name: this.folded(name), span: { start: name.start, end: name.end }, ...(definition ? { definition } : {}) });
  }

  /** What stands in the parentheses of a window. */
  protected windowDefinition(): void {
    // `over (w order by …)`, `as (w rows …)`
    const name = this.token();
    if (name && this.isName() && !FRAMES.has(this.word()) && this.word() !== 'partition' && this.word() !== 'order' && (FRAMES.has(this.word(1)) || ['partition', 'order', ')'].includes(this.word(1))) && ['over', 'as'].includes(this.words[this.at - 2] ?? '')) {
      this.window(name);
      this.at++;
    }
    while (!this.done && this.word() !== ')') {
      const before = this.at;
      const word = this.word();
      if ((word === 'partition' || word === 'order') && this.word(1) === 'by') {
        this.at += 2;
        this.#orders();
      } else if (FRAMES.has(word)) this.#frame();
      else {
        this.list('argument');
        if (this.at === before) break;
      }
    }
  }

  /** Expressions up to the next part of a window. */
  #orders(): void {
    do this.expression('window');
    while (this.accept(','));
  }

  #frame(): void {
    for (this.at++; !this.done && this.word() !== ')'; this.at++) if (this.word() === '(') {
      this.at++;
      this.skipParentheses();
      this.at--;
    }
  }
}
