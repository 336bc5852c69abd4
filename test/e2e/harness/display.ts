/** A display for windows nobody looks at. */
import { spawn } from 'node:child_process';

export type Display =
  | { readonly available: true; readonly name: string; stop(): void }
  | { readonly available: false; readonly reason: string };

const SCREEN = '2200x1400x24';
const START_MS_MAX = 15_000;

/** An Xvfb on a number of its own choosing; on systems without X the windows need none. */
export function startDisplay(): Promise<Display> {
  if (process.platform !== 'linux')
    return Promise.resolve({ available: true, name: '', stop: () => undefined });
  return new Promise((resolve) => {
    const server = spawn(
      'Xvfb',
      ['-displayfd', '3', '-screen', '0', SCREEN, '-nolisten', 'tcp', '-noreset'],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      },
    );
    const fail = (reason: string) => {
      clearTimeout(late);
      server.kill();
      resolve({ available: false, reason });
    };
    const late = setTimeout(() => fail(`Xvfb was not up after ${START_MS_MAX / 1000} s`), START_MS_MAX);
    server.once('error', () => fail('Xvfb is not installed ("apt-get install xvfb")'));
    server.once('exit', (code) => fail(`Xvfb ended with code ${code}`));
    server.stdio[3]?.once('data', (number: Buffer) => {
      clearTimeout(late);
      resolve({ available: true, name: `:${number.toString().trim()}`, stop: () => server.kill() });
    });
  });
}
