import { afterEach, describe, expect, it } from 'vitest';
import type { Completion } from '../../src-main/node/client/operation.ts';
import { ClientSession } from '../../src-main/node/client/session.ts';
import type { ClientCall } from '../../src-main/node/protocol.ts';
import { JournalRecorder } from '../unit/node/fake-ports.ts';
import { ClientProxy } from './client-proxy.ts';
import { NodeCluster, quickOptions, until } from './node-cluster.ts';

let cluster: NodeCluster | undefined;
let proxy: ClientProxy | undefined;
let session: ClientSession | undefined;

afterEach(async () => {
  session?.end();
  proxy?.end();
  await cluster?.dispose();
  cluster = proxy = session = undefined;
});

interface Ended extends Completion {
  readonly attempts: number;
}

type Call = (id: string, call: ClientCall) => Promise<Ended>;

/** Three nodes, and a client that reaches them through the proxy. */
async function behindProxy(): Promise<{ nodes: NodeCluster; wire: ClientProxy; call: Call }> {
  const nodes = (cluster = await NodeCluster.of(3));
  await nodes.startAll();
  const wire = (proxy = await ClientProxy.to(nodes.members));
  const client = (session = new ClientSession({
    self: nodes.client(7),
    members: wire.members,
    recorder: new JournalRecorder([]),
    timeoutMs: 15_000,
    reads: 'log',
    retries: true,
    random: Math.random,
  }));
  await client.start();
  const call: Call = (id, what) =>
    new Promise((resolve) =>
      client.call(id, what, ({ attempts }, completion) => resolve({ ...completion, attempts })),
    );
  return { nodes, wire, call };
}

const swap: ClientCall = { call: 'cas', key: 'turn', expected: 'first', value: 'second' };

/** Entries of the operation in the log, and how many of them changed nothing when they were applied. */
function applied(nodes: NodeCluster, node: string, operation: string): { entries: number; skipped: number } {
  const at = nodes.logOf(node).flatMap(([index, json]) => {
    return (JSON.parse(json) as { id?: string }).id === operation ? [index] : [];
  });
  const skipped = nodes
    .events(node)
    .flatMap((event) => (event.kind === 'apply' ? (event.skipped ?? []) : []))
    .filter((index) => at.includes(index));
  return { entries: at.length, skipped: skipped.length };
}

function answersOf(nodes: NodeCluster, operation: string): number {
  return nodes.members
    .flatMap(({ id }) => nodes.events(id))
    .filter((event) => event.kind === 'answer' && event.operation === operation).length;
}

describe('An operation whose answer is lost', () => {
  it('is sent again under its own id and takes effect once', async () => {
    const { nodes, wire, call } = await behindProxy();
    expect(await call('c1/1', { call: 'put', key: 'turn', value: 'first' })).toMatchObject({ outcome: 'ok' });
    wire.losing = true;
    const ended = call('c1/2', swap);
    await until('a node has answered', () => answersOf(nodes, 'c1/2') > 0 && wire.lostBytes > 0);
    wire.losing = false;
    // Applied twice, the second attempt would find "second" and fail.
    const { outcome, attempts, node } = await ended;
    expect(outcome).toBe('ok');
    expect(attempts).toBeGreaterThan(1);
    const { entries, skipped } = applied(nodes, node ?? '', 'c1/2');
    expect(entries).toBeGreaterThan(1);
    expect(skipped).toBe(entries - 1);
  });

  it('with its connection is sent again over a new one, and takes effect once', async () => {
    const { nodes, wire, call } = await behindProxy();
    expect(await call('c1/1', { call: 'put', key: 'turn', value: 'first' })).toMatchObject({ outcome: 'ok' });
    wire.losing = true;
    const ended = call('c1/2', swap);
    await until('a node has answered', () => answersOf(nodes, 'c1/2') > 0 && wire.lostBytes > 0);
    wire.reset();
    wire.losing = false;
    expect(await ended).toMatchObject({ outcome: 'ok' });
    expect(await call('c1/3', { call: 'get', key: 'turn' })).toMatchObject({ value: 'second' });
  });
});

describe('Clients that may repeat operations', () => {
  it('come through a paused leader long before their time is over, with no outcome unknown', async () => {
    const nodes = (cluster = await NodeCluster.of(3, quickOptions));
    await nodes.startAll();
    nodes.tellLoad({ kind: 'workload', clients: 8, keys: 20, valueBytes: 32, readRatio: 0.2 });
    const ended = () => nodes.events('load').filter((event) => event.kind === 'complete');
    await until('200 operations', () => ended().length > 200);
    const paused = nodes.leader() ?? '';
    nodes.signal(paused, 'SIGSTOP');
    const others = nodes.members.map(({ id }) => id).filter((id) => id !== paused);
    const elected = await until('a new leader', () => {
      const roles = others.flatMap((id) => nodes.events(id)).filter((event) => event.kind === 'role');
      return Math.max(...roles.map(({ to, term }) => (to === 'leader' ? term : 0))) > 1;
    });
    expect(elected).toBe(true);
    const before = ended().length;
    await until('200 more without it', () => ended().length > before + 200);
    nodes.signal(paused, 'SIGCONT');
    const then = ended().length;
    await until('200 more with it', () => ended().length > then + 200);
    await nodes.stopLoad();
    expect(ended().filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect(Math.max(...ended().map(({ attempts }) => attempts))).toBeGreaterThan(1);
  });

  it('come through the kill of a leader with no outcome unknown, and nothing is applied twice', async () => {
    const nodes = (cluster = await NodeCluster.of(3));
    await nodes.startAll();
    nodes.tellLoad({ kind: 'workload', clients: 8, keys: 20, valueBytes: 32, readRatio: 0.2 });
    const ended = () => nodes.events('load').filter((event) => event.kind === 'complete');
    await until('200 operations', () => ended().length > 200);
    const killed = nodes.leader() ?? '';
    await nodes.kill(killed);
    const before = ended().length;
    await until('200 more without it', () => ended().length > before + 200);
    await nodes.stopLoad();
    expect(ended().filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    const [node = ''] = nodes.members.map(({ id }) => id).filter((id) => id !== killed);
    const seen = new Map<string, number>();
    for (const [, json] of nodes.logOf(node)) {
      const { id } = JSON.parse(json) as { id?: string };
      if (id !== undefined) seen.set(id, (seen.get(id) ?? 0) + 1);
    }
    const repeats = [...seen.values()].reduce((sum, times) => sum + times - 1, 0);
    const lastIndex = Math.max(...nodes.logOf(node).map(([index]) => index));
    const skipped = await until('everything applied', () => {
      const applies = nodes.events(node).filter((event) => event.kind === 'apply');
      if (!applies.some(({ to }) => to >= lastIndex)) return undefined;
      return applies.flatMap((event) => event.skipped ?? []);
    });
    expect(skipped).toHaveLength(repeats);
  });
});
