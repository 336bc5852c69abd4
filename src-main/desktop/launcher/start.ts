/**
 * `npm start`: opens the desktop window; where Electron cannot start, says why in one line and how to mend it, and
 * serves the same window to a browser.
 *
 * The question of Electron is decided while the window is built, so that neither waits for the other.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { parseArguments, USAGE, type StartArguments } from './arguments.ts';
import { ensureBuilt } from './build.ts';
import { binaryObstacle, displayObstacle, sandboxObstacle, thisMachine, type Obstacle } from './can-start.ts';
import { downloadElectron, findElectron } from './electron-binary.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const say = (line: string) => console.error(line);

/** An Electron that ends in failure this soon has not shown a window that anybody used. */
const EARLY_MS = 10_000;

type Decision = { readonly executable: string } | Obstacle;

/** From the cheapest check to the dearest; nothing is downloaded for a machine that could not use it. */
async function decide(given: StartArguments): Promise<Decision> {
  const noDisplay = displayObstacle(thisMachine);
  if (noDisplay) return noDisplay;
  const installed = findElectron(root);
  if (installed && !installed.found) return installed;
  if (!given.noSandbox) {
    const noSandbox = await sandboxObstacle(thisMachine, installed?.executable);
    if (noSandbox) return noSandbox;
  }
  const binary = installed ?? (await downloadElectron(root, say));
  if (!binary.found) return binary;
  return (await binaryObstacle(thisMachine, binary.executable)) ?? binary;
}

/** Somebody told this process to end: nothing is started in place of what ended then. */
let told = false;

/** Signals meant for this process reach the child, and its end is ours. */
function follow(child: ChildProcess): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      told = true;
      child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(told ? 0 : (code ?? 1)));
  });
}

async function openDesktop(executable: string, given: StartArguments): Promise<number> {
  const switches = [...(given.noSandbox ? ['--no-sandbox'] : []), ...given.switches];
  const files = given.open.map((item) => (item.includes('://') ? item : path.resolve(item)));
  return follow(spawn(executable, [...switches, root, ...files], { stdio: 'inherit' }));
}

function serveToBrowser(given: StartArguments): Promise<number> {
  const command = [path.join(root, 'src-main/cli/main.ts'), 'serve', ...given.open];
  return follow(spawn(process.execPath, command, { stdio: 'inherit' }));
}

const instead = ({ reason, remedy }: Obstacle) =>
  say(`No desktop window: ${reason}; to mend it, ${remedy}. Serving the window to a browser instead.`);

async function main(): Promise<number> {
  const given = parseArguments(process.argv.slice(2));
  if (given.help) {
    console.log(USAGE);
    return 0;
  }
  const built = ensureBuilt(root, say);
  // An unfinished decision must not leave a failed build unheard.
  built.catch(() => undefined);
  const decision = given.browser ? undefined : await decide(given);
  await built;
  if (decision && 'executable' in decision) {
    const startedAt = performance.now();
    const code = await openDesktop(decision.executable, given);
    if (code === 0 || told || performance.now() - startedAt > EARLY_MS) return code;
    instead({
      reason: `Electron ended with code ${code} right after it started`,
      remedy: 'see what it said above',
    });
  } else if (decision) {
    instead(decision);
  }
  return serveToBrowser(given);
}

try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
