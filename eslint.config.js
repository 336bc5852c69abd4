import path from 'node:path';
import prettier from 'eslint-config-prettier';
import vue from 'eslint-plugin-vue';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import { layering } from './test/lint/layering.ts';

/** Pure code knows no clock, no randomness, no world: what it needs comes in as an argument. */
const worldly = [
  'Date',
  'performance',
  'process',
  'console',
  'crypto',
  'fetch',
  'Buffer',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'requestAnimationFrame',
  'window',
  'document',
  'navigator',
];
const pure = ['src-main/consensus', 'src-main/trace/model', 'src-main/checks/model'];

export default tseslint.config(
  { ignores: ['out/', 'dist/', 'coverage/', 'node_modules/', 'test/.results/'] },
  // No comment in the sources can switch a rule off.
  { linterOptions: { noInlineConfig: true, reportUnusedInlineConfigs: 'error' } },
  ...tseslint.configs.strict,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.{js,mjs,ts,vue}'],
    plugins: { quorum: { rules: { layering } } },
    rules: {
      'quorum/layering': ['error', { root: path.resolve(import.meta.dirname) }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      eqeqeq: ['error', 'always'],
      'no-var': 'error',
      'prefer-const': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-throw-literal': 'error',
    },
  },
  { files: ['**/*.vue'], languageOptions: { parserOptions: { parser: tseslint.parser } } },
  {
    files: ['src-renderer/**'],
    languageOptions: { globals: globals.browser },
    rules: { 'vue/multi-word-component-names': 'off', 'vue/no-v-html': 'error' },
  },
  { files: ['src-main/**', 'test/**', '*.{js,ts}'], languageOptions: { globals: globals.node } },
  {
    files: pure.map((folder) => `${folder}/**`),
    rules: {
      'no-restricted-globals': ['error', ...worldly],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Randomness comes in as an input.' },
      ],
    },
  },
  {
    // Loops over arrays these files filled themselves; nothing from outside comes in undecoded.
    files: ['src-main/consensus/**', 'src-renderer/canvas/**', 'test/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['test/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(only|skip|todo|fails)$/]',
          message:
            'Every test runs. One that a machine cannot run says so itself, with context.skip(reason).',
        },
      ],
    },
  },
  prettier,
);
