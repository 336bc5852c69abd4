import { describe, expect, it } from 'vitest';
import type { Effects, Input } from '../../../src-main/consensus/replica.ts';
import { Host } from '../../../src-main/node/host/host.ts';
import type { ClientLink, Door, Envelope, Request } from '../../../src-main/node/host/ports.ts';
import {
  entry,
  FakeClock,
  FakeDisk,
  FakeMachine,
  FakeNetwork,
  JournalRecorder,
  message,
  persist,
  ScriptedReplica,
} from './fake-ports.ts';
import type { Journal } from './fake-ports.ts';

const client: ClientLink = { gone: false };

function hostOf(answer: (input: Input, now: number) => Partial<Effects>, door?: Door) {
  const journal: Journal = [];
  const replica = new ScriptedReplica(answer);
  const clock = new FakeClock();
  const recorder = new JournalRecorder(journal);
  const disk = new FakeDisk(journal);
  const network = new FakeNetwork(journal);
  const machine = new FakeMachine(journal);
  const parts = { replica, clock, recorder, disk, network, machine };
  const host = new Host(door === undefined ? parts : { ...parts, door });
  return { host, journal, ...parts };
}

function envelope(type: string, seq = 1): Envelope {
  return { incarnation: 1, seq, message: message(type, 'n1', 'n2') };
}

function request(operation: string, changes: Partial<Request> = {}): Request {
  return { operation, data: `do ${operation}`, read: 'log', client, ...changes };
}

