/** The cache of what tests need and a checkout does not hold, outside the tree: `QUORUM_LAB_CACHE`, else the user's. */
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export function cacheFolder(): string {
  const named = process.env['QUORUM_LAB_CACHE'];
  if (named) return path.resolve(named);
  const base = process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
  return path.join(base, 'quorum-lab');
}

export function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/**
 * The folder `name` of the cache, made by `make` unless it is there. It appears whole or not at all: `make` fills a
 * folder beside it that is renamed when done, so an interrupted run leaves nothing that a later one would trust.
 */
export async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const wanted = path.join(cacheFolder(), name);
  if (await isThere(wanted)) return wanted;
  await mkdir(path.dirname(wanted), { recursive: true });
  const unfinished = await mkdtemp(`${wanted}.unfinished-`);
  try {
    await make(unfinished);
    await rename(unfinished, wanted).catch(async (error: NodeJS.ErrnoException) => {
      // Somebody else was faster; theirs is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return wanted;
}
