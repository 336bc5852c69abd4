/** The one folder that serves desktop, command line and browser: runs, settings, logs, trash. */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

export interface DataRoot {
  folder: string;
  runs: string;
  trash: string;
  /** Private copies of traces that were recorded elsewhere; made when the first one comes. */
  foreign: string;
  /** A note for each run that is being recorded: by whom, and where its spools are. Made with the first one. */
  recordings: string;
  logs: string;
  /** What the list of runs remembers: traces opened from elsewhere, titles, summaries. */
  catalogueFile: string;
}

function defaultFolder(): string {
  const home = homedir();
  if (process.platform === 'win32')
    return path.join(process.env['APPDATA'] ?? path.join(home, 'AppData', 'Roaming'), 'Quorum Lab');
  if (process.platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Quorum Lab');
  return path.join(process.env['XDG_DATA_HOME'] ?? path.join(home, '.local', 'share'), 'quorum-lab');
}

/** Makes the data root if it is missing. Throws a sentence that names folder and remedy when it cannot be written. */
export function openDataRoot(): DataRoot {
  const folder = path.resolve(process.env['QUORUM_LAB_HOME'] ?? defaultFolder());
  const root: DataRoot = {
    folder,
    runs: path.join(folder, 'runs'),
    trash: path.join(folder, 'trash'),
    foreign: path.join(folder, 'foreign'),
    recordings: path.join(folder, 'recordings'),
    logs: path.join(folder, 'logs'),
    catalogueFile: path.join(folder, 'catalogue.json'),
  };
  try {
    for (const made of [root.runs, root.trash, root.logs]) makeFolder(made);
    accessSync(root.runs, constants.W_OK);
  } catch (error) {
    throw new Error(
      `Quorum Lab cannot write its data folder ${folder} (${(error as NodeJS.ErrnoException).code}). Mend its permissions, or set QUORUM_LAB_HOME to a folder that can be written.`,
    );
  }
  return root;
}

/** Level by level: asked for all levels at once, Node never comes back where the system says that a parent it has is missing (`/proc`). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another lab was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