describe('The turn loop', () => {
  it('lets nothing leave before the record of it is written', () => {
    const { host, journal, network, recorder } = hostOf((input) =>
      input.kind === 'receive'
        ? { send: [message('AtOnce')], sendAfterPersist: [message('Later')], persist: persist(1) }
        : {},
    );
    let recordedWhenSent = Number.NaN;
    const send = network.send.bind(network);
    network.send = (parcel, sent) => {
      recordedWhenSent = recorder.flushed;
      expect(sent.seq).toBeLessThanOrEqual(recordedWhenSent);
      return send(parcel, sent);
    };
    host.arrive(envelope('Ask'));
    host.turn();
    expect(network.sent.map(({ message: { type } }) => type)).toEqual(['AtOnce', 'Later']);
    expect(journal.indexOf('flush')).toBeLessThan(journal.indexOf('network AtOnce'));
    expect(recordedWhenSent).toBeGreaterThan(0);
  });

  it('records, sends at once, writes, records, and only then sends what waits for the write', () => {
    const { host, journal } = hostOf((input) =>
      input.kind === 'receive'
        ? { send: [message('AtOnce')], sendAfterPersist: [message('Later')], persist: persist(1) }
        : {},
    );
    host.arrive(envelope('Ask'));
    host.turn();
    expect(journal).toEqual([
      'record arrive',
      'record deliver',
      'record send',
      'record persist-begun',
      'flush',
      'network AtOnce',
      'network flush',
      'disk write',
      'record persist-completed',
      'record send',
      'flush',
      'network Later',
      'network flush',
    ]);
  });

  it('makes every write of a turn durable in one transaction and reports each', () => {
    let id = 0;
    const { host, disk, replica, recorder } = hostOf((input) =>
      input.kind === 'receive' ? { persist: persist(++id, 2), sendAfterPersist: [message('Done')] } : {},
    );
    for (let seq = 1; seq <= 3; seq++) host.arrive(envelope('Ask', seq));
    host.turn();
    expect(disk.batches.map((batch) => batch.map((one) => one.id))).toEqual([[1, 2, 3]]);
    expect(replica.inputs.slice(3)).toEqual([1, 2, 3].map((one) => ({ kind: 'persisted', id: one })));
    expect(recorder.of('persist-begun')).toMatchObject([{ ids: [1, 2, 3], rows: 6 }]);
    expect(recorder.of('persist-completed')).toMatchObject([{ ids: [1, 2, 3], term: 1 }]);
  });

  it('feeds all proposals that gathered as one input, in order of arrival', () => {
    const { host, replica, recorder } = hostOf(() => ({}));
    host.request(request('c1/1'));
    host.request(request('c2/1'));
    host.request(request('c1/2'));
    host.turn();
    const proposals = ['c1/1', 'c2/1', 'c1/2'].map((id) => ({ id, data: `do ${id}` }));
    expect(replica.inputs).toEqual([{ kind: 'propose', proposals }]);
    expect(recorder.of('request').map((event) => event.step)).toEqual([1, 1, 1]);
  });

  it('gives every input its own step, whose first event is the cause of the rest', () => {
    const { host, recorder } = hostOf((input) => {
      if (input.kind === 'receive') return { send: [message(`Re${input.message.type}`)] };
      if (input.kind === 'operator') return { transitions: [{ kind: 'leader', term: 1, leader: null }] };
      return {};
    });
    host.arrive(envelope('A', 7));
    host.arrive(envelope('B', 8));
    host.operator({ kind: 'campaign' }, 'lab/1/3');
    host.turn();
    const [deliverA, deliverB] = recorder.of('deliver');
    expect(deliverA).toMatchObject({ step: 1, message: 'n2/1/7', cause: 'n2/1/7' });
    expect(deliverB).toMatchObject({ step: 2, message: 'n2/1/8' });
    expect(recorder.of('send')).toMatchObject([
      { type: 'ReA', step: 1, cause: `n1/1/${deliverA?.seq}` },
      { type: 'ReB', step: 2, cause: `n1/1/${deliverB?.seq}` },
    ]);
    const [operator] = recorder.of('operator');
    expect(operator).toMatchObject({ step: 3, cause: 'lab/1/3' });
    expect(recorder.of('leader')).toMatchObject([{ step: 3, cause: `n1/1/${operator?.seq}` }]);
  });

  it('applies what is committed once earlier writes are durable, and answers after recording the answer', () => {
    const { host, journal, network, recorder } = hostOf((input) => {
      if (input.kind === 'propose') return { persist: persist(1) };
      if (input.kind === 'persisted') return { apply: [entry(1, 'c1/1'), entry(2)] };
      return {};
    });
    host.request(request('c1/1'));
    host.turn();
    const tail = journal.slice(journal.indexOf('disk write'));
    expect(tail).toEqual([
      'disk write',
      'record persist-completed',
      'apply 1,2',
      'record apply',
      'record answer',
      'flush',
      'network answer c1/1',
      'network flush',
    ]);
    expect(network.answers).toMatchObject([{ operation: 'c1/1', outcome: 'ok', value: 'data 1', index: 1 }]);
    expect(recorder.of('answer')).toMatchObject([{ operation: 'c1/1', outcome: 'ok', index: 1 }]);
  });

  it('answers what was committed before it begins a write that the answer does not wait for', () => {
    const { host, journal } = hostOf((input) => {
      if (input.kind === 'receive') return { apply: [entry(1, 'c1/1')] };
      if (input.kind === 'propose' && input.proposals[0]?.id === 'c2/1')
        return { send: [message('AppendEntries')], persist: persist(1) };
      return {};
    });
    host.request(request('c1/1'));
    host.turn();
    journal.length = 0;
    host.arrive(envelope('AppendEntriesReply'));
    host.request(request('c2/1'));
    host.turn();
    const order = ['network AppendEntries', 'network answer c1/1', 'disk write'].map((what) =>
      journal.indexOf(what),
    );
    expect(order).toEqual([...order].sort((left, right) => left - right));
    expect(order).not.toContain(-1);
  });

  it('has everything on record when a turn ends that let nothing leave', () => {
    const { host, recorder } = hostOf((input) => (input.kind === 'receive' ? { persist: persist(1) } : {}));
    host.arrive(envelope('Ask'));
    host.turn();
    expect(recorder.of('persist-completed')).toHaveLength(1);
    expect(recorder.flushed).toBe(recorder.events.length);
  });

  it('passes refusals on to the client with the leader they name, and uncertainty as such', () => {
    const { host, network } = hostOf((input) =>
      input.kind === 'propose'
        ? {
            replies: [
              { kind: 'redirect', id: 'c1/1', leader: 'n3', reason: 'n3 leads term 4' },
              { kind: 'uncertain', id: 'c2/1', reason: 'leadership was lost' },
            ],
          }
        : {},
    );
    host.request(request('c1/1'));
    host.request(request('c2/1'));
    host.turn();
    expect(network.answers).toMatchObject([
      { operation: 'c1/1', outcome: 'refused', leader: 'n3', reason: 'n3 leads term 4' },
      { operation: 'c2/1', outcome: 'uncertain', leader: null, reason: 'leadership was lost' },
    ]);
  });

  it('does not say failed of what a session has forgotten, and records which entries changed nothing', () => {
    const { host, machine, network, recorder } = hostOf((input) =>
      input.kind === 'propose' ? { apply: [entry(1, 'c1/1'), entry(2, 'c2/1')] } : {},
    );
    machine.apply = () => [
      { ok: false, value: 'x', reason: 'forgotten', uncertain: true, repeated: true },
      { ok: true, value: 'y', repeated: true },
    ];
    host.request(request('c1/1'));
    host.request(request('c2/1'));
    host.turn();
    expect(network.answers.map(({ outcome }) => outcome)).toEqual(['uncertain', 'ok']);
    expect(recorder.of('apply')).toMatchObject([{ from: 1, to: 2, skipped: [1, 2] }]);
  });

  it('answers a stale read from its own state at once, and says that it is stale', () => {
    const { host, network, recorder, replica } = hostOf(() => ({}));
    host.request(request('c1/1', { read: 'stale' }));
    host.turn();
    expect(replica.inputs).toEqual([]);
    expect(network.answers).toMatchObject([{ outcome: 'ok', value: 'held for do c1/1' }]);
    expect(recorder.of('answer')[0]?.reason).toBe('stale read at applied index 0');
  });

  it('neither records nor sends an answer for a client that has gone', () => {
    const { host, network, recorder } = hostOf((input) =>
      input.kind === 'propose' ? { apply: [entry(1, 'c1/1')] } : {},
    );
    host.request(request('c1/1', { client: { gone: true } }));
    host.turn();
    expect(network.answers).toEqual([]);
    expect(recorder.of('answer')).toEqual([]);
  });

  it('records the loss of a message that cannot leave, with the reason', () => {
    const { host, network, recorder } = hostOf((input) =>
      input.kind === 'receive' ? { send: [message('Re', 'n3')] } : {},
    );
    network.refusal = 'no connection to n3';
    host.arrive(envelope('A'));
    host.turn();
    const [sent] = recorder.of('send');
    expect(recorder.of('drop')).toMatchObject([
      { message: `n1/1/${sent?.seq}`, reason: 'no connection to n3' },
    ]);
  });

  it('feeds a timeout when the deadline has passed, says how late, and asks to be woken at the next', () => {
    const { host, clock, recorder, replica } = hostOf((input, now) => {
      if (input.kind !== 'timeout') return {};
      replica.deadline = now + 50;
      return { transitions: [{ kind: 'timer', timer: 'election', deadline: now + 50, timeoutMs: 50 }] };
    });
    replica.deadline = 100;
    host.start();
    expect(clock.alarmAt).toBe(100);
    clock.ms = 99;
    host.turn();
    expect(replica.inputs).toEqual([]);
    clock.ms = 103;
    host.turn();
    expect(replica.inputs).toEqual([{ kind: 'timeout' }]);
    expect(recorder.of('timer-fired')).toMatchObject([{ timer: 'election', lateNs: 3e6 }]);
    expect(recorder.of('timer-armed').map(({ deadlineNs }) => deadlineNs)).toEqual([100e6, 50e6]);
    expect(clock.alarmAt).toBe(153);
  });

  it('delivers what arrived before it looks at the timer, so a heartbeat that came in time counts', () => {
    const { host, clock, replica } = hostOf((input) => {
      if (input.kind === 'receive') replica.deadline = 500;
      return {};
    });
    replica.deadline = 100;
    clock.ms = 120;
    host.arrive(envelope('Heartbeat'));
    host.turn();
    expect(replica.inputs.map(({ kind }) => kind)).toEqual(['receive']);
  });

  it('never shows the replica a clock that goes backwards', () => {
    const times: number[] = [];
    const { host, clock } = hostOf((_input, now) => {
      times.push(now);
      return {};
    });
    for (const ms of [10, 4, 12]) {
      clock.ms = ms;
      host.arrive(envelope('A'));
      host.turn();
    }
    expect(times).toEqual([10, 10, 12]);
  });

  it('delivers only what the door lets through, when it lets it through', () => {
    const held: (() => void)[] = [];
    const door: Door = { admit: (arrived, deliver) => void held.push(() => deliver(arrived)) };
    const { host, recorder, replica } = hostOf(() => ({}), door);
    host.arrive(envelope('A', 5));
    host.turn();
    expect(replica.inputs).toEqual([]);
    expect(recorder.of('arrive')).toMatchObject([{ message: 'n2/1/5', type: 'A', step: 0 }]);
    for (const release of held) release();
    host.turn();
    expect(replica.inputs).toHaveLength(1);
  });

  it('keeps a log message small in the trace but not on the wire', () => {
    const entries = [entry(4), entry(5), { ...entry(6), term: 2 }];
    const append = { ...message('Append'), body: { prevLogIndex: 3, entries } };
    const { host, network, recorder } = hostOf((input) =>
      input.kind === 'receive' ? { send: [append] } : {},
    );
    host.arrive(envelope('A'));
    host.turn();
    const terms = [
      { first: 4, last: 5, term: 1 },
      { first: 6, last: 6, term: 2 },
    ];
    expect(recorder.of('send')[0]?.body).toEqual({
      prevLogIndex: 3,
      entries: { count: 3, first: 4, last: 6, terms },
    });
    expect(network.sent[0]?.message.body).toBe(append.body);
  });
});

