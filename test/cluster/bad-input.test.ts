import { execFile, spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from './a-cluster.ts';

const root = path.resolve(import.meta.dirname, '../..');
const cli = path.join(root, 'src-main/cli/main.ts');
const shipped = readFileSync(path.join(root, 'resources/scenarios/leader-crash.yaml'), 'utf8');

let given: string;
let home: string;
let temporary: string;

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function lab(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const env = { ...process.env, QUORUM_LAB_HOME: home, TMPDIR: temporary, ...environment };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, ...args],
      { cwd: given, env, timeout: 20_000 },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
      },
    );
  });
}

/** Exit 2, one sentence or two in one line on standard error, nothing on standard output, and nothing left anywhere. */
async function refuses(
  args: readonly string[],
  sentence: RegExp,
  environment?: Record<string, string>,
): Promise<void> {
  const before = readdirSync(given, { recursive: true }).sort();
  const { code, stdout, stderr } = await lab(args, environment);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(sentence);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(readdirSync(given, { recursive: true }).sort()).toEqual(before);
  expect(readdirSync(temporary)).toEqual([]);
  expect(
    readdirSync(home, { recursive: true }).filter(
      (name) => !/^(runs|trash|logs|recordings)$/.test(String(name)),
    ),
  ).toEqual([]);
}

function write(name: string, text: string): string {
  const file = path.join(given, name);
  writeFileSync(file, text);
  return file;
}

beforeAll(() => {
  given = mkdtempSync(path.join(tmpdir(), 'quorum-lab-test-'));
  home = mkdtempSync(path.join(tmpdir(), 'quorum-lab-test-'));
  temporary = mkdtempSync(path.join(tmpdir(), 'quorum-lab-test-'));
});
afterAll(() => {
  for (const folder of [given, home, temporary]) rmSync(folder, { recursive: true, force: true });
});

describe('lab run with a bad scenario says file, line and what is wrong, and leaves nothing', () => {
  const scenarios: [what: string, text: string, sentence: RegExp][] = [
    [
      'an unknown field',
      shipped.replace('title:', 'titel: x\ntitle:'),
      /bad\.yaml:3:1: unknown field "titel"/,
    ],
    [
      'an unknown field in a step',
      shipped.replace('kill: leader', 'slay: leader'),
      /bad\.yaml:\d+:\d+: unknown field "slay" in steps\.0/,
    ],
    ['0 nodes', shipped.replace('nodes: 5', 'nodes: 0'), /bad\.yaml:\d+:\d+: a cluster has 1 to 9 nodes/],
    ['10 nodes', shipped.replace('nodes: 5', 'nodes: 10'), /bad\.yaml:\d+:\d+: a cluster has 1 to 9 nodes/],
    [
      'a duration without a unit',
      shipped.replace('after: 2s', 'after: 2'),
      /bad\.yaml:\d+:\d+: "2" is no duration/,
    ],
    [
      'a duration beyond every timer',
      shipped.replace('after: 2s', 'after: 600h'),
      /bad\.yaml:\d+:\d+: "600h" is longer than 500h/,
    ],
    [
      'a node that is not in the cluster',
      shipped.replace('kill: leader', 'kill: n7'),
      /no node n7 in a cluster of 5/,
    ],
    ['a later version', shipped.replace('version: 1', 'version: 2'), /reads scenarios of version 1/],
    [
      'a profile that is not shipped',
      shipped.replace('profile: raft-paper', 'profile: lightning'),
      /bad\.yaml:\d+:\d+: there is no profile "lightning"/,
    ],
    [
      'heartbeats slower than the timeout',
      shipped.replace('profile: raft-paper', 'profile: raft-paper\n  options: { heartbeatMs: 400 }'),
      /bad\.yaml:\d+:\d+: .*cannot keep a leader.*cluster\.options/,
    ],
    [
      'lease reads without CheckQuorum',
      shipped.replace('profile: raft-paper', 'profile: raft-paper\n  options: { reads: lease }'),
      /bad\.yaml:11:21: reads is lease, but checkQuorum is off.*Turn checkQuorum on.*cluster\.options\.reads/,
    ],
    [
      'the removal of every voter',
      shipped.replace('kill: leader', 'remove: [n1, n2, n3, n4, n5]'),
      /bad\.yaml:\d+:\d+: the last voter would be gone.* in steps\.0\.remove/,
    ],
    [
      'a node both voter and learner',
      shipped.replace('kill: leader', 'add: [{ node: n6, as: voter }, { node: n6, as: learner }]'),
      /bad\.yaml:\d+:\d+: two changes concern n6 in steps\.0\.add/,
    ],
    ['no YAML', 'a: [1\n', /bad\.yaml:2:1: not valid YAML/],
    ['nothing in it', '', /bad\.yaml:1:1: the file is empty/],
    ['an alias of nothing', shipped.replace('nodes: 5', 'nodes: *five'), /bad\.yaml.*five/],
  ];
  it.each(scenarios)('for %s', async (_what, text, sentence) => {
    await refuses(['run', write('bad.yaml', text), '--json'], sentence);
  });

  it('for a file that is missing, a folder, and a name that is not shipped', async () => {
    await refuses(['run', 'missing.yaml'], /missing\.yaml: there is no such file/);
    await refuses(['run', '.'], /it is a folder/);
    await refuses(['run', 'nonsense'], /no scenario "nonsense"; there are .*leader-crash/);
  });
});

