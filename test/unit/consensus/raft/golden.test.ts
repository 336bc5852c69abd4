import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runTranscript } from '../../../golden/raft-runner.ts';

const folder = path.resolve(import.meta.dirname, '../../../golden/raft');
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));

/** `npm run golden:rewrite` writes them anew, to be reviewed as a difference. */
describe('golden transcripts', () => {
  it.each(names)('%s comes out as it is written', (name) => {
    const text = readFileSync(path.join(folder, name), 'utf8');
    expect(runTranscript(name, text)).toBe(text);
  });

  it.each(names)('%s begins with a sentence that says what it shows, and where that is from', (name) => {
    const [heading = '', gap, prose = ''] = readFileSync(path.join(folder, name), 'utf8').split('\n');
    expect(heading).toMatch(/\((paper|dissertation|etcd-io\/raft|tikv\/raft-rs|rethinkdb|raft-dev).*\)$/);
    expect(gap).toBe('');
    expect(prose).not.toMatch(/^(> .*)?$/);
  });
});
