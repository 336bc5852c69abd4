import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ClientSession } from '../../../src-main/node/client/session.ts';
import type { Completion } from '../../../src-main/node/client/operation.ts';
import { Workload } from '../../../src-main/node/client/workload.ts';
import type { Answer, Request } from '../../../src-main/node/host/ports.ts';
import type { ClientCall, PeerAddress } from '../../../src-main/node/protocol.ts';
import { TcpNetwork } from '../../../src-main/node/transport/tcp-network.ts';
import { JournalRecorder } from './fake-ports.ts';
import type { Journal } from './fake-ports.ts';

const secret = new Uint8Array(32).fill(3);
const open: { end(reason: string): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.end('the test is over');
});

type Script = (request: Request) => Partial<Answer> | 'silence';

const ok = (index = 1): Partial<Answer> => ({ outcome: 'ok', index });
const redirect = (leader: string | null): Partial<Answer> => ({
  outcome: 'refused',
  leader,
  reason: `${leader} leads`,
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Changes {
  readonly retries?: boolean;
  readonly reads?: 'log' | 'read-index' | 'lease';
  /** The first of the nodes are in the address book, the others not yet. */
  readonly known?: number;
}

/** Nodes that answer clients by script, and a session connected to them. */
async function cluster(scripts: Record<string, Script>, timeoutMs = 5000, changes: Changes = {}) {
  const { retries = false, reads = 'log' } = changes;
  const members: PeerAddress[] = [];
  for (const id of Object.keys(scripts)) members.push({ id, port: await freePort() });
  const asked: string[] = [];
  const networks = new Map<string, TcpNetwork>();
  for (const { id, port } of members) {
    const self = { runId: 'run', secret, id, incarnation: 1 };
    const network = new TcpNetwork({
      self,
      members: [{ id, port }],
      clients: ['load'],
      recorder: new JournalRecorder([]),
    });
    await network.start(port, {
      arrive: () => undefined,
      request: (request) => {
        asked.push(`${request.operation} ${id}`);
        const said = scripts[id]?.(request) ?? 'silence';
        if (said === 'silence') return;
        const blank = {
          outcome: 'ok',
          value: null,
          index: null,
          leader: null,
          reason: null,
          read: request.read,
        } as const;
        network.answer(request.client, { operation: request.operation, ...blank, ...said });
        network.flush();
      },
    });
    networks.set(id, network);
    open.push(network);
  }
  const journal: Journal = [];
  const recorder = new JournalRecorder(journal);
  const self = { runId: 'run', secret, id: 'load', incarnation: 1 };
  const session = new ClientSession({
    self,
    members: members.slice(0, changes.known ?? members.length),
    recorder,
    timeoutMs,
    reads,
    retries,
    random: () => 0,
  });
  await session.start();
  open.push(session);
  const call = (id: string, what: ClientCall, node?: string): Promise<Completion & { attempts: number }> =>
    new Promise((resolve) => {
      session.call(
        id,
        what,
        ({ attempts }, completion) => resolve({ ...completion, attempts }),
        node === undefined ? {} : { node },
      );
    });
  return { session, recorder, journal, asked, networks, members, call };
}

const put: ClientCall = { call: 'put', key: 'lamp', value: 'on' };

describe('A client session', () => {
  it('follows a redirection to the leader and goes there at once the next time', async () => {
    const { call, asked } = await cluster({ n1: () => redirect('n2'), n2: () => ok(7) });
    expect(await call('c1/1', put, 'n1')).toMatchObject({ outcome: 'ok', node: 'n2', index: 7, attempts: 2 });
    expect(await call('c1/2', put)).toMatchObject({ outcome: 'ok', attempts: 1 });
    expect(asked).toEqual(['c1/1 n1', 'c1/1 n2', 'c1/2 n2']);
  });

  it('sends and is answered more at once than fits into one frame', async () => {
    const value = 'x'.repeat(65_536);
    const { call } = await cluster({ n1: () => ({ ...ok(), value }) });
    const calls = Array.from({ length: 200 }, (_, at) =>
      call(`c${at + 1}/1`, { call: 'put', key: 'k', value }),
    );
    const completions = await Promise.all(calls);
    expect(completions.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    // A few have to wait until the connection has taken the others; one at a time would take one attempt more for each before it.
    expect(Math.max(...completions.map(({ attempts }) => attempts))).toBeLessThan(20);
  });

  it('asks on, one operation at a time, while nobody leads, and sends the rest once somebody does', async () => {
    let refusals = 0;
    const script: Script = () => (++refusals > 4 ? ok() : redirect(null));
    const { call, asked } = await cluster({ n1: script, n2: script });
    const ended = await Promise.all([1, 2, 3, 4, 5, 6].map((number) => call(`c${number}/1`, put)));
    expect(ended.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 6 }, () => 'ok'));
    expect(asked.length).toBeLessThanOrEqual(4 + 6);
  });

  it('does not chase two nodes that name each other as leader without a pause', async () => {
    let rounds = 0;
    const { call, asked } = await cluster({
      n1: () => (++rounds > 8 ? ok() : redirect('n2')),
      n2: () => redirect('n1'),
    });
    expect(await call('c1/1', put, 'n1')).toMatchObject({ outcome: 'ok' });
    expect(asked.length).toBeLessThan(40);
  });

  it('ends an operation as unknown when the connection breaks after it was sent, and never repeats it', async () => {
    const { call, asked, networks } = await cluster({
      n1: () => {
        setTimeout(() => networks.get('n1')?.end('killed'));
        return 'silence';
      },
      n2: () => ok(),
    });
    expect(await call('c1/1', put, 'n1')).toMatchObject({ outcome: 'unknown', node: 'n1' });
    expect(await call('c1/2', put)).toMatchObject({ outcome: 'ok', node: 'n2' });
    expect(asked.filter((one) => one.startsWith('c1/1'))).toEqual(['c1/1 n1']);
  });

  it('ends an operation as unknown when it was sent and no answer came in time, and asks others then', async () => {
    const { call } = await cluster({ n1: () => 'silence', n2: () => ok() }, 150);
    expect(await call('c1/1', put, 'n1')).toMatchObject({
      outcome: 'unknown',
      error: 'no answer from n1 within 150 ms',
    });
  });

  it('ends an operation as failed when there was nobody to take it', async () => {
    const { call, networks, session } = await cluster({ n1: () => 'silence' }, 150);
    networks.get('n1')?.end('killed');
    // Not sent before the broken connection is noticed, or it would have to end as unknown.
    while (session.reachable > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const { outcome, error } = await call('c1/1', put);
    expect(outcome).toBe('fail');
    expect(error).toBe('no leader within 150 ms (no leader was found)');
  });

  it('says unknown when leadership was lost under an operation', async () => {
    const { call } = await cluster({ n1: () => ({ outcome: 'uncertain', reason: 'leadership was lost' }) });
    expect(await call('c1/1', put, 'n1')).toMatchObject({ outcome: 'unknown', error: 'leadership was lost' });
  });

  it('asks only the node named for a stale read', async () => {
    const { call, asked } = await cluster({
      n1: () => ok(),
      n2: () => ({ outcome: 'ok', value: 'on', index: 3 }),
    });
    const read: ClientCall = { call: 'get', key: 'lamp', stale: true };
    expect(await call('console/1', put, 'n1')).toMatchObject({ outcome: 'ok' });
    expect(await call('console/2', read, 'n2')).toMatchObject({ outcome: 'ok', value: 'on', node: 'n2' });
    expect(await call('console/3', read, 'n9')).toMatchObject({
      outcome: 'fail',
      error: 'no node n9 is known',
    });
    expect(asked).toEqual(['console/1 n1', 'console/2 n2']);
  });

  it('records an invocation before the node can have seen it, and its end with the number of attempts', async () => {
    let flushedWhenAsked = 0;
    const { call, recorder } = await cluster({
      n1: () => {
        flushedWhenAsked = recorder.flushed;
        return ok(2);
      },
    });
    await call('c1/1', put);
    expect(flushedWhenAsked).toBeGreaterThan(0);
    expect(recorder.of('invoke')).toMatchObject([
      { operation: 'c1/1', client: 'c1', call: 'put', key: 'lamp', value: 'on' },
    ]);
    expect(recorder.of('complete')).toMatchObject([
      { operation: 'c1/1', outcome: 'ok', index: 2, node: 'n1', attempts: 1, cause: 'n1/1/1' },
    ]);
  });
});

const retrying: Changes = { retries: true };

/** Silent for so many requests, then as `script` says. */
function silentFor(requests: number, script: Script): Script {
  let heard = 0;
  return (request) => (++heard <= requests ? 'silence' : script(request));
}

describe('A client session that may repeat what has no answer', () => {
  it('sends an operation again under its own id, to another node, when the connection breaks', async () => {
    const { call, asked, networks } = await cluster(
      {
        n1: () => {
          setTimeout(() => networks.get('n1')?.end('killed'));
          return 'silence';
        },
        n2: () => ok(4),
      },
      5000,
      retrying,
    );
    expect(await call('c1/1', put, 'n1')).toMatchObject({ outcome: 'ok', node: 'n2', index: 4, attempts: 2 });
    expect(asked).toEqual(['c1/1 n1', 'c1/1 n2']);
  });

  it('sends it again when leadership was lost under it', async () => {
    let times = 0;
    const script: Script = () =>
      ++times === 1 ? { outcome: 'uncertain', reason: 'leadership was lost' } : ok(5);
    const { call } = await cluster({ n1: script }, 5000, retrying);
    expect(await call('c1/1', put)).toMatchObject({ outcome: 'ok', index: 5, attempts: 2 });
  });

  it('does not wait for a paused leader until the time is over, but finds the next one', async () => {
    const followers: Script = () => (performance.now() < electedMs ? redirect('n1') : redirect('n3'));
    const { call, asked, session } = await cluster(
      {
        n1: (request) => (request.operation === 'c1/1' ? ok(1) : 'silence'),
        n2: followers,
        n3: (request) => (performance.now() < electedMs ? followers(request) : ok(9)),
      },
      20_000,
      retrying,
    );
    let electedMs = Infinity;
    expect(await call('c1/1', put, 'n1')).toMatchObject({ outcome: 'ok', node: 'n1' });
    const startedMs = performance.now();
    electedMs = startedMs + 600;
    const ended = await Promise.all([2, 3, 4, 5, 6].map((number) => call(`c${number}/1`, put)));
    expect(ended.map(({ outcome, node }) => [outcome, node])).toEqual(ended.map(() => ['ok', 'n3']));
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    // While it was not known who leads, one operation at a time asked.
    expect(asked.length).toBeLessThan(150);
    expect(session.underWay).toBe(0);
  });

  it('asks the same leader again when only the answer was lost', async () => {
    const { call, asked } = await cluster({ n1: silentFor(1, () => ok(3)) }, 20_000, retrying);
    expect(await call('c1/1', put)).toMatchObject({ outcome: 'ok', index: 3, attempts: 2 });
    expect(asked).toEqual(['c1/1 n1', 'c1/1 n1']);
  });

  it('asks a leader again that answers others meanwhile', async () => {
    let lost = 0;
    const script: Script = ({ operation }) => (operation === 'c1/1' && ++lost === 1 ? 'silence' : ok());
    const { call, session } = await cluster({ n1: script, n2: () => redirect('n1') }, 20_000, retrying);
    const workload = new Workload(session, Math.random, 100);
    workload.set({ clients: 2, keys: 3, valueBytes: 8, readRatio: 0 });
    expect(await call('c1/1', put, 'n1')).toMatchObject({ outcome: 'ok' });
    expect(lost).toBe(2);
    workload.set({ clients: 0, keys: 1, valueBytes: 0, readRatio: 0 });
    await session.settled();
  });

  it('ends it as unknown, with the number of attempts, when nobody answers in its time', async () => {
    const { call, recorder } = await cluster({ n1: () => 'silence', n2: () => 'silence' }, 900, retrying);
    const { outcome, error, attempts } = await call('c1/1', put, 'n1');
    expect(outcome).toBe('unknown');
    expect(error).toMatch(/^no answer from n\d within 900 ms, after \d+ attempts$/);
    expect(attempts).toBeGreaterThan(1);
    expect(recorder.of('complete')).toMatchObject([{ outcome: 'unknown', attempts }]);
  });

  it('never says failed of what was sent once and refused later', async () => {
    const { call } = await cluster({ n1: () => 'silence', n2: () => redirect(null) }, 900, retrying);
    expect(await call('c1/1', put, 'n1')).toMatchObject({ outcome: 'unknown' });
  });

  it('tries again later what a leader refuses because it has too much to do', async () => {
    let refusals = 0;
    const leader: Script = () =>
      ++refusals <= 5 ? { outcome: 'refused', reason: 'too much is uncommitted' } : ok(8);
    const { call } = await cluster({ n1: leader, n2: () => redirect('n1') }, 5000, retrying);
    expect(await call('c1/1', put, 'n1')).toMatchObject({ outcome: 'ok', index: 8 });
  });

  it('never repeats a stale read', async () => {
    const { call, asked } = await cluster({ n1: () => 'silence', n2: () => ok() }, 700, retrying);
    const read: ClientCall = { call: 'get', key: 'lamp', stale: true };
    expect(await call('c1/1', read, 'n1')).toMatchObject({ outcome: 'unknown' });
    expect(asked).toEqual(['c1/1 n1']);
  });
});

describe('A client session that reads', () => {
  const get: ClientCall = { call: 'get', key: 'lamp' };

  it('reads as the cluster does unless the call says otherwise, and records how', async () => {
    const asked: string[] = [];
    const { call, recorder } = await cluster(
      {
        n1: ({ read }) => {
          asked.push(read);
          return ok(4);
        },
      },
      5000,
      { reads: 'read-index' },
    );
    await call('c1/1', get);
    await call('c1/2', { ...get, read: 'lease' });
    await call('c1/3', { ...get, read: 'log' });
    await call('c1/4', { ...get, stale: true });
    await call('c1/5', put);
    expect(asked).toEqual(['read-index', 'lease', 'log', 'stale', 'log']);
    expect(recorder.of('complete').map(({ read }) => read)).toEqual([
      'read-index',
      'lease',
      undefined,
      'stale',
      undefined,
    ]);
  });

  it('tries again what was refused', async () => {
    let times = 0;
    const script: Script = () => (++times <= 3 ? redirect(null) : ok(2));
    const { call } = await cluster({ n1: script }, 5000, { reads: 'lease' });
    expect(await call('c1/1', get)).toMatchObject({ outcome: 'ok', attempts: 4 });
  });

  it('does not take a follower that serves a read for the leader', async () => {
    const { call, asked } = await cluster(
      { n1: () => ok(), n2: ({ read }) => (read === 'log' ? redirect('n1') : ok()) },
      5000,
      { reads: 'read-index' },
    );
    await call('c1/1', put, 'n1');
    await call('console/1', get, 'n2');
    await call('c1/2', put);
    expect(asked).toEqual(['c1/1 n1', 'console/1 n2', 'c1/2 n1']);
  });
});

describe('A client session whose address book changes', () => {
  it('connects to new nodes and forgets those that are gone', async () => {
    const { call, asked, session, members, networks } = await cluster(
      { n1: () => redirect('n2'), n2: () => ok(7) },
      5000,
      { known: 1 },
    );
    session.readdress(members);
    expect(await call('c1/1', put)).toMatchObject({ outcome: 'ok', node: 'n2' });
    session.readdress(members.filter(({ id }) => id === 'n2'));
    expect(session.reachable).toBe(1);
    expect(await call('c1/2', put, 'n1')).toMatchObject({ outcome: 'ok', node: 'n2' });
    expect(asked.filter((one) => one.startsWith('c1/2'))).toEqual(['c1/2 n2']);
    expect(networks.size).toBe(2);
  });

  it('sends elsewhere what was sent to a node that is gone', async () => {
    const { call, session, members, asked } = await cluster(
      { n1: () => 'silence', n2: () => ok(7) },
      5000,
      retrying,
    );
    const ended = call('c1/1', put, 'n1');
    while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    session.readdress(members.filter(({ id }) => id === 'n2'));
    expect(await ended).toMatchObject({ outcome: 'ok', node: 'n2', attempts: 2 });
  });
});

describe('A workload', () => {
  it('keeps one operation under way for each client, with values and ids that never repeat, until told to rest', async () => {
    let most = 0;
    let answered = 0;
    const { session, recorder } = await cluster({
      n1: () => {
        most = Math.max(most, session.underWay);
        answered++;
        return ok();
      },
    });
    const workload = new Workload(session, Math.random);
    workload.set({ clients: 4, keys: 10, valueBytes: 40, readRatio: 0.2 });
    while (answered < 200) await new Promise((resolve) => setTimeout(resolve, 5));
    workload.set({ clients: 0, keys: 1, valueBytes: 0, readRatio: 0 });
    await session.settled();
    expect(most).toBe(4);
    const invoked = recorder.of('invoke');
    expect(new Set(invoked.map(({ operation }) => operation)).size).toBe(invoked.length);
    expect(new Set(invoked.map(({ client }) => client))).toEqual(new Set(['c1', 'c2', 'c3', 'c4']));
    const values = invoked.flatMap(({ value }) => (value === undefined ? [] : [value]));
    expect(new Set(values).size).toBe(values.length);
    expect(values.every((value) => value.length === 40)).toBe(true);
    expect(values.length).toBeLessThan(invoked.length);
  });
});
