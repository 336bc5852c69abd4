/**
 * Whether Electron can open a window on this machine, asked before it is tried: what Chromium says when it cannot
 * is long, late and seldom names the remedy.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Why not, and how to mend it; one clause each. */
export interface Obstacle {
  readonly reason: string;
  readonly remedy: string;
}

/** What the checks read of the machine; tests put their own in. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  fileExists(file: string): boolean;
  readFile(file: string): string | undefined;
  /** Exit code of a program, or undefined when it is not there or takes longer than 10 s; with what it printed. */
  run(
    program: string,
    args: readonly string[],
    environment?: NodeJS.ProcessEnv,
  ): Promise<{ code: number; output: string } | undefined>;
}

export const thisMachine: Machine = {
  platform: process.platform,
  environment: process.env,
  isRoot: process.getuid?.() === 0,
  fileExists: existsSync,
  readFile(file) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return undefined;
    }
  },
  run: (program, args, environment = process.env) =>
    new Promise((resolve) => {
      const child = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: environment,
        timeout: 10_000,
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.once('error', () => resolve(undefined));
      child.once('close', (code) => resolve(code === null ? undefined : { code, output }));
    }),
};

/** The X or Wayland display that a window would open on. */
export function displayObstacle(machine: Machine): Obstacle | undefined {
  if (machine.platform !== 'linux') return undefined;
  const { DISPLAY: x, WAYLAND_DISPLAY: wayland, XDG_RUNTIME_DIR: runtime } = machine.environment;
  if (wayland) {
    const socket = path.isAbsolute(wayland) ? wayland : path.join(runtime ?? '/run', wayland);
    if (machine.fileExists(socket)) return undefined;
  }
  if (!x) {
    return {
      reason: 'there is no display (DISPLAY and WAYLAND_DISPLAY are unset)',
      remedy: 'start it from a desktop session, or under "xvfb-run -a"',
    };
  }
  const local = /^(?:unix)?:(\d+)(?:\.\d+)?$/.exec(x);
  if (!local) return undefined;
  const listening =
    machine.fileExists(`/tmp/.X11-unix/X${local[1]}`) ||
    machine.readFile('/proc/net/unix')?.includes(`@/tmp/.X11-unix/X${local[1]}`);
  return listening
    ? undefined
    : {
        reason: `no display answers at DISPLAY=${x}`,
        remedy: 'start it from a desktop session, or under "xvfb-run -a"',
      };
}

function setuidRoot(file: string): boolean {
  try {
    const { uid, mode } = statSync(file);
    return uid === 0 && (mode & 0o4000) !== 0;
  } catch {
    return false;
  }
}

/** Chromium's sandbox needs a user that is not root, and user namespaces or a setuid helper. */
export async function sandboxObstacle(
  machine: Machine,
  executable: string | undefined,
): Promise<Obstacle | undefined> {
  if (machine.platform !== 'linux') return undefined;
  if (machine.isRoot) {
    return {
      reason: "Chromium's sandbox does not start as root",
      remedy: 'start it as another user, or with "npm start -- --no-sandbox"',
    };
  }
  if (executable && setuidRoot(path.join(path.dirname(executable), 'chrome-sandbox'))) return undefined;
  const tried = await machine.run('unshare', ['--user', '--map-root-user', 'true']);
  const refused =
    tried === undefined
      ? machine.readFile('/proc/sys/user/max_user_namespaces')?.trim() === '0' ||
        machine.readFile('/proc/sys/kernel/unprivileged_userns_clone')?.trim() === '0'
      : tried.code !== 0;
  return refused
    ? {
        reason: "Chromium's sandbox cannot start: this system gives users no namespaces of their own",
        remedy: 'allow them (sysctl kernel.unprivileged_userns_clone=1), or say "npm start -- --no-sandbox"',
      }
    : undefined;
}

/** Debian's package of each library that a bare machine lacks most often. */
const packageOf: Readonly<Record<string, string>> = {
  'libgtk-3.so.0': 'libgtk-3-0',
  'libnss3.so': 'libnss3',
  'libnssutil3.so': 'libnss3',
  'libsmime3.so': 'libnss3',
  'libnspr4.so': 'libnss3',
  'libasound.so.2': 'libasound2',
  'libgbm.so.1': 'libgbm1',
  'libatk-1.0.so.0': 'libgtk-3-0',
  'libatk-bridge-2.0.so.0': 'libatk-bridge2.0-0',
  'libatspi.so.0': 'libatk-bridge2.0-0',
  'libdrm.so.2': 'libdrm2',
  'libXss.so.1': 'libxss1',
  'libcups.so.2': 'libcups2',
  'libxkbcommon.so.0': 'libxkbcommon0',
};

/** The binary runs at all: its shared libraries are there and it is made for this machine. */
export async function binaryObstacle(machine: Machine, executable: string): Promise<Obstacle | undefined> {
  const asNode = { ...machine.environment, ELECTRON_RUN_AS_NODE: '1' };
  const tried = await machine.run(executable, ['-p', 'process.versions.electron'], asNode);
  if (tried?.code === 0) return undefined;
  if (machine.platform === 'linux') {
    const linked = await machine.run('ldd', [executable]);
    const missing = [...(linked?.output.matchAll(/^\s*(\S+) => not found/gm) ?? [])].map(
      (match) => match[1] ?? '',
    );
    if (missing.length > 0) {
      const packages = [...new Set(missing.map((library) => packageOf[library] ?? library))];
      return {
        reason: `Electron lacks the libraries ${missing.join(', ')}`,
        remedy: `install them ("apt-get install ${packages.join(' ')}" on Debian)`,
      };
    }
  }
  const words = tried?.output.trim().split('\n').at(-1)?.slice(0, 160);
  return {
    reason: `the Electron binary ${executable} does not run${words ? ` (${words})` : ''}`,
    remedy: 'remove node_modules/electron/dist and start again, or point ELECTRON_EXEC_PATH at another',
  };
}
