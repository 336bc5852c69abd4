/** `npm run golden:replay FILE.schedule.json`: a violation that the simulation found, told like a golden transcript. */
import { readFileSync } from 'node:fs';
import { readSchedule } from '../../src-main/simulation/schedule/read.ts';
import { replay } from './replay-lines.ts';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error(
    'Which schedule? `npm run -s lab -- simulate` writes one beside the trace of each violation: run.schedule.json',
  );
  process.exitCode = 2;
} else {
  for (const line of replay(readSchedule(readFileSync(file, 'utf8')))) console.log(line);
}
