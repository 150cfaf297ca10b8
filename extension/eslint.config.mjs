import tseslint from 'typescript-eslint';

/** Who may import `vscode` by value: the entry point, platform, and a feature's UI-role files. */
const UI_ROLES = ['src/extension.ts', 'src/sources.ts', 'src/platform/**', 'src/*/{index,commands,panel,provider,diagnostics,status,lenses,tree,watch}.ts', 'test/**'];

/** Folders of features. */
const FEATURES = ['preview', 'journey', 'lenses', 'assets', 'runs', 'status', 'lineage', 'language', 'testing', 'compiled', 'queries'];

/** What a text says is pure, and anybody's. */
const ANALYSIS = ['!**/language/analysis', '!**/language/analysis/**'];

export default tseslint.config(
  { ignores: ['dist/**', 'out/**', '**/node_modules/**', '**/*.mjs', 'test/ui/shots/**', 'src/dagster/schema/**'] },
  ...tseslint.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  {
    rules: {
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: UI_ROLES,
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: [{ name: 'vscode', message: 'Only platform and UI-role files use vscode: pass in what you need.', allowTypeImports: true }] }] },
  },
  // Features never import one another; sources never import features
  ...FEATURES.map((feature) => ({
    files: [`src/${feature}/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: [...FEATURES.filter((other) => other !== feature).map((other) => `**/${other}/**`), ...ANALYSIS], message: 'Features never import one another: call a command.' }] }] },
  })),
  {
    files: ['src/{base,platform,dbt,dagster,warehouse,attribution}/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: [...FEATURES.map((feature) => `**/${feature}/**`), ...ANALYSIS], message: 'Sources know no feature.' }] }] },
  },
  { files: ['**/*.test.ts', 'test/**'], rules: { '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite'] }] }] } },
);
