/** The page's words: imported before anything that says one. */
import { useWords } from '../base/l10n';

const handed = document.querySelector<HTMLMetaElement>('meta[name="l10n"]')?.content;
if (handed) useWords(JSON.parse(handed) as Record<string, string>);
