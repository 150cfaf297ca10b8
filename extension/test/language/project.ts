/** A dbt project made up by a seed, in layers, with what every question about it must answer. There is no manifest. */
import fs from 'node:fs';
import path from 'node:path';
import { Dice, Draft, type Column, type Mark, type Place, type Relation, type Scope } from './draft';
import { chained, direct, grouped, joined, lateral, looped, ranked, renamed, unioned, type Input, type Shape } from './models';

export interface GeneratedModel extends Relation {
  name: string;
  /** relative to the project's root, with `/` */
  file: string;
  text: string;
  marks: Mark[];
  scopes: Scope[];
  documented: 'all' | 'some' | 'none';
  description?: string;
}

export interface GeneratedSource { source: string; table: string; columns: Column[]; place: Place; sourcePlace: Place }

export interface GeneratedProject {
  files: ReadonlyMap<string, string>;
  /** the project's own */
  models: readonly GeneratedModel[];
  /** with the package's */
  modelNames: readonly string[];
  sources: readonly GeneratedSource[];
  macros: ReadonlyMap<string, Place>;
  variables: ReadonlyMap<string, Place>;
  docs: ReadonlyMap<string, Place>;
  /** every mark with its file; those of YAML too */
  marks: readonly (Mark & { file: string })[];
  /** where YAML describes a model */
  described: ReadonlyMap<string, Place>;
}

const TABLES_OF_A_SOURCE = 8;
const MODELS_OF_A_FOLDER = 20;
const NOUNS = ['orders', 'clients', 'visits', 'payments', 'invoices', 'products', 'refunds', 'carts'];
const RAW_COLUMNS: [string, string][] = [
  ['id', 'bigint'], ['status', 'text'], ['amount', 'numeric'], ['quantity', 'integer'], ['created_at', 'timestamp'], ['updated_at', 'timestamp'], ['email', 'text'],
  ['country', 'text'], ['channel', 'text'], ['client_ref', 'bigint'], ['price', 'numeric'], ['is_active', 'boolean'],
];
const DOCS = ['status', 'amount', 'origin', 'row_count', 'country'];

/** @param models how many of the project's own */
export function generateProject(models: number, seed = 1): GeneratedProject {
  return new Generator(models, new Dice(seed)).project();
}

/** Lays it into a folder, which may exist. */
export function writeProject({ files }: GeneratedProject, folder: string): void {
  for (const [file, text] of files) {
    const target = path.join(folder, ...file.split('/'));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, text);
  }
}

class Generator {
  private readonly files = new Map<string, string>();
  private readonly models: GeneratedModel[] = [];
  private readonly sources: GeneratedSource[] = [];
  readonly macros = new Map<string, Place>();
  readonly variables = new Map<string, Place>();
  private readonly docs = new Map<string, Place>();
  private readonly described = new Map<string, Place>();
  private readonly yamlMarks: (Mark & { file: string })[] = [];

  constructor(private readonly count: number, private readonly dice: Dice) {}

  project(): GeneratedProject {
    this.settings();
    this.macroFiles();
    this.docBlocks();
    this.package();
    const staging = Math.max(2, Math.round(this.count * 0.4));
    const intermediate = Math.max(2, Math.round(this.count * 0.4));
    const marts = Math.max(1, this.count - staging - intermediate);
    this.sourceFiles(Math.ceil(staging / 2));
    const tables = this.sources.map((source) => this.tableInput(source));
    const first = this.layer('staging', 'stg', staging, [renamed, direct], () => tables);
    const second = this.layer('intermediate', 'int', intermediate, [joined, unioned, grouped, looped, chained], (done) => (done.length > 0 && this.dice.next() < 0.5 ? done.slice(-100) : first));
    this.layer('marts', 'mart', marts, [ranked, lateral, joined, grouped], () => second);
    return {
      files: this.files, models: this.models, modelNames: [...this.models.map(({ name }) => name), 'metrics_calendar'], sources: this.sources, macros: this.macros, variables: this.variables,
      docs: this.docs, described: this.described, marks: [...this.models.flatMap(({ file, marks }) => marks.map((mark) => ({ ...mark, file }))), ...this.yamlMarks],
    };
  }

