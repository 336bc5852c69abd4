/** A cluster in the desktop app, driven through the page's own bridge, and what Chromium's processes cost meanwhile. */
import { readFileSync } from 'node:fs';
import { formatLink } from '../../src-main/api/links.ts';
import { channels } from '../../src-main/desktop/channels.ts';
import { launchDesktop, type LabWindow } from '../e2e/harness/launch.ts';
import { descendants, type Groups } from './cpu.ts';
import type { Ask } from './operations.ts';

export interface DesktopRun {
  readonly window: LabWindow;
  readonly runId: string;
  show(view: 'cluster' | 'timeline' | 'latency'): Promise<void>;
  execute(command: object): Promise<void>;
  readonly ask: Ask;
  /** Chromium's processes by what they are, the display server, and the cluster's own processes. */
  groups(): Promise<Groups>;
  /** Stops the cluster; its trace can be asked afterwards. */
  stop(): Promise<void>;
}

declare global {
  interface Window {
    /** What the preload script offers. */
    quorumLab: { call(method: string, params: object): Promise<string> };
  }
}

export async function startDesktopRun(nodes: number, clients: number): Promise<DesktopRun> {
  const window = await launchDesktop({ size: { width: 1280, height: 800 } });
  const { page, electron } = window;
  if (!electron) throw new Error('not a desktop window');
  const call = async (method: string, params: object): Promise<unknown> =>
    JSON.parse(
      await page.evaluate(([name, given]) => globalThis.window.quorumLab.call(name, given), [
        method,
        params,
      ] as const),
    );
  const { runId } = (await call('startRun', { nodes, profile: 'raft-paper', clients, seed: 1 })) as {
    runId: string;
  };
  const show = async (view: 'cluster' | 'timeline' | 'latency'): Promise<void> => {
    await electron.evaluate(
      ({ BrowserWindow }, [channel, link]) =>
        BrowserWindow.getAllWindows()[0]?.webContents.send(channel, link),
      [channels.link, formatLink({ runId, view })] as const,
    );
    await page
      .locator(`nav [aria-current=page][aria-label=${view[0]!.toUpperCase()}${view.slice(1)}]`)
      .waitFor();
  };
  return {
    window,
    runId,
    show,
    execute: async (command) => {
      await call('execute', { runId, command });
    },
    ask: ((query, params) => call('query', { runId, query, params })) as Ask,
    async groups() {
      const processes = await electron.evaluate(({ app }) =>
        app.getAppMetrics().map(({ pid, type }) => ({ pid, type: String(type) })),
      );
      const of = (...types: string[]) =>
        processes.filter(({ type }) => types.includes(type)).map(({ pid }) => pid);
      const known = ['Browser', 'Tab', 'GPU'];
      const chromium = new Set(processes.map(({ pid }) => pid));
      return {
        main: of('Browser'),
        page: of('Tab'),
        gpu: of('GPU'),
        utility: processes.filter(({ type }) => !known.includes(type)).map(({ pid }) => pid),
        display: displayServer(),
        cluster: descendants(window.pid).filter((pid) => !chromium.has(pid)),
      };
    },
    stop: async () => {
      await call('stopRun', { runId });
    },
  };
}

/** The X server that the set-up of the tests started; elsewhere the display is the system's own. */
function displayServer(): number[] {
  return descendants(process.ppid).filter(
    (pid) => readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === 'Xvfb',
  );
}
