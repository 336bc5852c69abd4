import { describe, expect, it } from 'vitest';
import {
  optionsWithFlags,
  readBug,
  readOptionFlags,
  readOptionFlagsForDrawing,
} from '../../../src-main/cli/option-flag.ts';
import { RAFT_DEFAULTS } from '../../../src-main/consensus/raft/options.ts';
import { RAFT_BUGS } from '../../../src-main/consensus/raft/planted-bugs.ts';
import { flawOfOptions, optionsSchema, withOverrides } from '../../../src-main/experiments/options.ts';
import { listProfiles, readProfile, resolveOptions } from '../../../src-main/experiments/profile.ts';

const paper = readProfile('raft-paper').options;

describe('options of a profile, a scenario and a command line', () => {
  it('cover every option of the protocol', () => {
    const all = [...Object.keys(RAFT_DEFAULTS), 'electionTimeoutMs', 'heartbeatMs'].sort();
    expect(Object.keys(optionsSchema.shape).sort()).toEqual(all);
  });

  it('are laid over each other field by field, the later over the earlier', () => {
    const options = withOverrides(
      paper,
      { electionTimeoutMs: { max: 400 }, priorities: { n1: 1 }, preVote: true },
      { electionTimeoutMs: { min: 200 }, priorities: { n2: 2 } },
      undefined,
    );
    expect(options).toEqual({
      ...paper,
      electionTimeoutMs: { min: 200, max: 400 },
      priorities: { n1: 1, n2: 2 },
      preVote: true,
    });
  });

  it('are refused where together they are unsafe, whichever of them came last', () => {
    expect(flawOfOptions(withOverrides(paper, { reads: 'lease' }))).toMatchObject({ option: 'reads' });
    const etcd = withOverrides(readProfile('etcd').options, { reads: 'lease' });
    expect(flawOfOptions(etcd)).toBeUndefined();
    expect(() => resolveOptions(etcd, { checkQuorum: false })).toThrow(
      /reads is lease, but checkQuorum is off.*Turn checkQuorum on/,
    );
    expect(() => resolveOptions(paper, { heartbeatMs: 200 })).toThrow(/cannot keep a leader/);
    expect(() => resolveOptions(paper, { electionTimeoutMs: { min: 500 } })).toThrow(
      /electionTimeoutMs\.max must be at least electionTimeoutMs\.min \(500\), but it is 300/,
    );
  });

  it('make sense in every shipped profile', () => {
    expect(listProfiles().map(({ name }) => name)).toEqual(['workshop', 'etcd', 'raft-paper']);
    for (const { options } of listProfiles()) expect(flawOfOptions(options)).toBeUndefined();
    expect(paper).toEqual({
      ...RAFT_DEFAULTS,
      electionTimeoutMs: { min: 150, max: 300 },
      heartbeatMs: 75,
    });
  });
});

describe('--option', () => {
  it('takes YAML scalars, and fields of records by their names', () => {
    const flags = ['preVote=true', 'electionTimeoutMs.min=120', 'electionTimeoutMs.max=240.5', 'reads=log'];
    expect(readOptionFlags([...flags, 'priorities.n3=-2', 'reads=read-index'])).toEqual({
      preVote: true,
      electionTimeoutMs: { min: 120, max: 240.5 },
      priorities: { n3: -2 },
      reads: 'read-index',
    });
    expect(readOptionFlags()).toEqual({});
  });

  it.each([
    ['preVote', /--option preVote: write the option's name and its value/],
    ['=1', /write the option's name and its value/],
    ['turbo=1', /there is no option "turbo"; there are electionTimeoutMs\.min, .*clientSessions\.$/],
    ['electionTimeoutMs.mean=1', /there is no option "electionTimeoutMs\.mean"/],
    ['__proto__.preVote=1', /there is no option "__proto__\.preVote"/],
    ['preVote=maybe', /preVote must be true or false\./],
    ['reads=dirty', /reads must be log, read-index or lease\./],
    ['electionTimeoutMs.min=5', /electionTimeoutMs\.min must be at least 10 ms\./],
    ['electionTimeoutMs=150', /electionTimeoutMs must be a record such as/],
    ['snapshotEveryEntries=1.5', /must be a number of entries from 0 to 10000000\./],
    ['heartbeatMs=[1, 2]', /"\[1, 2\]" is no value/],
    ['heartbeatMs=', /"" is no value/],
    ['heartbeatMs={', /"\{" is no value/],
  ])('%s is refused with the reason', (flag, sentence) => {
    expect(() => readOptionFlags([flag])).toThrow(sentence);
  });

  it('is refused where the outcome is unsafe', () => {
    expect(() => optionsWithFlags(paper, readOptionFlags(['reads=lease']))).toThrow(
      /^--option: reads is lease, but checkQuorum is off/,
    );
    expect(optionsWithFlags(paper, readOptionFlags(['reads=lease', 'checkQuorum=true'])).reads).toBe('lease');
  });
});

describe('--option where the rest is drawn', () => {
  it('takes what is said, and leaves the rest out', () => {
    const flags = ['preVote=false', 'reads=lease', 'electionTimeoutMs.min=100', 'electionTimeoutMs.max=200'];
    expect(readOptionFlagsForDrawing([...flags, 'priorities.n1=2'])).toEqual({
      preVote: false,
      reads: 'lease',
      electionTimeoutMs: { min: 100, max: 200 },
      priorities: { n1: 2 },
    });
    expect(readOptionFlagsForDrawing(['heartbeatMs=700'])).toEqual({ heartbeatMs: 700 });
    expect(readOptionFlagsForDrawing()).toEqual({});
  });

  it.each([
    [['reads=lease', 'checkQuorum=false'], /reads is lease, but checkQuorum is off/],
    [['electionTimeoutMs.min=100'], /give electionTimeoutMs\.min and electionTimeoutMs\.max both/],
    [
      ['electionTimeoutMs.min=100', 'electionTimeoutMs.max=200', 'heartbeatMs=100'],
      /cannot keep a leader whose followers time out after 100 ms/,
    ],
    [['speed=9'], /there is no option "speed"/],
  ])('%s is refused with the reason', (flags, sentence) => {
    expect(() => readOptionFlagsForDrawing(flags)).toThrow(sentence);
  });
});

describe('--bug', () => {
  it('knows the planted bugs and names them when asked for another', () => {
    expect(readBug('commit-old-term')).toBe('commit-old-term');
    expect(readBug(undefined)).toBeUndefined();
    expect(() => readBug('gremlin')).toThrow(
      `--bug gremlin: there is no such bug; there are ${RAFT_BUGS.join(', ')}.`,
    );
  });
});
