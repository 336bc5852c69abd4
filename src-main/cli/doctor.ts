/** `lab doctor`: what this machine has and lacks, and the remedy. */
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import {
  binaryObstacle,
  displayObstacle,
  sandboxObstacle,
  thisMachine,
} from '../desktop/launcher/can-start.ts';
import { findElectron } from '../desktop/launcher/electron-binary.ts';
import { findPorts } from '../cluster/ports.ts';
import { resourceFolder } from '../experiments/resources.ts';
import { openDataRoot } from '../lab/data-root.ts';
import { pageFolder } from '../lab/page.ts';
import { openDatabase } from '../trace/sqlite.ts';
import { printJson } from './output.ts';

interface Finding {
  /** needed: without it no cluster runs; optional: without it something is absent or slower. */
  weight: 'needed' | 'optional';
  what: string;
  ok: boolean;
  found: string;
  remedy?: string;
}

const NODE_MAJOR_MIN = 24;
const FREE_BYTES_MIN = 1024 ** 3;
const SYNCS = 50;
const SYNC_MS_SLOW = 20;

export function addDoctor(program: Command, finish: (code: number) => void): void {
  program
    .command('doctor')
    .description('Say what this machine has and lacks, and the remedy.')
    .option('--json', 'print one JSON object')
    .action(async (flags: { json?: boolean }) => {
      const findings = await examine();
      const ok = findings.every((finding) => finding.ok || finding.weight === 'optional');
      if (flags.json) printJson({ ok, findings });
      else for (const finding of findings) process.stdout.write(`${line(finding)}\n`);
      finish(ok ? 0 : 1);
    });
}

function line({ ok, weight, what, found, remedy }: Finding): string {
  const mark = ok ? 'ok     ' : weight === 'needed' ? 'LACKING' : 'absent ';
  return `${mark}  ${what}: ${found}${ok || !remedy ? '' : `\n         ${remedy}`}`;
}

async function examine(): Promise<Finding[]> {
  return [
    nodeVersion(),
    processors(),
    sqlite(),
    dataFolder(),
    disk(),
    await ports(),
    pause(),
    window(),
    await electron(),
  ];
}

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return {
    weight: 'needed',
    what: 'Node.js',
    ok: major >= NODE_MAJOR_MIN,
    found: process.versions.node,
    remedy:
      'Run commands through npm (npm run -s lab -- …), which brings its own Node, or install Node 24 or newer.',
  };
}

function processors(): Finding {
  const all = cpus();
  const gib = (totalmem() / 1024 ** 3).toFixed(1);
  return {
    weight: 'optional',
    what: 'Processors',
    ok: all.length >= 2,
    found: `${all.length} × ${all[0]?.model.trim() ?? 'unknown'}, ${gib} GiB of memory`,
    remedy:
      'With one processor the nodes of a cluster delay one another; use slower timers (the profile "workshop").',
  };
}

function sqlite(): Finding {
  const finding = {
    weight: 'needed',
    what: 'SQLite',
    remedy: 'Run "npm ci" again; better-sqlite3 brings a binary for Linux, macOS and Windows.',
  } as const;
  try {
    const database = openDatabase(':memory:');
    const version = String(database.prepare('select sqlite_version()').pluck().get());
    database.close();
    return { ...finding, ok: true, found: version };
  } catch (error) {
    return { ...finding, ok: false, found: (error as Error).message };
  }
}

function dataFolder(): Finding {
  const finding = {
    weight: 'needed',
    what: 'Data folder',
    remedy: 'Free some space, or set QUORUM_LAB_HOME to a folder on a larger disk.',
  } as const;
  try {
    const { folder } = openDataRoot();
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    return {
      ...finding,
      ok: free >= FREE_BYTES_MIN,
      found: `${folder}, ${(free / 1024 ** 3).toFixed(1)} GiB free`,
    };
  } catch (error) {
    return { ...finding, ok: false, found: (error as Error).message };
  }
}

/** Writes one page and syncs it, as a node does for each group of entries. */
function disk(): Finding {
  const finding = {
    weight: 'optional',
    what: 'Disk',
    remedy: 'Put QUORUM_LAB_HOME on a faster disk, or expect slower commits.',
  } as const;
  let folder: string | undefined;
  try {
    folder = mkdtempSync(path.join(openDataRoot().folder, 'doctor-'));
    const file = openSync(path.join(folder, 'sync'), 'w');
    const page = Buffer.alloc(4096, 1);
    const took: number[] = [];
    for (let round = 0; round < SYNCS; round++) {
      const from = performance.now();
      writeSync(file, page);
      fsyncSync(file);
      took.push(performance.now() - from);
    }
    closeSync(file);
    took.sort((a, b) => a - b);
    const median = took[Math.floor(SYNCS / 2)] ?? 0;
    const worst = took.at(-1) ?? 0;
    return {
      ...finding,
      ok: median < SYNC_MS_SLOW,
      found: `a synced write takes ${median.toFixed(2)} ms (median of ${SYNCS}, worst ${worst.toFixed(2)} ms)`,
    };
  } catch (error) {
    return { ...finding, ok: false, found: (error as Error).message };
  } finally {
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
}

async function ports(): Promise<Finding> {
  const finding = {
    weight: 'needed',
    what: 'Ports',
    remedy: 'Allow listening on 127.0.0.1 below the ephemeral range.',
  } as const;
  try {
    const found = await findPorts(9);
    return { ...finding, ok: true, found: `nine free on 127.0.0.1, from ${found[0]}` };
  } catch (error) {
    return { ...finding, ok: false, found: (error as Error).message };
  }
}

function pause(): Finding {
  return {
    weight: 'optional',
    what: 'Pausing nodes',
    ok: process.platform !== 'win32',
    found: process.platform === 'win32' ? 'Windows has no SIGSTOP' : 'SIGSTOP and SIGCONT',
  };
}

function window(): Finding {
  const finding = {
    weight: 'optional',
    what: 'Window',
    remedy: 'Run "npm start", which builds it.',
  } as const;
  try {
    const built = readFileSync(path.join(pageFolder(), 'index.html'));
    return { ...finding, ok: built.length > 0, found: 'built' };
  } catch (error) {
    return { ...finding, ok: false, found: (error as Error).message };
  }
}

async function electron(): Promise<Finding> {
  const finding = { weight: 'optional', what: 'Desktop window (Electron)' } as const;
  const obstacle = displayObstacle(thisMachine);
  const binary = findElectron(path.join(resourceFolder(), '..'));
  if (obstacle)
    return {
      ...finding,
      ok: false,
      found: obstacle.reason,
      remedy: `To mend it, ${obstacle.remedy}; without it, "npm start" serves a browser.`,
    };
  if (!binary)
    return {
      ...finding,
      ok: false,
      found: 'its binary has not been downloaded yet',
      remedy: 'Run "npm start", which downloads it.',
    };
  if (!binary.found)
    return { ...finding, ok: false, found: binary.reason, remedy: `To mend it, ${binary.remedy}.` };
  const stopped =
    (await sandboxObstacle(thisMachine, binary.executable)) ??
    (await binaryObstacle(thisMachine, binary.executable));
  if (stopped)
    return { ...finding, ok: false, found: stopped.reason, remedy: `To mend it, ${stopped.remedy}.` };
  return { ...finding, ok: true, found: binary.executable };
}