describe('lab run with bad flags says which, and starts nothing', () => {
  const places: [what: string, flags: string[], sentence: RegExp][] = [
    ['a duration that is none', ['--for', 'soon'], /--for "soon" is no duration/],
    ['a duration beyond every timer', ['--for', '600h'], /--for "600h" is longer than a run may last/],
    ['a seed that is none', ['--seed', '-1'], /--seed must be a whole number/],
    [
      'a trace in no folder',
      ['--trace', 'no/such/run.qlab'],
      /--trace: the folder .*no\/such does not exist/,
    ],
    ['a trace that is a folder', ['--trace', '.'], /--trace: .* is a folder/],
    ['a trace that is something else', ['--trace', cli], /exists and is no trace, so it is left alone/],
    ['disks where something is', ['--keep-disks', root], /--keep-disks .*: the folder is not empty/],
    ['disks in a file', ['--keep-disks', cli], /--keep-disks: .* is a file/],
    [
      'an unsafe option',
      ['--option', 'reads=lease'],
      /^--option: reads is lease, but checkQuorum is off.*Turn checkQuorum on/,
    ],
    [
      'a bug that there is not',
      ['--bug', 'gremlin'],
      /--bug gremlin: there is no such bug; there are commit-old/,
    ],
    ['an unknown flag', ['--warp-factor', '9'], /unknown option '--warp-factor'/],
  ];
  it.each(places)('%s', async (_what, flags, sentence) => {
    await refuses(['run', 'leader-crash', ...flags], sentence);
  });

  it.runIf(process.platform === 'linux')('a folder in which nothing can be made, be it as root', async () => {
    await refuses(['run', 'leader-crash', '--trace', '/proc/run.qlab'], /\/proc cannot be written/);
    await refuses(['run', 'leader-crash', '--keep-disks', '/proc/disks'], /\/proc cannot be written/);
    await refuses(['run', 'leader-crash'], /cannot write its data folder \/proc\/lab/, {
      QUORUM_LAB_HOME: '/proc/lab',
    });
  });

  it('a data folder that is a file', async () => {
    await refuses(['run', 'leader-crash'], /cannot write its data folder .*main\.ts/, {
      QUORUM_LAB_HOME: cli,
    });
  });
});

