/**
 * Builds `out/` when it is missing or older than the sources. Also `npm run build`, which builds in any case:
 * `node src-main/desktop/launcher/build.ts`.
 */
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

const STAMP = 'out/.built-from';
const INPUTS = [
  'src-main',
  'src-renderer',
  'resources',
  'electron.vite.config.ts',
  'package.json',
  'package-lock.json',
];
/** Without these `out/` is not a build, whatever the stamp says. */
const PRODUCTS = ['out/main/main.js', 'out/preload/preload.cjs', 'out/renderer/index.html'];

async function filesOf(root: string, name: string): Promise<string[]> {
  const entries = await readdir(path.join(root, name), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTDIR') return undefined;
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  if (!entries) return [name];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
}

/** Names, sizes and times of everything that goes into a build. */
async function fingerprint(root: string): Promise<string> {
  const files = (await Promise.all(INPUTS.map((name) => filesOf(root, name)))).flat().sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = await stat(path.join(root, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

export async function isBuilt(root: string): Promise<boolean> {
  const stamp = await readFile(path.join(root, STAMP), 'utf8').catch(() => undefined);
  if (stamp !== (await fingerprint(root))) return false;
  const products = await Promise.all(PRODUCTS.map((file) => exists(path.join(root, file))));
  return products.every(Boolean);
}

/** Resolves when `out/` is as new as the sources. Rejects with what the bundler said. */
export async function ensureBuilt(root: string, say: (line: string) => void): Promise<void> {
  if (await isBuilt(root)) return;
  say('building the window (a few seconds, once)');
  const warnings = await build(root);
  if (warnings) say(warnings);
}

/** Builds `out/`. Resolves to what the bundler warned of, rejects with what made it fail. */
export async function build(root: string): Promise<string> {
  const of = await fingerprint(root);
  const warnings = await new Promise<string>((resolve, reject) => {
    const bundler = path.join(root, 'node_modules/electron-vite/bin/electron-vite.js');
    const child = spawn(process.execPath, [bundler, 'build', '--logLevel', 'warn'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let words = '';
    child.stdout.on('data', (chunk: Buffer) => (words += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(words.trim());
      else reject(new Error(`The build failed:\n${words.trim()}`));
    });
  });
  await mkdir(path.join(root, 'out'), { recursive: true });
  await writeFile(path.join(root, STAMP), of);
  return warnings;
}

if (process.argv[1] === import.meta.filename) {
  try {
    const warnings = await build(path.resolve(import.meta.dirname, '../../..'));
    if (warnings) console.error(warnings);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
