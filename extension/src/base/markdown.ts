/** Markdown that shows a text as it is, whatever is in it; lines become paragraphs. Spaces stay spaces, where `appendText` of VS Code makes ones that do not break. */
export const plainMarkdown = (text: string): string => text.trim().replace(/[!-/:-@[-`{-~]/g, '\\$&').replace(/\s*\n\s*/g, '\n\n');
