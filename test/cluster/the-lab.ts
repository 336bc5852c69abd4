/** The command line as people use it, for tests. */
import { execFile } from 'node:child_process';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');
export const cli = path.join(root, 'src-main/cli/main.ts');

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `lab` in the checkout to its end. */
export function lab(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { cwd: root, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}
