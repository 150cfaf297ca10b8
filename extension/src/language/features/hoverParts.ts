/** What hovers in SQL, Jinja and YAML share. */
import type { Span } from '../analysis/types';
import { configKey, type ConfigKey } from './configKeys';
import { code, describeSource, joined } from './describe';
import type { PlaceRequest } from './request';
import { columnsOfSource } from './scope';

/** Markdown with the stretch of text that it is about. */
export interface Told {
  text: string;
  span: Span;
}

/** A key of `config()` or of `config:`. */
export function settingAt(name: string, span: Span): Told | undefined {
  const key = configKey(name);
  return key && { text: describeSetting(name.replace(/^\+/, ''), key), span };
}

function describeSetting(name: string, key: ConfigKey): string {
  return joined([`${code(name)} — setting (${key.form})`, key.description, key.values ? `Values: ${key.values.map(code).join(', ')}` : '']);
}

/** A table of a source, by `source.table`. */
export function sourceAt({ project }: PlaceRequest, key: string, span: Span): Told | undefined {
  const source = project.sources.get(key);
  return source && { text: describeSource(project, source, columnsOfSource(project, key).columns), span };
}
