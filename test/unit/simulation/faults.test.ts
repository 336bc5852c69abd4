import { describe, expect, it } from 'vitest';
import type { Action } from '../../../src-main/simulation/schedule/schedule.ts';
import { eventsOf, faultSpan, MS, plainSchedule, quiet, watch, writer } from './plain-schedule.ts';

const AT = 800 * MS;
const FOR = 400 * MS;

function during(span: { fromNs: number; toNs: number }, { atNs }: { atNs: number }): boolean {
  return atNs > span.fromNs && atNs < span.toNs;
}

describe('a cluster in virtual time', () => {
  it('elects a leader and completes what its clients call, without faults', () => {
    const run = watch(plainSchedule());
    expect(run.finding).toBeUndefined();
    const completed = eventsOf(run, 'complete');
    expect(completed).toHaveLength(60);
    expect(completed.every(({ outcome }) => outcome === 'ok')).toBe(true);
    expect(run.messages).toBe(eventsOf(run, 'deliver').length);
  });

  it('numbers the events of every incarnation from 1 without gaps', () => {
    const run = watch(
      plainSchedule({ actions: [{ atNs: AT, kind: 'kill', node: '@0', power: false, downNs: FOR }] }),
    );
    const last = new Map<string, number>();
    for (const { source, incarnation, seq } of run.trace) {
      const name = `${source}/${incarnation}`;
      expect(seq).toBe((last.get(name) ?? 0) + 1);
      last.set(name, seq);
    }
    expect([...last.keys()].some((name) => name.endsWith('/2'))).toBe(true);
  });
});

describe('faults of the network', () => {
  it('a partition lets nothing through between its sides, until it ends', () => {
    const cuts = [
      ['@0', '@1'],
      ['@1', '@0'],
      ['@0', '@2'],
      ['@2', '@0'],
    ] as const;
    const run = watch(
      plainSchedule({ actions: [{ atNs: AT, kind: 'partition', shape: 'split', cuts, forNs: FOR }] }),
    );
    const span = faultSpan(run, 'partition');
    const [leader] = span.target.split('>');
    const heard = eventsOf(run, 'arrive').filter((event) => during(span, event));
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.some(({ source, from }) => source === leader || from === leader)).toBe(false);
    expect(eventsOf(run, 'drop').some(({ reason }) => reason === 'the link is cut')).toBe(true);
    const after = eventsOf(run, 'arrive').filter(({ atNs }) => atNs > span.toNs + 10 * MS);
    expect(after.some(({ source, from }) => source === leader || from === leader)).toBe(true);
  });

  it('a one-way cut stops one direction alone', () => {
    const cuts = [['@1', '@0']] as const;
    const run = watch(
      plainSchedule({ actions: [{ atNs: AT, kind: 'partition', shape: 'one-way', cuts, forNs: 9e9 }] }),
    );
    const span = faultSpan(run, 'partition');
    const [from = '', to = ''] = span.target.split('>');
    const arrived = eventsOf(run, 'arrive').filter((event) => during(span, event));
    const links = new Set(arrived.map((event) => `${event.from}>${event.source}`));
    expect(links).not.toContain(`${from}>${to}`);
    expect(links).toContain(`${to}>${from}`);
  });

  it('links lose, double and delay what the quality says', () => {
    const quality = { delayNs: { min: 30 * MS, max: 40 * MS }, loss: 0.3, duplicate: 0.3, straggle: 0 };
    const links = [['@0', '@1']] as const;
    const run = watch(plainSchedule({ actions: [{ atNs: AT, kind: 'links', links, quality, forNs: 9e9 }] }));
    const span = faultSpan(run, 'links');
    const [from, to] = span.target.split('>');
    const sent = eventsOf(run, 'send').filter(
      (event) => event.source === from && event.to === to && during(span, event),
    );
    const sentNs = new Map(
      sent.map((event) => [`${event.source}/${event.incarnation}/${event.seq}`, event.atNs]),
    );
    const arrived = eventsOf(run, 'arrive').filter(({ message }) => sentNs.has(message));
    expect(arrived.length).toBeGreaterThan(0);
    for (const { message, atNs } of arrived)
      expect(atNs - (sentNs.get(message) ?? 0)).toBeGreaterThanOrEqual(30 * MS);
    expect(new Set(arrived.map(({ message }) => message)).size).toBeLessThan(arrived.length);
    expect(eventsOf(run, 'drop').some(({ reason }) => reason === 'lost on the way')).toBe(true);
  });

  it('messages keep their order on a link, unless they straggle', () => {
    const overtaken = (straggle: number): number => {
      const run = watch(plainSchedule({ environment: { links: { ...quiet, straggle } } }));
      let count = 0;
      const newest = new Map<string, number>();
      for (const { source, from, message } of eventsOf(run, 'arrive')) {
        const seq = Number(message.split('/')[2]);
        const link = `${from}>${source}`;
        if (seq < (newest.get(link) ?? 0)) count++;
        newest.set(link, Math.max(seq, newest.get(link) ?? 0));
      }
      return count;
    };
    expect(overtaken(0)).toBe(0);
    expect(overtaken(0.5)).toBeGreaterThan(0);
  });
});