  private keep({ file, text }: Draft): void {
    this.files.set(file, text);
  }

  private settings(): void {
    const draft = new Draft('dbt_project.yml');
    draft.put('name: shop\nversion: "1.0.0"\nconfig-version: 2\nprofile: shop\n\nmodel-paths: [models]\nmacro-paths: [macros]\n\nvars:\n');
    for (const [name, value] of [['window_days', '30'], ['full_history', 'false'], ['statuses', '[new, paid]']] as const) {
      draft.put(`  # What ${name} says\n  `);
      this.variables.set(name, draft.put(name));
      draft.line(`: ${value}`);
    }
    draft.put('\nmodels:\n  shop:\n    staging:\n      +materialized: view\n    marts:\n      +materialized: table\n');
    this.keep(draft);
    this.files.set('packages.yml', 'packages:\n  - local: ../metrics_utils\n');
  }

  private macroFiles(): void {
    this.macroFile('macros/cleaning.sql', [['clean_text', 'value', "nullif(trim({{ value }}), '')"], ['cents', 'value, digits=2', 'round({{ value }} * 100, {{ digits }})']]);
    this.macroFile('macros/more/dates.sql', [['days_between', 'first, last', '({{ last }}::date - {{ first }}::date)']]);
    this.macroFile('dbt_packages/metrics_utils/macros/divide.sql', [['safe_divide', 'above, below', '{{ above }} / nullif({{ below }}, 0)']], 'metrics_utils.');
  }

  private macroFile(file: string, macros: [string, string, string][], prefix = ''): void {
    const draft = new Draft(file);
    for (const [name, parameters, body] of macros) {
      draft.put(`{# What ${name} does #}\n{% macro `);
      this.macros.set(`${prefix}${name}`, draft.put(name));
      draft.line(`(${parameters}) -%}\n    ${body}\n{%- endmacro %}\n`);
    }
    this.keep(draft);
  }

  private docBlocks(): void {
    const draft = new Draft('models/columns.md');
    for (const name of DOCS) {
      draft.put('{% docs ');
      this.docs.set(name, draft.put(name));
      draft.line(` %}\nWhat *${name}* means everywhere.\n{% enddocs %}\n`);
    }
    this.keep(draft);
  }

  private package(): void {
    const folder = 'dbt_packages/metrics_utils';
    this.files.set(`${folder}/dbt_project.yml`, 'name: metrics_utils\nversion: "0.1.0"\nconfig-version: 2\n');
    this.files.set(`${folder}/models/metrics_calendar.sql`, "select day::date as day, extract(year from day) as year_number\nfrom generate_series('2024-01-01'::timestamp, '2025-01-01', interval '1 day') as day\n");
  }

  private sourceFiles(tables: number): void {
    for (let number = 0; number * TABLES_OF_A_SOURCE < tables; number++) {
      const source = `shop_${number}`;
      const draft = new Draft(`models/staging/${source}/_${source}__sources.yml`);
      draft.put('version: 2\n\nsources:\n  - name: ');
      const sourcePlace = draft.put(source);
      draft.line(`\n    schema: raw_${number}\n    description: What shop ${number} sends.\n    tables:`);
      for (let index = 0; index < Math.min(TABLES_OF_A_SOURCE, tables - number * TABLES_OF_A_SOURCE); index++) this.table(draft, source, sourcePlace, `${NOUNS[index] ?? 'rows'}_${number * TABLES_OF_A_SOURCE + index}`);
      this.keep(draft);
    }
  }

