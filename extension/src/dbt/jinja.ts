/** What a model's SQL says of itself, as far as it can be read without running its Jinja. */
export interface SqlFacts {
  /** names of the models it refers to, each once, in the order of the text */
  refs: string[];
  /** tables of sources that it reads, each once, in the order of the text */
  sources: { source: string; table: string }[];
  /** literal values of `config(…)` */
  config: NamingConfig;
}

/** The two settings that decide where the database has a model. */
export interface NamingConfig {
  schema?: string;
  alias?: string;
}

const COMMENT = /\{#[\s\S]*?(?:#\}|$)/g;
/** `{{ … }}` and `{% … %}`; the last one may be half-written. */
const TAG = /\{\{([\s\S]*?)(?:\}\}|$)|\{%([\s\S]*?)(?:%\}|$)/g;
const REF = /(?<![\w.])ref\s*\(\s*(['"])([^'"\n]*)\1\s*(?:,\s*(['"])([^'"\n]*)\3)?/g;
const SOURCE = /(?<![\w.])source\s*\(\s*(['"])([^'"\n]*)\1\s*,\s*(['"])([^'"\n]*)\3/g;
const CONFIG = /(?<![\w.])config\s*\(([\s\S]*)/g;
const NAMING = /(?<![\w.'"])(schema|alias)\s*=\s*(['"])([^'"\n]*)\2/g;

/**
 * Reads a model's SQL tolerantly: `ref` and `config` count inside Jinja only, and SQL comments are no cover (dbt renders
 * what is in them), Jinja comments are.
 */
export function scanSql(text: string): SqlFacts {
  const refs = new Set<string>();
  const sources = new Map<string, { source: string; table: string }>();
  const config: NamingConfig = {};
  for (const [, expression, statement] of text.replace(COMMENT, '').matchAll(TAG)) {
    const jinja = expression ?? statement ?? '';
    for (const [, , first = '', , second] of jinja.matchAll(REF)) {
      const name = second ?? first;
      if (name !== '') refs.add(name);
    }
    for (const [, , source = '', , table = ''] of jinja.matchAll(SOURCE)) sources.set(`${source}.${table}`, { source, table });
    for (const [, args = ''] of jinja.matchAll(CONFIG)) {
      for (const [, key, , value] of args.matchAll(NAMING)) config[key as keyof NamingConfig] = value ?? '';
    }
  }
  return { refs: [...refs], sources: [...sources.values()], config };
}

const DOCS = /\{%-?\s*docs\s+(\w+)\s*-?%\}([\s\S]*?)\{%-?\s*enddocs\s*-?%\}/g;

/** The `{% docs name %}` blocks of a Markdown file. */
export function scanDocs(text: string): Map<string, string> {
  return new Map([...text.matchAll(DOCS)].map(([, name = '', content = '']) => [name, content.trim()]));
}

const DOC = /\{\{-?\s*doc\s*\(\s*(?:(['"])[^'"]*\1\s*,\s*)?(['"])([^'"]*)\2\s*\)\s*-?\}\}/g;

/** A description with its `doc('…')` replaced by the blocks' text; unknown ones stay as they are written. */
export function resolveDocs(description: string, docs: ReadonlyMap<string, string>): string {
  return description.includes('{{') ? description.replace(DOC, (whole, _1, _2, name: string) => docs.get(name) ?? whole) : description;
}
