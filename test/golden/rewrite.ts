/** `npm run golden:rewrite [NAME…]`: every transcript as it comes out now. Review the difference before you commit it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runTranscript } from './raft-runner.ts';

const folder = path.join(import.meta.dirname, 'raft');
const wanted = process.argv.slice(2);
let changed = 0;
for (const name of readdirSync(folder).filter((each) => each.endsWith('.txt'))) {
  if (wanted.length > 0 && !wanted.some((each) => name.includes(each))) continue;
  const file = path.join(folder, name);
  const before = readFileSync(file, 'utf8');
  const after = runTranscript(name, before);
  if (before === after) continue;
  writeFileSync(file, after);
  changed += 1;
  console.log(`rewritten: test/golden/raft/${name}`);
}
console.log(changed === 0 ? 'nothing has changed' : `${changed} rewritten: review the difference`);
