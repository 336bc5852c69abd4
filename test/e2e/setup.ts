/** Once before all end-to-end tests: a build, a display, an Electron and a Chromium to test in. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { ensureBuilt } from '../../src-main/desktop/launcher/build.ts';
import { startDisplay } from './harness/display.ts';
import type { ChromiumFound } from './harness/provided.ts';
import { provisionRuntime } from './runtime/provision.ts';

const root = path.resolve(import.meta.dirname, '../..');
const say = (line: string) => console.log(`e2e: ${line}`);

function findChromium(): ChromiumFound {
  const named = process.env['CHROMIUM_EXEC_PATH'];
  const places = named
    ? [named]
    : [
        '/usr/bin/chromium',
        '/usr/bin/chromium-browser',
        '/usr/bin/google-chrome',
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
        'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
      ];
  const executable = places.find((place) => existsSync(place));
  return executable
    ? { available: true, executable }
    : {
        available: false,
        reason: `no Chromium at ${places.join(', ')} ("apt-get install chromium", or CHROMIUM_EXEC_PATH)`,
      };
}

export default async function setup(project: TestProject): Promise<() => void> {
  await ensureBuilt(root, say);
  const display = await startDisplay();
  const runtime = await provisionRuntime(say);
  project.provide('chromium', findChromium());
  if (!display.available) {
    project.provide('electron', { available: false, reason: display.reason });
    return () => undefined;
  }
  project.provide(
    'electron',
    runtime.available && display.name
      ? { ...runtime, environment: { ...runtime.environment, DISPLAY: display.name } }
      : runtime,
  );
  if (runtime.available) say(`testing in ${runtime.origin}`);
  return () => display.stop();
}
