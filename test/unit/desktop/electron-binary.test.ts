import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { downloadElectron, findElectron } from '../../../src-main/desktop/launcher/electron-binary.ts';

/** A checkout whose electron package has this installer. */
async function checkout(root: string, installer: string): Promise<string> {
  const electron = path.join(root, 'node_modules/electron');
  await mkdir(electron, { recursive: true });
  await writeFile(path.join(root, 'package.json'), '{}');
  await writeFile(path.join(electron, 'package.json'), '{ "name": "electron", "version": "45.0.0" }');
  await writeFile(path.join(electron, 'install.js'), installer);
  return electron;
}

const limits = { firstByteMsMax: 700, silenceMsMax: 700 };

describe('the Electron binary', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'quorum-lab-test-'));
    vi.stubEnv('ELECTRON_EXEC_PATH', undefined);
    vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', undefined);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(root, { recursive: true });
  });

  it('is the one that ELECTRON_EXEC_PATH names, before any other', async () => {
    vi.stubEnv('ELECTRON_EXEC_PATH', process.execPath);
    expect(findElectron(root)).toEqual({ found: true, executable: process.execPath });
    vi.stubEnv('ELECTRON_EXEC_PATH', path.join(root, 'nowhere'));
    expect(findElectron(root)).toMatchObject({
      found: false,
      reason: expect.stringContaining('nowhere') as string,
    });
  });

  it('is the one that the package has installed', async () => {
    const electron = await checkout(root, '');
    expect(findElectron(root)).toBeUndefined();
    await mkdir(path.join(electron, 'dist'));
    await writeFile(path.join(electron, 'dist/electron'), '');
    await writeFile(path.join(electron, 'path.txt'), 'electron');
    expect(findElectron(root)).toEqual({ found: true, executable: path.join(electron, 'dist/electron') });
  });

  it('is fetched by the package, and progress is told', async () => {
    await checkout(
      root,
      `const fs = require('fs');
       const os = require('os');
       fs.writeFileSync(os.tmpdir() + '/part', Buffer.alloc(20_000_000));
       setTimeout(() => {
         fs.mkdirSync(__dirname + '/dist');
         fs.writeFileSync(__dirname + '/dist/electron', '');
         fs.writeFileSync(__dirname + '/path.txt', 'electron');
       }, 1200);`,
    );
    const said: string[] = [];
    const binary = await downloadElectron(root, (line) => said.push(line), {
      firstByteMsMax: 30_000,
      silenceMsMax: 30_000,
    });
    expect(binary.found).toBe(true);
    expect(said).toContain('downloading Electron: 20 MB');
  });

  it('is given up at once when the network refuses', async () => {
    await checkout(root, `console.error('Error: getaddrinfo ENOTFOUND github.com'); process.exit(1);`);
    const binary = await downloadElectron(root, () => undefined);
    expect(binary).toMatchObject({ found: false, reason: expect.stringContaining('ENOTFOUND') as string });
  });

  it('is given up when no byte comes, and the installer is ended', async () => {
    await checkout(
      root,
      `require('fs').writeFileSync(__dirname + '/pid', String(process.pid)); setInterval(() => {}, 1000);`,
    );
    const binary = await downloadElectron(root, () => undefined, limits);
    expect(binary).toMatchObject({ found: false, reason: expect.stringContaining('stood still') as string });
    const pid = Number(await readFile(path.join(root, 'node_modules/electron/pid'), 'utf8'));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), { timeout: 5_000 });
  });
});
