/** Where the shipped files (`resources/`) are, in a checkout and in a packaged app. */
import { existsSync } from 'node:fs';
import path from 'node:path';

let found: string | undefined;

/** Absolute path of `resources/`; the nearest one above this file that holds profiles. */
export function resourceFolder(): string {
  for (let folder = import.meta.dirname; found === undefined; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'resources');
    if (existsSync(path.join(candidate, 'profiles'))) found = candidate;
    else if (folder === path.dirname(folder)) {
      throw new Error(
        `The folder "resources" is missing above ${import.meta.dirname}. Install Quorum Lab again.`,
      );
    }
  }
  return found;
}