describe('faults of processes', () => {
  it('a killed node is gone until it is started again on its disk', () => {
    const run = watch(
      plainSchedule({ actions: [{ atNs: AT, kind: 'kill', node: '@0', power: false, downNs: FOR }] }),
    );
    const span = faultSpan(run, 'kill');
    expect(run.trace.some((event) => event.source === span.target && during(span, event))).toBe(false);
    const [first, second] = eventsOf(run, 'node-started').filter(({ source }) => source === span.target);
    expect(first?.lastIndex).toBe(0);
    expect(second).toMatchObject({ incarnation: 2, storageId: first?.storageId });
    expect(second?.lastIndex).toBeGreaterThan(0);
    expect(
      new Set(
        eventsOf(run, 'role')
          .filter(({ to }) => to === 'leader')
          .map(({ source }) => source),
      ).size,
    ).toBe(2);
  });

  it('a paused node does nothing, and takes in afterwards what came meanwhile', () => {
    const run = watch(plainSchedule({ actions: [{ atNs: AT, kind: 'pause', node: '@1', forNs: FOR }] }));
    const span = faultSpan(run, 'pause');
    expect(run.trace.some((event) => event.source === span.target && during(span, event))).toBe(false);
    const waking = eventsOf(run, 'arrive').filter(
      ({ source, atNs }) => source === span.target && atNs === span.toNs,
    );
    expect(waking.length).toBeGreaterThan(1);
  });

  it.each(['send', 'write', 'written', 'apply', 'answer'] as const)(
    'a node can die at a point of its turn: %s',
    (point) => {
      const kill: Action = { atNs: AT, kind: 'kill', node: '@0', power: true, point, nth: 2, downNs: FOR };
      const run = watch(plainSchedule({ actions: [kill] }));
      const { fromNs, target } = faultSpan(run, 'power-loss');
      expect(fromNs).toBeGreaterThanOrEqual(AT);
      const said = run.trace.filter(({ source, incarnation }) => source === target && incarnation === 1);
      // What is recorded last before each point: all that leaves is, and so is a write that begins.
      const last = {
        send: 'send',
        write: 'persist-begun',
        written: 'persist-begun',
        apply: 'commit',
        answer: 'answer',
      };
      expect(said.slice(-4).map(({ kind }) => kind)).toContain(last[point]);
      expect(eventsOf(run, 'node-started').filter(({ source }) => source === target)).toHaveLength(2);
      expect(run.finding).toBeUndefined();
    },
  );

  it('a power loss takes what was not synced: what the node answered before is there, what it was writing is not', () => {
    const kill: Action = {
      atNs: AT,
      kind: 'kill',
      node: '@1',
      power: true,
      point: 'write',
      nth: 1,
      downNs: FOR,
    };
    const run = watch(plainSchedule({ actions: [kill] }));
    const { target } = faultSpan(run, 'power-loss');
    const synced = eventsOf(run, 'persist-completed').filter(
      ({ source, incarnation }) => source === target && incarnation === 1,
    );
    const [, again] = eventsOf(run, 'node-started').filter(({ source }) => source === target);
    expect(again?.lastIndex).toBe(synced.at(-1)?.lastIndex);
    const appended = eventsOf(run, 'append').filter(
      ({ source, incarnation }) => source === target && incarnation === 1,
    );
    expect(appended.at(-1)?.last).toBeGreaterThan(again?.lastIndex ?? Infinity);
  });

  it('a wiped node comes back on an empty disk with another id, votes for nobody, and is let in again as a learner', () => {
    const ask = (atMs: number, kind: 'add-learner' | 'remove'): Action => ({
      atNs: atMs * MS,
      kind: 'operator',
      command: { kind: 'change-membership', changes: [{ kind, node: 'n2' }], transition: 'auto' },
    });
    const wipe: Action = { atNs: AT, kind: 'wipe', node: 'n2', downNs: 50 * MS };
    const run = watch(plainSchedule({ actions: [wipe, ask(1_200, 'remove'), ask(1_400, 'add-learner')] }));
    const [first, second] = eventsOf(run, 'node-started').filter(({ source }) => source === 'n2');
    expect(second).toMatchObject({ incarnation: 2, lastIndex: 0, term: 0, applied: 0 });
    expect(second?.storageId).not.toBe(first?.storageId);
    const again = run.trace.filter(({ source, incarnation }) => source === 'n2' && incarnation === 2);
    expect(again.some(({ kind }) => kind === 'vote')).toBe(false);
    expect(again.some(({ kind }) => kind === 'append')).toBe(true);
    const known = eventsOf(run, 'configuration')
      .filter(({ stage }) => stage === 'committed')
      .at(-1)?.configuration;
    expect(known).toMatchObject({ learners: ['n2'], storage: { n2: second?.storageId } });
  });

  it('no disk is wiped that a majority needs', () => {
    const wipe = (node: string, atMs: number): Action => ({
      atNs: atMs * MS,
      kind: 'wipe',
      node,
      downNs: 50 * MS,
    });
    const run = watch(plainSchedule({ actions: [wipe('n1', 500), wipe('n2', 600), wipe('n3', 700)] }));
    const wiped = eventsOf(run, 'fault-started').filter(({ type }) => type === 'wiped-disk');
    expect(wiped.map(({ targets }) => targets)).toEqual([['n1']]);
  });
});