describe('lab trace', () => {
  let good: string;

  beforeAll(async () => {
    const run = await startCluster(1);
    await run.leader();
    await run.stop();
    good = path.join(given, 'good.qlab');
    copyFileSync(run.traceFile, good);
    run.remove();
  });

  const asked = [['info'], ['events'], ['state', '--at', '1s']];

  it.each(asked)('%s refuses what is no trace, with file and remedy', async (command, ...flags) => {
    const notes = write('notes.qlab', 'some notes');
    const other = path.join(given, 'other.qlab');
    new Database(other).exec('CREATE TABLE IF NOT EXISTS a (b)').close();
    const ask = (file: string) => ['trace', command ?? '', file, ...flags, '--json'];
    await refuses(ask(notes), /notes\.qlab is not a trace.*Choose/);
    await refuses(ask(other), /other\.qlab is not a trace: it is an SQLite file of something else/);
    await refuses(ask(write('empty.qlab', '')), /empty\.qlab is empty/);
    await refuses(ask('missing.qlab'), /There is no file .*missing\.qlab/);
    await refuses(ask('.'), /is a folder, not a trace/);
  });

  it('refuses a trace of a later version, one cut short and one whose pages are damaged', async () => {
    const later = path.join(given, 'later.qlab');
    copyFileSync(good, later);
    const database = new Database(later);
    database.pragma('user_version = 9');
    database.close();
    await refuses(
      ['trace', 'info', later, '--json'],
      /later\.qlab was recorded by a later Quorum Lab .*Update/,
    );

    const short = path.join(given, 'short.qlab');
    copyFileSync(good, short);
    truncateSync(short, 20_000);
    await refuses(['trace', 'info', short], /short\.qlab is cut short.*Copy it again/);

    const damaged = path.join(given, 'damaged.qlab');
    const bytes = readFileSync(good);
    // Of the pages behind the schema, the heads.
    for (let at = 20 * 4096; at < bytes.length; at += 4096) bytes.fill(0xff, at, at + 100);
    writeFileSync(damaged, bytes);
    await refuses(['trace', 'events', damaged, '--json'], /damaged\.qlab is damaged.*Copy it again/);
  });

  it('says which flag is wrong', async () => {
    await refuses(['trace', 'state', good, '--at', '1'], /--at "1" is no moment/);
    await refuses(
      ['trace', 'state', good, '--at', '9999999h'],
      /--at "9999999h" is later than any run lasts/,
    );
    await refuses(['trace', 'events', good, '--limit', '0'], /--limit must be a whole number/);
    await refuses(['trace', 'events', good, '--kind', 'gossip'], /--kind gossip: there is no such kind/);
  });

  it('ends quietly when its reader has had enough', async () => {
    const child = spawn(process.execPath, [cli, 'trace', 'events', good, '--limit', '5000'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, stderr: stderr.replace(/^\d+ of \d+ events.*\n/, '') }).toEqual({ code: 0, stderr: '' });
  });
});

describe('lab run whose nodes cannot start', () => {
  it('leaves a folder for its disks as empty as it was', async () => {
    const disks = path.join(given, 'disks');
    mkdirSync(disks);
    // A folder where the recorder's write-ahead log belongs: the trace cannot be made.
    const trace = path.join(given, 'blocked.qlab');
    mkdirSync(`${trace}-wal`);
    const { code, stdout, stderr } = await lab([
      'run',
      'leader-crash',
      '--trace',
      trace,
      '--keep-disks',
      disks,
      '--json',
    ]);
    expect({ code: code === 0, stdout }).toEqual({ code: false, stdout: '' });
    expect(stderr).toMatch(/blocked\.qlab cannot be written/);
    expect(readdirSync(disks)).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe('lab bench says what it cannot measure', () => {
  const wrong: [args: string, sentence: RegExp][] = [
    ['bench speed', /no bench "speed"; there are throughput and trace/],
    ['bench throughput --nodes 12', /--nodes must be a whole number from 1 to 9, not "12"/],
    ['bench throughput --clients 1,none', /--clients must be a whole number from 1 to 1024, not "none"/],
    ['bench throughput --seconds 0', /--seconds must be a whole number from 1 to 3600, not "0"/],
    ['bench throughput --profile lightning', /no profile "lightning"; there are /],
  ];
  for (const [args, sentence] of wrong) it(args, () => refuses(args.split(' '), sentence));
});
