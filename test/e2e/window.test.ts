import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { expectAccessible, inEveryWindow, inWindow, shoot } from './harness/every-window.ts';
import { launchDesktop } from './harness/launch.ts';

inEveryWindow('the window', (open, kind) => {
  it('opens on Home, says its name, and axe finds nothing serious', async () => {
    const window = await open();
    expect(await window.page.title()).toContain('Quorum Lab');
    await expectAccessible(window.page);
    await shoot(window, 'home-empty');
  });

  it('holds no Node, no Electron and no way to make code of text', async () => {
    const { page } = await open();
    const found = await page.evaluate(() => ({
      globals: ['process', 'require', 'module', 'global', 'Buffer', 'electron'].filter(
        (name) => name in window,
      ),
      bridge: Object.keys('quorumLab' in window ? (window.quorumLab as object) : {}).sort(),
    }));
    expect(found.globals).toEqual([]);
    expect(found.bridge).toEqual(
      kind === 'desktop' ? ['call', 'host', 'onOpenLink', 'openFile', 'saveReport', 'subscribe'] : [],
    );
  });

  it('keeps its place through a reload', async () => {
    const { page } = await open();
    await page.reload();
    await page.waitForSelector('#app > *');
    expect(await page.title()).toContain('Quorum Lab');
  });
});

inWindow('desktop', 'the desktop window', (open) => {
  it('goes nowhere else and opens no other window', async () => {
    const { page, electron } = await open();
    const before = page.url();
    await page.evaluate(() => {
      window.open('app://lab/index.html');
      const link = document.createElement('a');
      link.href = 'http://127.0.0.1:9/';
      document.body.append(link);
      link.click();
    });
    await expect.poll(() => page.url()).toBe(before);
    expect(electron?.windows()).toHaveLength(1);
  });

  it('refuses what is no file of the page', async () => {
    const { electron } = await open();
    // The main process may load app:// too, and a page that failed to load anything would complain in its console.
    const statuses = await electron?.evaluate(async ({ session }) => {
      const of = async (address: string) => (await session.defaultSession.fetch(address)).status;
      return Promise.all(
        [
          'app://lab/',
          'app://lab/..%2f..%2fpackage.json',
          'app://lab/%2e%2e/main/main.js',
          'app://lab/assets',
          'app://elsewhere/',
        ].map(of),
      );
    });
    expect(statuses).toEqual([200, 404, 404, 404, 405]);
  });

  it('answers a call that is not of the contract, or too large, with one sentence', async () => {
    const { page } = await open();
    const answers = await page.evaluate(async () => {
      const { quorumLab } = window as unknown as {
        quorumLab: { call(method: string, params: unknown): Promise<unknown> };
      };
      const refusal = (method: string, params: unknown) =>
        quorumLab.call(method, params).then(
          () => 'accepted',
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        );
      return [
        await refusal('dropTables', {}),
        await refusal('startRun', { nodes: 10, profile: 'workshop' }),
        await refusal('help', { name: 'x'.repeat(300_000) }),
      ];
    });
    expect(answers).toEqual([
      'The lab has no method "dropTables".',
      'startRun (nodes): a cluster has 1 to 9 nodes.',
      'A call may be 256 KiB long, and this one is longer.',
    ]);
  });

  it('remembers its place', async () => {
    const home = await mkdtemp(path.join(os.tmpdir(), 'quorum-lab-e2e-'));
    try {
      const first = await launchDesktop({ home });
      await first.electron?.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.setBounds({ x: 40, y: 50, width: 1111, height: 777 }),
      );
      await first.close();
      const state: unknown = JSON.parse(await readFile(path.join(home, 'window.json'), 'utf8'));
      expect(state).toMatchObject({
        bounds: { width: 1111, height: 777 },
        background: expect.stringMatching(/^#(0f1318|f3f5f8)$/) as string,
      });
    } finally {
      await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  });
});
