/** `lab serve`: the window for a browser on this machine. */
import type { Command } from 'commander';
import { startBrowserHost } from '../browser/server.ts';
import { printJson, progress, UsageError, wholeNumber } from './output.ts';

export function addServe(program: Command, finish: (code: number) => void): void {
  program
    .command('serve')
    .description('Serve the window to a browser on this machine; listens on 127.0.0.1 only.')
    .argument('[trace...]', 'traces or quorum-lab:// links to show')
    .option('--port <n>', 'TCP port; 0 lets the system choose', '0')
    .option('--json', 'print the address as one JSON object')
    .action(async (open: string[], flags: { port: string; json?: boolean }) =>
      finish(await serve(open, flags)),
    );
}

async function serve(open: string[], flags: { port: string; json?: boolean }): Promise<number> {
  const port = wholeNumber('--port', flags.port, 0, 65_535);
  const host = await startBrowserHost({
    port,
    open,
    log: (level, text) => progress(`${level}: ${text}`),
  }).catch((error: Error) => {
    throw new UsageError(error.message);
  });
  if (flags.json) printJson({ address: host.address });
  else process.stdout.write(`Quorum Lab is at ${host.address}\n`);
  progress('Ctrl+C stops it and every cluster it runs.');
  await new Promise<void>((resolve) => {
    // Not once: Ctrl+C in a terminal comes from the terminal, from npm and from the launcher, and a run is being closed.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  await host.close();
  // A browser may hold its connections open; everything that matters is closed by now.
  process.exit(0);
}
