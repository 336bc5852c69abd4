/**
 * Opens the real window, either way: the desktop app in Electron, or a browser against `lab serve`. Both have a data
 * root of their own and give the same page.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { _electron, chromium, type ElectronApplication, type Page } from 'playwright';
import { inject } from 'vitest';
import { watchProblems, type Problems } from './problems.ts';
import './provided.ts';

export type WindowKind = 'desktop' | 'browser';

export interface LaunchOptions {
  /** Traces and links, as arguments of the command. */
  readonly open?: readonly string[];
  /** A data root that is there already; it is not removed. */
  readonly home?: string;
  /** Size of the page in CSS pixels, before zoom. */
  readonly size?: { readonly width: number; readonly height: number };
}

export interface LabWindow {
  readonly kind: WindowKind;
  readonly page: Page;
  readonly problems: Problems;
  /** The data root. */
  readonly home: string;
  /** The process that hosts the lab. */
  readonly pid: number;
  /** Set for the desktop. */
  readonly electron: ElectronApplication | undefined;
  resize(width: number, height: number): Promise<void>;
  /** The browser's own zoom; 1.5 makes everything half as large again in the same window. */
  zoom(factor: number): Promise<void>;
  /** A picture of the page as it stands, a PNG. */
  screenshot(): Promise<Buffer>;
  /** Ends page and lab, as a person would, and removes the data root. */
  close(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, '../../..');
const SIZE = { width: 1280, height: 800 };
const SHOWN = '#app > *';
const CLOSE_MS_MAX = 20_000;
/** Holds the app back until the driver is attached; without it the two race, and now and then both wait for ever. */
const DRIVER = path.join(
  path.dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')),
  'lib/server/electron/loader.js',
);

/** Why this window cannot be opened on this machine; undefined when it can. */
export function obstacleTo(kind: WindowKind): string | undefined {
  const found = inject(kind === 'desktop' ? 'electron' : 'chromium');
  return found.available ? undefined : found.reason;
}

export function launch(kind: WindowKind, options: LaunchOptions = {}): Promise<LabWindow> {
  return kind === 'desktop' ? launchDesktop(options) : launchBrowser(options);
}

/** As root Chromium's sandbox cannot start. Tests may say so; the launcher never does by itself. */
const sandboxSwitches = () => (process.getuid?.() === 0 ? ['--no-sandbox'] : []);

async function dataRoot(given: string | undefined): Promise<{ home: string; remove(): Promise<void> }> {
  if (given) return { home: given, remove: () => Promise.resolve() };
  const home = await mkdtemp(path.join(os.tmpdir(), 'quorum-lab-e2e-'));
  // Chromium's processes may still write their last files.
  return { home, remove: () => rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }) };
}

export async function launchDesktop(options: LaunchOptions = {}): Promise<LabWindow> {
  const runtime = inject('electron');
  if (!runtime.available) throw new Error(runtime.reason);
  const { home, remove } = await dataRoot(options.home);
  const application = await _electron.launch({
    executablePath: runtime.executable,
    args: ['-r', DRIVER, ...sandboxSwitches(), root, ...(options.open ?? [])],
    env: { ...definedEnvironment(), ...runtime.environment, QUORUM_LAB_HOME: home },
    timeout: 30_000,
  });
  const { pid } = application.process();
  if (pid === undefined) throw new Error('Electron has no process id');
  const page = await application.firstWindow();
  const problems = watchProblems(page);
  const resize = (width: number, height: number) =>
    application.evaluate(
      ({ BrowserWindow }, [w, h]) => BrowserWindow.getAllWindows()[0]?.setContentSize(w, h),
      [width, height] as const,
    );
  const { width, height } = options.size ?? SIZE;
  await resize(width, height);
  await page.waitForSelector(SHOWN);
  return {
    kind: 'desktop',
    page,
    problems,
    home,
    pid,
    electron: application,
    resize,
    zoom: (factor) =>
      application.evaluate(
        ({ BrowserWindow }, zoomed) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(zoomed),
        factor,
      ),
    // The driver's own pictures keep the size that the window had at first.
    async screenshot() {
      const png = await application.evaluate(async ({ BrowserWindow }) => {
        const image = await BrowserWindow.getAllWindows()[0]?.webContents.capturePage();
        return image?.toPNG().toString('base64');
      });
      return Buffer.from(png ?? '', 'base64');
    },
    async close() {
      await inTime(application.close(), 'the desktop app', () => application.process().kill('SIGKILL'));
      await remove();
    },
  };
}

export async function launchBrowser(options: LaunchOptions = {}): Promise<LabWindow> {
  const found = inject('chromium');
  if (!found.available) throw new Error(found.reason);
  const { home, remove } = await dataRoot(options.home);
  const server = await serveLab(home, options.open ?? []);
  const browser = await chromium.launch({ executablePath: found.executable, args: sandboxSwitches() });
  let size = options.size ?? SIZE;
  const context = await browser.newContext({ viewport: size });
  const page = await context.newPage();
  const problems = watchProblems(page);
  await page.goto(server.address);
  await page.waitForSelector(SHOWN);
  const devtools = await context.newCDPSession(page);
  const show = (factor: number) =>
    devtools.send('Emulation.setDeviceMetricsOverride', {
      width: Math.round(size.width / factor),
      height: Math.round(size.height / factor),
      deviceScaleFactor: factor,
      mobile: false,
    });
  return {
    kind: 'browser',
    page,
    problems,
    home,
    pid: server.pid,
    electron: undefined,
    async resize(width, height) {
      size = { width, height };
      await show(1);
    },
    async zoom(factor) {
      await show(factor);
    },
    screenshot: () => page.screenshot(),
    async close() {
      await browser.close();
      await inTime(server.stop(), 'lab serve', () => process.kill(server.pid, 'SIGKILL'));
      await remove();
    },
  };
}

/** Who does not leave when told to is a finding, and is not left behind. */
async function inTime(leaving: Promise<void>, who: string, kill: () => void): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const deadline = new Promise<boolean>((resolve) => {
    late = setTimeout(resolve, CLOSE_MS_MAX, true);
  });
  const wasLate = await Promise.race([leaving.then(() => false), deadline]);
  clearTimeout(late);
  if (!wasLate) return;
  kill();
  throw new Error(`${who} had not left ${CLOSE_MS_MAX / 1000} s after it was told to`);
}

interface Served {
  readonly address: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** `lab serve` on a port of its own. */
export function serveLab(home: string, open: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, [path.join(root, 'src-main/cli/main.ts'), 'serve', ...open], {
    cwd: root,
    env: { ...process.env, QUORUM_LAB_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      const address = /http:\/\/127\.0\.0\.1:\d+\/\S*/.exec(said)?.[0];
      const { pid } = child;
      if (!address || pid === undefined) return;
      resolve({
        address,
        pid,
        stop() {
          child.kill('SIGTERM');
          return ended;
        },
      });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`lab serve ended with code ${code}:\n${said}`)));
  });
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