describe('faults of machines', () => {
  it('apply that is held back lets commits go on and catches up afterwards', () => {
    const run = watch(plainSchedule({ actions: [{ atNs: AT, kind: 'slow-apply', node: '@1', forNs: FOR }] }));
    const span = faultSpan(run, 'slow-apply');
    const of = (kind: 'apply' | 'commit') =>
      eventsOf(run, kind).filter(({ source }) => source === span.target);
    expect(of('commit').some((event) => during(span, event))).toBe(true);
    expect(of('apply').some((event) => during(span, event))).toBe(false);
    expect(of('apply').at(-1)?.to).toBe(of('commit').at(-1)?.to);
  });

  it('a slow disk takes its time', () => {
    const writeNs = { min: 40 * MS, max: 60 * MS };
    const run = watch(
      plainSchedule({ actions: [{ atNs: AT, kind: 'slow-disk', node: '@1', writeNs, forNs: FOR }] }),
    );
    const span = faultSpan(run, 'slow-disk');
    const begun = new Map(
      eventsOf(run, 'persist-begun').map((event) => [`${event.source}/1/${event.seq}`, event]),
    );
    const took = eventsOf(run, 'persist-completed').filter(({ source, cause }) => {
      const start = begun.get(cause ?? '');
      return source === span.target && start !== undefined && during(span, start);
    });
    expect(took.length).toBeGreaterThan(0);
    for (const { tookNs } of took) expect(tookNs).toBeGreaterThanOrEqual(40 * MS);
  });

  it('a fast clock fires its timers early, a frozen one not at all', () => {
    const beats = (rate: number): number => {
      const clock: Action = { atNs: AT, kind: 'clock', node: '@0', rate, stepMs: 0, forNs: FOR };
      const run = watch(plainSchedule({ actions: [clock], clients: [] }));
      const span = faultSpan(run, 'clock');
      return eventsOf(run, 'timer-fired').filter(
        (event) => event.source === span.target && during(span, event) && event.timer === 'heartbeat',
      ).length;
    };
    expect(beats(1)).toBe(8);
    expect(beats(2)).toBe(16);
    expect(beats(0)).toBe(0);
  });
});