describe('The turn loop over a disk that takes its time', () => {
  it('goes on with turns meanwhile, but holds back what waits for the write', () => {
    let id = 0;
    const { host, disk, network } = hostOf((input) =>
      input.kind === 'receive'
        ? {
            persist: persist(++id),
            send: [message(`AtOnce${id}`)],
            sendAfterPersist: [message(`Later${id}`)],
          }
        : {},
    );
    const sent = (): string[] => network.sent.map((one) => one.message.type);
    disk.slow = true;
    host.arrive(envelope('A'));
    host.turn();
    host.arrive(envelope('B', 2));
    host.turn();
    expect(sent()).toEqual(['AtOnce1', 'AtOnce2']);
    expect(disk.batches).toHaveLength(1);
    disk.finish();
    expect(sent()).toEqual(['AtOnce1', 'AtOnce2', 'Later1']);
    expect(disk.batches).toHaveLength(2);
    disk.finish();
    expect(sent()).toEqual(['AtOnce1', 'AtOnce2', 'Later1', 'Later2']);
  });

  it('holds back even a message whose own step wrote nothing', () => {
    const { host, disk, network } = hostOf((input) => {
      if (input.kind !== 'receive') return {};
      return input.message.type === 'A' ? { persist: persist(1) } : { sendAfterPersist: [message('Vote')] };
    });
    disk.slow = true;
    host.arrive(envelope('A'));
    host.turn();
    host.arrive(envelope('B', 2));
    host.turn();
    expect(network.sent).toEqual([]);
    disk.finish();
    expect(network.sent).toHaveLength(1);
  });

  it('applies nothing while an earlier write is under way', () => {
    const { host, disk, journal } = hostOf((input) => {
      if (input.kind !== 'receive') return {};
      return input.message.type === 'A' ? { persist: persist(1) } : { apply: [entry(1)] };
    });
    disk.slow = true;
    host.arrive(envelope('A'));
    host.turn();
    host.arrive(envelope('B', 2));
    host.turn();
    expect(journal).not.toContain('apply 1');
    disk.finish();
    expect(journal).toContain('apply 1');
  });

  it('lets a failed write end the node instead of trying again', () => {
    const { host, disk } = hostOf((input) => (input.kind === 'receive' ? { persist: persist(1) } : {}));
    disk.write = () => {
      throw new Error('the sync failed');
    };
    host.arrive(envelope('A'));
    expect(() => host.turn()).toThrow('the sync failed');
  });
});

