import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureBuilt, isBuilt } from '../../../src-main/desktop/launcher/build.ts';

/** Stands where electron-vite stands, and makes the products of a build. */
const BUNDLER = `
  import { mkdirSync, writeFileSync } from 'node:fs';
  if (process.env.BUNDLER_FAILS) { console.error('src-main/x.ts: unexpected token'); process.exit(1); }
  for (const file of ['out/main/main.js', 'out/preload/preload.cjs', 'out/renderer/index.html']) {
    mkdirSync(file.slice(0, file.lastIndexOf('/')), { recursive: true });
    writeFileSync(file, '');
  }`;

describe('the build of npm start', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'quorum-lab-test-'));
    const bundler = path.join(root, 'node_modules/electron-vite/bin');
    await mkdir(bundler, { recursive: true });
    await mkdir(path.join(root, 'src-main'));
    await writeFile(path.join(root, 'package.json'), '{ "type": "module" }');
    await writeFile(path.join(bundler, 'package.json'), '{ "type": "module" }');
    await writeFile(path.join(bundler, 'electron-vite.js'), BUNDLER);
    await writeFile(path.join(root, 'src-main/a.ts'), 'export {};');
  });
  afterEach(async () => {
    delete process.env['BUNDLER_FAILS'];
    await rm(root, { recursive: true });
  });

  it('is made when there is none, and then left alone', async () => {
    const said: string[] = [];
    expect(await isBuilt(root)).toBe(false);
    await ensureBuilt(root, (line) => said.push(line));
    expect(await isBuilt(root)).toBe(true);
    await ensureBuilt(root, (line) => said.push(line));
    expect(said).toHaveLength(1);
  });

  it('is stale when a source changed, came or went, or a product is gone', async () => {
    const file = path.join(root, 'src-main/a.ts');
    await ensureBuilt(root, () => undefined);
    await utimes(file, new Date(), new Date(Date.now() + 5_000));
    expect(await isBuilt(root)).toBe(false);

    await ensureBuilt(root, () => undefined);
    await writeFile(path.join(root, 'src-main/b.ts'), '');
    expect(await isBuilt(root)).toBe(false);

    await ensureBuilt(root, () => undefined);
    await rm(path.join(root, 'out/renderer/index.html'));
    expect(await isBuilt(root)).toBe(false);
  });

  it('fails with the words of the bundler, and counts as not made', async () => {
    process.env['BUNDLER_FAILS'] = '1';
    await expect(ensureBuilt(root, () => undefined)).rejects.toThrow('src-main/x.ts: unexpected token');
    expect(await isBuilt(root)).toBe(false);
  });
});