  private table(draft: Draft, source: string, sourcePlace: Place, table: string): void {
    draft.put('      - name: ');
    const place = draft.put(table);
    // What YAML leaves out is there all the same: nothing may call it unknown
    const whole = this.dice.next() < 0.75;
    draft.line(`\n        description: The table ${table}.\n        columns:`);
    const columns = [...RAW_COLUMNS.slice(0, 3), ...this.dice.some(RAW_COLUMNS.slice(3), 5)].map(([name, type], index): Column => {
      if (!whole && index % 3 === 2) return { name, type, made: undefined };
      draft.put('          - name: ');
      const made = draft.put(name);
      draft.line(`\n            data_type: ${type}`);
      return { name, type, made };
    });
    this.sources.push({ source, table, columns, place, sourcePlace });
  }

  private tableInput({ source, table, columns, place, sourcePlace }: GeneratedSource): Input {
    return { name: table, source, place, sourcePlace, columns, certain: columns.every(({ made }) => made !== undefined) };
  }

  /** @returns what models further on may read */
  private layer(layer: string, prefix: string, count: number, shapes: Shape[], readable: (done: Input[]) => Input[]): Input[] {
    const done: Input[] = [];
    let group: GeneratedModel[] = [];
    for (let index = 0; index < count; index++) {
      const folder = `models/${layer}/${layer === 'staging' ? `shop_${Math.floor(index / MODELS_OF_A_FOLDER)}` : `area_${Math.floor(index / MODELS_OF_A_FOLDER)}`}`;
      const name = `${prefix}_${this.dice.pick(['shop', 'web', 'crm'])}__${this.dice.pick(NOUNS)}_${index}`;
      const file = `${folder}/${name}.sql`;
      const inputs = readable(done);
      const draft = new Draft(file);
      const shape = shapes[index % shapes.length] ?? chained;
      const relation = shape(draft, [this.dice.pick(inputs), this.dice.pick(inputs)], this.dice, this);
      this.keep(draft);
      const documented = (['all', 'some', 'all', 'none'] as const)[index % 4] ?? 'none';
      const model: GeneratedModel = { ...relation, name, file, text: draft.text, marks: draft.marks, scopes: draft.scopes, documented, ...(documented === 'none' ? {} : { description: `What ${name} holds, one row each.` }) };
      this.models.push(model);
      group.push(model);
      done.push({ ...relation, name, place: { file, span: { start: 0, end: 0 } } });
      if (group.length === MODELS_OF_A_FOLDER || index === count - 1) {
        this.properties(`${folder}/_models.yml`, group);
        group = [];
      }
    }
    return done;
  }

  private properties(file: string, models: GeneratedModel[]): void {
    const draft = new Draft(file);
    draft.line('version: 2\n\nmodels:');
    for (const model of models.filter(({ documented }) => documented !== 'none')) {
      draft.put('  - name: ');
      this.described.set(model.name, draft.put(model.name));
      draft.line(`\n    description: ${model.description ?? ''}\n    columns:`);
      const columns = model.documented === 'all' ? model.columns : model.columns.slice(0, 2);
      for (const [index, { name, type }] of columns.entries()) this.column(draft, model, index, name, type);
    }
    this.keep(draft);
    this.yamlMarks.push(...draft.marks.map((mark) => ({ ...mark, file })));
  }

  private column(draft: Draft, model: GeneratedModel, index: number, name: string, type: string | undefined): void {
    draft.put(`      - name: ${/^[a-z0-9_]+$/.test(name) ? name : JSON.stringify(name)}\n        description: `);
    if (DOCS.includes(name)) {
      draft.put('"{{ doc(\'');
      draft.mark('doc', name, this.docs.get(name));
      draft.line("') }}\"");
    } else draft.line(`The ${name} of ${model.name}.`);
    if (type !== undefined) draft.line(`        data_type: ${type}`);
    if (index > 0) return;
    draft.line('        data_tests:\n          - not_null');
    const parent = model.marks.find(({ kind }) => kind === 'ref');
    if (!parent) return;
    draft.put("          - relationships:\n              arguments:\n                to: ref('");
    draft.mark('ref', parent.name, parent.target);
    draft.line(`')\n                field: ${model.columns[0]?.name ?? 'id'}`);
  }
}