describe('what operators do', () => {
  it('a node joins, learns, is promoted, and another one is removed', () => {
    const ask = (atMs: number, kind: 'add-learner' | 'add-voter' | 'remove', node: string): Action => ({
      atNs: atMs * MS,
      kind: 'operator',
      command: { kind: 'change-membership', changes: [{ kind, node }], transition: 'auto' },
    });
    const actions: Action[] = [
      { atNs: 500 * MS, kind: 'join', node: 'n4' },
      ask(600, 'add-learner', 'n4'),
      ask(800, 'add-voter', 'n4'),
      ask(1_000, 'remove', '@0'),
    ];
    const run = watch(plainSchedule({ actions }));
    const committed = eventsOf(run, 'configuration').filter(({ stage }) => stage === 'committed');
    const final = committed.at(-1)?.configuration;
    expect(final?.voters).toHaveLength(3);
    expect(final?.voters).toContain('n4');
    expect(final?.storage['n4']).toBe('n4-disk-1');
    expect(run.finding).toBeUndefined();
  });

  it('leadership is handed over, and a snapshot is saved when asked for', () => {
    const actions: Action[] = [
      { atNs: 700 * MS, kind: 'operator', command: { kind: 'snapshot', node: '@0' } },
      { atNs: 900 * MS, kind: 'operator', command: { kind: 'transfer-leadership', to: '@1' } },
    ];
    const run = watch(plainSchedule({ actions }));
    expect(eventsOf(run, 'snapshot').map(({ stage }) => stage)).toContain('saved');
    const leaders = eventsOf(run, 'role').filter(({ to }) => to === 'leader');
    expect(leaders).toHaveLength(2);
    expect((leaders[1]?.atNs ?? 0) - 900 * MS).toBeLessThan(50 * MS);
  });
});

describe('clients', () => {
  it('retry under the same id when an answer is lost, and the operation is applied once', () => {
    const run = watch(
      plainSchedule({
        environment: { clientLinks: { ...quiet, loss: 0.4 } },
        clients: [writer('c1', 20, 5)],
        untilMs: 8_000,
      }),
    );
    expect(eventsOf(run, 'complete').some(({ attempts }) => attempts > 1)).toBe(true);
    expect(eventsOf(run, 'apply').some(({ skipped }) => skipped !== undefined)).toBe(true);
    expect(run.finding).toBeUndefined();
  });

  it('read in every way, and are told which', () => {
    const reads = ['log', 'read-index', 'lease', 'stale'] as const;
    const calls = reads.map((read, at) => ({
      number: at + 1,
      afterNs: 500 * MS,
      call: 'get' as const,
      key: 'k',
      read,
    }));
    const client = { ...writer('c1', 0), calls };
    const options = { reads: 'lease', checkQuorum: true } as const;
    const run = watch(plainSchedule({ options, clients: [client], untilMs: 3_000 }));
    expect(eventsOf(run, 'complete').map(({ outcome, read }) => [outcome, read])).toEqual([
      ['ok', undefined],
      ['ok', 'read-index'],
      ['ok', 'lease'],
      ['ok', 'stale'],
    ]);
  });
});
