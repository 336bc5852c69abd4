import path from 'node:path';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { layering } from '../../lint/layering.ts';
import { importsOf, reachableFrom, sourcesUnder } from '../../lint/graph.ts';
import { forbiddenFile, forbiddenPackage, layers } from '../../lint/layers.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** What the rule says about `code` if it stood in `file` (a path from the top). */
function lint(file: string, code: string): string[] {
  const linter = new Linter({ cwd: root });
  const messages = linter.verify(
    code,
    {
      files: ['**/*.ts'],
      languageOptions: { parser: tseslint.parser as Linter.Parser },
      plugins: { quorum: { rules: { layering } } },
      rules: { 'quorum/layering': ['error', { root }] },
    },
    path.join(root, file),
  );
  return messages.map((message) => message.message);
}

describe('the import rule', () => {
  it('lets a folder import every folder behind it in the chain', () => {
    expect(lint('src-main/lab/lab.ts', "import { a } from '../cluster/supervisor.ts';")).toEqual([]);
    expect(lint('src-main/node/main.ts', "import { a } from '../consensus/raft/raft.ts';")).toEqual([]);
    expect(lint('src-main/cli/main.ts', "import { a } from '../trace/model/events.ts';")).toEqual([]);
  });

  it('refuses an import against the chain, in every form an import has', () => {
    const forms = [
      "import { a } from '../lab/lab.ts';",
      "import type { A } from '../lab/lab.ts';",
      "export { a } from '../lab/lab.ts';",
      "export * from '../lab/lab.ts';",
      "const a = await import('../lab/lab.ts');",
      "let a: import('../lab/lab.ts').A;",
    ];
    for (const form of forms) {
      const messages = lint('src-main/cluster/supervisor.ts', form);
      expect(messages, form).toHaveLength(1);
      expect(messages[0]).toContain('src-main/cluster may not import src-main/lab');
    }
  });

  it('refuses an import between neighbours of one group', () => {
    expect(lint('src-main/desktop/main.ts', "import { a } from '../browser/server.ts';")).toHaveLength(1);
    expect(lint('src-main/simulation/run.ts', "import { a } from '../cluster/supervisor.ts';")).toHaveLength(
      1,
    );
  });

  it('keeps consensus to itself: no folder, no package, no Node module', () => {
    const file = 'src-main/consensus/raft/raft.ts';
    expect(lint(file, "import type { Input } from '../replica.ts';")).toEqual([]);
    expect(lint(file, "import type { E } from '../../trace/model/events.ts';")).toHaveLength(1);
    expect(lint(file, "import { z } from 'zod';")).toHaveLength(1);
    expect(lint(file, "import { hash } from 'node:crypto';")).toHaveLength(1);
  });

  it('keeps the models of trace and checks to themselves and to consensus', () => {
    expect(
      lint('src-main/trace/model/events.ts', "import type { Term } from '../../consensus/replica.ts';"),
    ).toEqual([]);
    expect(lint('src-main/trace/model/events.ts', "import { open } from '../sqlite.ts';")).toHaveLength(1);
    expect(
      lint('src-main/checks/model/history.ts', "import type { E } from '../../trace/model/events.ts';"),
    ).toEqual([]);
    expect(
      lint('src-main/checks/model/history.ts', "import { run } from '../../trace/reader/queries.ts';"),
    ).toHaveLength(1);
  });

  it('lets the API have types of consensus, and nothing that runs', () => {
    expect(lint('src-main/api/calls.ts', "import type { Term } from '../consensus/replica.ts';")).toEqual([]);
    expect(
      lint('src-main/api/calls.ts', "import { type Term } from '../consensus/replica.ts';"),
      'what is left of it without its types still loads the module',
    ).toHaveLength(1);
    expect(lint('src-main/api/calls.ts', "import { hash } from '../consensus/chain.ts';")).toHaveLength(1);
    expect(lint('src-main/api/calls.ts', "import { z } from 'zod';")).toEqual([]);
    expect(lint('src-main/api/calls.ts', "import fs from 'node:fs';")).toHaveLength(1);
  });

  it('lets the renderer import the API and nothing else of the main sources', () => {
    const file = 'src-renderer/stores/run.ts';
    expect(lint(file, "import type { Call } from '../../src-main/api/calls.ts';")).toEqual([]);
    expect(lint(file, "import text from '../../resources/docs/keys.md?raw';")).toEqual([]);
    expect(lint(file, "import { ref } from 'vue';")).toEqual([]);
    expect(lint(file, "import type { E } from '../../src-main/trace/model/events.ts';")).toHaveLength(1);
    expect(lint(file, "import path from 'path';")).toHaveLength(2);
  });

  it('refuses tests in the sources, and imports that do not name their file', () => {
    expect(lint('src-main/lab/lab.ts', "import { a } from '../../test/lint/graph.ts';")).toHaveLength(1);
    expect(lint('src-main/lab/lab.ts', "import { a } from './runs';")).toEqual([
      "'./runs' must name the file with its extension: the sources run as they are.",
    ]);
  });
});

describe('the sources as they stand', () => {
  it('belong to a layer each, below src-main', async () => {
    const files = await sourcesUnder(root, 'src-main');
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !layers.some((layer) => file.startsWith(`${layer.path}/`)))).toEqual([]);
  });

  it('obey the direction of imports', async () => {
    const broken: string[] = [];
    for (const file of [
      ...(await sourcesUnder(root, 'src-main')),
      ...(await sourcesUnder(root, 'src-renderer')),
    ]) {
      for (const { source, target, typeOnly } of await importsOf(root, file)) {
        const reason = target ? forbiddenFile(file, target, typeOnly) : forbiddenPackage(file, source);
        if (reason) broken.push(`${file}: ${reason}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('reach no Node module from the API, however far one follows the imports', async () => {
    const entries = await sourcesUnder(root, 'src-main/api');
    const reached = await reachableFrom(root, entries);
    expect(reached.packages.filter((name) => name.startsWith('node:'))).toEqual([]);
  });
});
