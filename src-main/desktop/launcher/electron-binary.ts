/**
 * Where the Electron binary is: `ELECTRON_EXEC_PATH`, else the one the `electron` package installed, else what its
 * `install-electron` fetches now. Electron 42 and newer fetch the binary on first use, not when npm installs them.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

export type ElectronBinary =
  | { readonly found: true; readonly executable: string }
  /** One clause that says why not, and one that says how to mend it. */
  | { readonly found: false; readonly reason: string; readonly remedy: string };

export interface DownloadLimits {
  /** Given up when nothing has come after this long: then there is most likely no network. */
  readonly firstByteMsMax: number;
  /** Given up when a download that had begun stands still for this long. */
  readonly silenceMsMax: number;
}

const LIMITS: DownloadLimits = { firstByteMsMax: 8_000, silenceMsMax: 60_000 };
const REMEDY =
  'run "npx install-electron" where the network allows it, or point ELECTRON_EXEC_PATH at an Electron binary';

function electronPackage(root: string): string | undefined {
  try {
    return path.dirname(createRequire(path.join(root, 'package.json')).resolve('electron/package.json'));
  } catch {
    return undefined;
  }
}

/** The binary that is on this machine already; undefined when it would have to be fetched. */
export function findElectron(root: string): ElectronBinary | undefined {
  const named = process.env['ELECTRON_EXEC_PATH'];
  if (named) {
    if (existsSync(named)) return { found: true, executable: path.resolve(named) };
    return {
      found: false,
      reason: `ELECTRON_EXEC_PATH names ${named}, which does not exist`,
      remedy: 'correct it or unset it',
    };
  }
  const folder = electronPackage(root);
  if (!folder)
    return {
      found: false,
      reason: 'the npm package electron is not installed',
      remedy: 'run "npm ci" first',
    };
  const pathFile = path.join(folder, 'path.txt');
  if (!existsSync(pathFile)) return undefined;
  const executable = path.join(
    process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? path.join(folder, 'dist'),
    readFileSync(pathFile, 'utf8').trim(),
  );
  return existsSync(executable) ? { found: true, executable } : undefined;
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(path.join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * Fetches the binary with the electron package's own installer. Progress is what grows on the disk: the installer
 * says nothing for its first 30 s, so its temporary folder and the folder it unpacks to are watched.
 */
export async function downloadElectron(
  root: string,
  say: (line: string) => void,
  limits: DownloadLimits = LIMITS,
): Promise<ElectronBinary> {
  const folder = electronPackage(root);
  const none = (reason: string): ElectronBinary => ({ found: false, reason, remedy: REMEDY });
  if (!folder) return none('the npm package electron is not installed');
  const temporary = await mkdtemp(path.join(os.tmpdir(), 'quorum-lab-electron-'));
  const installer = spawn(process.execPath, [path.join(folder, 'install.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      ELECTRON_GET_NO_PROGRESS: '1',
      TMPDIR: temporary,
      TEMP: temporary,
      TMP: temporary,
    },
  });
  let lastWords = '';
  installer.stderr.on(
    'data',
    (chunk: Buffer) => (lastWords = `${lastWords}${chunk.toString()}`.slice(-4_000)),
  );
  const ended = new Promise<number>((resolve) => {
    installer.once('error', () => resolve(1));
    installer.once('close', (code) => resolve(code ?? 1));
  });

  const startedAt = performance.now();
  let grewAt = startedAt;
  let bytes = 0;
  let saidMb = -1;
  try {
    for (;;) {
      const tick = new Promise<undefined>((resolve) => setTimeout(resolve, 500, undefined));
      const code = await Promise.race([ended, tick]);
      if (code === 0) return findElectron(root) ?? none('the installer of electron left no binary');
      if (code !== undefined)
        return none(`the Electron binary could not be downloaded (${sentence(lastWords)})`);
      const now = performance.now();
      const seen = (await bytesBelow(temporary)) + (await bytesBelow(path.join(folder, 'dist')));
      if (seen !== bytes) {
        bytes = seen;
        grewAt = now;
      }
      const allowed = bytes === 0 ? limits.firstByteMsMax : limits.silenceMsMax;
      if (now - grewAt > allowed)
        return none(
          `the download of the Electron binary stood still for ${Math.round((now - grewAt) / 1000)} s`,
        );
      const mb = Math.floor(bytes / 10_000_000) * 10;
      if (mb > saidMb && bytes > 0) {
        saidMb = mb;
        say(`downloading Electron: ${Math.round(bytes / 1_000_000)} MB`);
      }
    }
  } finally {
    if (installer.exitCode === null) installer.kill();
    await rm(temporary, { recursive: true, force: true });
  }
}

/** The one line of an error that says what happened. */
function sentence(words: string): string {
  const lines = words.split('\n').map((line) => line.trim());
  const cause = lines.find((line) => /\b(E[A-Z]{4,}|ENOTFOUND|HTTPError|Response code)\b/.test(line));
  const told = cause ?? lines.find((line) => /error/i.test(line)) ?? 'no reason given';
  return told.replace(/^\[?cause\]?:\s*/, '').slice(0, 160);
}
