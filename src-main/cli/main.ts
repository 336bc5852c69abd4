/** The command line: `npm run -s lab -- <command>` in a checkout, `quorum-lab <command>` when installed. */
import { Command, CommanderError } from 'commander';
import { labVersion } from '../experiments/header.ts';
import { FileError } from '../experiments/yaml-file.ts';
import { TraceRefused } from '../cluster/reader-process.ts';
import { addBench } from './bench.ts';
import { addDoctor } from './doctor.ts';
import { UsageError } from './output.ts';
import { addRun } from './run.ts';
import { addServe } from './serve.ts';
import { addSimulate } from './simulate.ts';
import { addTrace } from './trace.ts';

/** Exit 0: what was asked holds; 1: it does not; 2: bad usage or input. */
async function main(args: string[]): Promise<number> {
  let code = 0;
  const program = new Command('lab')
    .description('Runs, records, inspects and breaks real consensus clusters.')
    .version(labVersion())
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  const finish = (exit: number) => {
    code = exit;
  };
  addRun(program, finish);
  addSimulate(program, finish);
  addTrace(program, finish);
  addServe(program, finish);
  addBench(program, finish);
  addDoctor(program, finish);
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${text}\n`);
    return error instanceof UsageError || error instanceof FileError || error instanceof TraceRefused ? 2 : 1;
  }
  return code;
}

// Whoever reads our output may have had enough of it (`| head`): that is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
process.exitCode = await main(process.argv.slice(2));