describe('The turn loop and reads that want no entry', () => {
  const confirmed = (atIndex: number) => ({ reads: [{ id: 'c1/1', atIndex }] });

  it('asks the replica, and answers from the state once it is recent enough', () => {
    const { host, network, recorder, replica } = hostOf((input) => {
      if (input.kind === 'read') return confirmed(2);
      if (input.kind === 'receive') return { apply: [entry(1), entry(2)] };
      return {};
    });
    host.request(request('c1/1', { read: 'read-index' }));
    host.turn();
    expect(replica.inputs).toEqual([{ kind: 'read', reads: [{ id: 'c1/1', mode: 'read-index' }] }]);
    expect(network.answers).toEqual([]);
    host.arrive(envelope('A'));
    host.turn();
    expect(network.answers).toMatchObject([
      { operation: 'c1/1', outcome: 'ok', value: 'held for do c1/1', index: 2, read: 'read-index' },
    ]);
    expect(recorder.of('request')).toMatchObject([{ operation: 'c1/1', read: 'read-index' }]);
    expect(recorder.of('answer')).toMatchObject([{ index: 2, read: 'read-index' }]);
  });

  it('answers at once when the state is recent enough already', () => {
    const { host, network } = hostOf((input) => (input.kind === 'read' ? confirmed(0) : {}));
    host.request(request('c1/1', { read: 'lease' }));
    host.turn();
    expect(network.answers).toMatchObject([{ outcome: 'ok', read: 'lease' }]);
  });

  it('passes a refusal on with the leader that it names', () => {
    const { host, network } = hostOf((input) =>
      input.kind === 'read'
        ? { replies: [{ kind: 'redirect', id: 'c1/1', leader: 'n2', reason: 'n2 leads' }] }
        : {},
    );
    host.request(request('c1/1', { read: 'lease' }));
    host.turn();
    expect(network.answers).toMatchObject([{ outcome: 'refused', leader: 'n2', read: 'lease' }]);
  });
});

describe('The turn loop and snapshots', () => {
  it('makes an image as soon as it is asked for, and tells the replica', () => {
    const { host, journal, replica } = hostOf((input) => {
      if (input.kind === 'receive') return { apply: [entry(1)] };
      if (input.kind === 'applied') return { machine: [{ kind: 'save-snapshot', index: 1 }] };
      return {};
    });
    host.arrive(envelope('A'));
    host.turn();
    expect(journal).toContain('save snapshot 1');
    expect(replica.inputs.at(-1)).toEqual({
      kind: 'machine',
      answer: { kind: 'snapshot-saved', index: 1, bytes: 100 },
    });
  });

  it('restores one after the write that speaks of it and before any later entry', () => {
    const { host, journal, recorder } = hostOf((input) => {
      if (input.kind === 'receive')
        return { persist: persist(1), machine: [{ kind: 'restore-snapshot', index: 7 }] };
      if (input.kind === 'persisted') return { apply: [entry(8)] };
      return {};
    });
    host.arrive(envelope('A'));
    host.turn();
    const done = ['disk write', 'restore snapshot 7', 'record restore', 'apply 8', 'record apply'];
    expect(journal.filter((line) => done.includes(line))).toEqual(done);
    expect(recorder.of('restore')).toMatchObject([{ index: 7, bytes: 100 }]);
  });

  it('serves reads that waited for what a snapshot brought', () => {
    const { host, network } = hostOf((input) => {
      if (input.kind === 'read') return { reads: [{ id: 'c1/1', atIndex: 5 }] };
      if (input.kind === 'receive') return { machine: [{ kind: 'restore-snapshot', index: 7 }] };
      return {};
    });
    host.request(request('c1/1', { read: 'read-index' }));
    host.turn();
    expect(network.answers).toEqual([]);
    host.arrive(envelope('A'));
    host.turn();
    expect(network.answers).toMatchObject([{ operation: 'c1/1', outcome: 'ok', index: 7 }]);
  });

  it('reads parts for a follower, and keeps what came from a leader', () => {
    const { host, replica } = hostOf((input) => {
      if (input.kind !== 'receive') return {};
      return {
        machine: [
          { kind: 'read-chunk', index: 7, offset: 20, bytesMax: 10, peer: 'n3' },
          { kind: 'keep-snapshot', index: 9, parts: [new Uint8Array(3)] },
        ],
      };
    });
    host.arrive(envelope('A'));
    host.turn();
    expect(replica.inputs.slice(1)).toEqual([
      {
        kind: 'machine',
        answer: { kind: 'chunk', index: 7, offset: 20, peer: 'n3', data: new Uint8Array(10), total: 100 },
      },
      { kind: 'machine', answer: { kind: 'snapshot-kept', index: 9 } },
    ]);
  });

  it('records of a part on its way how many bytes it has, not the bytes', () => {
    const part = { ...message('InstallSnapshot'), body: { offset: 0, data: new Uint8Array(64) } };
    const { host, network, recorder } = hostOf((input) => (input.kind === 'receive' ? { send: [part] } : {}));
    host.arrive(envelope('A'));
    host.turn();
    expect(recorder.of('send')[0]?.body).toEqual({ offset: 0, data: 64 });
    expect(network.sent[0]?.message.body).toBe(part.body);
  });
});

describe('The turn loop over a state machine that takes its time', () => {
  it('holds what is committed back, and applies it in the turn after', () => {
    const { host, journal, machine } = hostOf((input) =>
      input.kind === 'receive' ? { apply: [entry(1)] } : {},
    );
    machine.busy = true;
    host.arrive(envelope('A'));
    host.turn();
    expect(journal).not.toContain('apply 1');
    machine.busy = false;
    host.turn();
    expect(journal).toContain('apply 1');
  });
});
