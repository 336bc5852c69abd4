import { rmSync, readdirSync, writeFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RaftOptions } from '../../src-main/consensus/raft/options.ts';
import { ClientSession } from '../../src-main/node/client/session.ts';
import type { Completion } from '../../src-main/node/client/operation.ts';
import type { ClientCall } from '../../src-main/node/protocol.ts';
import { JournalRecorder } from '../unit/node/fake-ports.ts';
import { NodeCluster, quickOptions, until } from './node-cluster.ts';
import type { SpooledPayload } from './node-cluster.ts';

const compacting: RaftOptions = {
  ...quickOptions,
  snapshotEveryEntries: 50,
  snapshotKeepEntries: 10,
  snapshotChunkBytes: 512,
};

let cluster: NodeCluster | undefined;
let session: ClientSession | undefined;

afterEach(async () => {
  session?.end();
  await cluster?.dispose();
  cluster = session = undefined;
});

type Of<K extends SpooledPayload['kind']> = Extract<SpooledPayload, { kind: K }>;

function eventsOf<K extends SpooledPayload['kind']>(node: string, kind: K): Of<K>[] {
  return (cluster?.events(node) ?? []).filter((event): event is Of<K> => event.kind === kind);
}

async function compactingCluster(options: RaftOptions = compacting): Promise<NodeCluster> {
  cluster = await NodeCluster.of(3, options);
  await cluster.startAll();
  return cluster;
}

/** Calls under ids of the test's own choice. */
async function clientOf(nodes: NodeCluster): Promise<(id: string, call: ClientCall) => Promise<Completion>> {
  const client = (session = new ClientSession({
    self: nodes.client(9),
    members: nodes.members,
    recorder: new JournalRecorder([]),
    timeoutMs: 15_000,
    reads: 'log',
    retries: true,
    random: Math.random,
  }));
  await client.start();
  return (id, call) =>
    new Promise((resolve) => client.call(id, call, (_operation, completion) => resolve(completion)));
}

function compactedTo(node: string): number {
  return Math.max(0, ...eventsOf(node, 'compact').map(({ to }) => to));
}

function appliedTo(node: string): number {
  const applied = eventsOf(node, 'apply').map(({ to }) => to);
  const restored = eventsOf(node, 'restore').map(({ index }) => index);
  return Math.max(0, ...applied, ...restored);
}

/** Writes under load until the leader's log begins behind `index`. */
async function compactBeyond(nodes: NodeCluster, index: number): Promise<void> {
  await until(`a log that begins behind entry ${index}`, () => compactedTo(nodes.leader() ?? '') > index);
}

/** Both states and applied indexes agree once the load has ended. */
async function agreeing(nodes: NodeCluster): Promise<void> {
  await until('everybody applied as much', () => {
    const ends = nodes.members.map(({ id }) => appliedTo(id));
    return ends.every((end) => end === Math.max(...ends));
  });
}

const swap: ClientCall = { call: 'cas', key: 'turn', expected: 'first', value: 'second' };

describe('A follower that was away while the log was compacted', () => {
  it('is brought up to date by a snapshot in several parts, and knows the sessions', async () => {
    const nodes = await compactingCluster();
    const call = await clientOf(nodes);
    await call('mine/1', { call: 'put', key: 'turn', value: 'first' });
    expect(await call('mine/2', swap)).toMatchObject({ outcome: 'ok' });
    const away = nodes.members.map(({ id }) => id).find((id) => id !== nodes.leader()) ?? '';
    await nodes.kill(away);
    nodes.tellLoad({ kind: 'workload', clients: 8, keys: 40, valueBytes: 64, readRatio: 0 });
    await compactBeyond(nodes, appliedTo(away) + 100);
    await nodes.start(away);
    await until('the snapshot is restored there', () => eventsOf(away, 'restore').length > 0);
    await nodes.stopLoad();
    await agreeing(nodes);

    const stages = eventsOf(away, 'snapshot').filter(({ peer }) => peer !== undefined);
    const [installed] = stages.filter(({ stage }) => stage === 'installed');
    const received = stages.filter(({ stage, index }) => stage === 'receiving' && index === installed?.index);
    expect(received.length).toBeGreaterThan(3);
    expect(received.at(-1)?.bytes).toBe(received.at(-1)?.total);
    expect(eventsOf(away, 'restore')[0]).toMatchObject({ index: installed?.index, bytes: installed?.bytes });
    // Nobody but the one that was away needs to be asked: it alone has to know what was applied before the snapshot.
    nodes.operate(away, { kind: 'campaign' });
    await until('it leads', () => nodes.leader() === away);
    expect(await call('mine/2', swap)).toMatchObject({ outcome: 'ok', value: 'second' });
    expect(await call('mine/3', swap)).toMatchObject({ outcome: 'fail', value: 'second' });
    for (const { id } of nodes.members) await nodes.stop(id);
    const [pairs, ...others] = nodes.members.map(({ id }) => nodes.pairsOf(id));
    for (const other of others) expect(other).toEqual(pairs);
  });

  it('goes on with another leader when the first is killed in the middle', async () => {
    // One part a round trip, and small ones: the transfer lasts long enough to be interrupted.
    const nodes = await compactingCluster({ ...compacting, snapshotChunkBytes: 16 });
    const leader = (await nodes.call({ call: 'put', key: 'turn', value: 'first' })).node ?? '';
    const away = nodes.members.map(({ id }) => id).find((id) => id !== leader) ?? '';
    await nodes.kill(away);
    nodes.tellLoad({ kind: 'workload', clients: 8, keys: 200, valueBytes: 256, readRatio: 0 });
    await compactBeyond(nodes, appliedTo(away) + 300);
    await nodes.stopLoad();
    await nodes.start(away);
    const receiving = () => eventsOf(away, 'snapshot').filter(({ stage }) => stage === 'receiving');
    await until('some parts have arrived', () => receiving().length > 20);
    const sender = receiving().at(-1)?.peer ?? '';
    await nodes.kill(sender);
    expect(eventsOf(away, 'restore')).toEqual([]);
    await until('the snapshot is restored there', () => eventsOf(away, 'restore').length > 0);
    const [installed] = eventsOf(away, 'snapshot').filter(({ stage }) => stage === 'installed');
    expect(installed?.peer).not.toBe(sender);
    await nodes.start(sender);
    const call = await clientOf(nodes);
    expect(await call('mine/1', { call: 'get', key: 'turn' })).toMatchObject({
      outcome: 'ok',
      value: 'first',
    });
    await agreeing(nodes);
    for (const { id } of nodes.members) await nodes.stop(id);
    const [pairs, ...others] = nodes.members.map(({ id }) => nodes.pairsOf(id));
    for (const other of others) expect(other).toEqual(pairs);
  });
});

describe('A node whose log begins behind a snapshot', () => {
  /** A cluster that has compacted and was stopped, and one of its nodes. */
  async function stoppedNode(
    how: 'stop' | 'kill',
  ): Promise<{ nodes: NodeCluster; id: string; index: number }> {
    const nodes = await compactingCluster();
    nodes.tellLoad({ kind: 'workload', clients: 4, keys: 40, valueBytes: 64, readRatio: 0 });
    await compactBeyond(nodes, 100);
    await nodes.stopLoad();
    const id = nodes.leader() ?? '';
    const end = how === 'kill' ? nodes.kill(id) : nodes.stop(id);
    await end;
    const saved = eventsOf(id, 'snapshot').filter(({ stage }) => stage === 'saved');
    return { nodes, id, index: saved.at(-1)?.index ?? 0 };
  }

  it('comes back after a kill with the snapshot, the entries behind it and what it had applied', async () => {
    const { nodes, id, index } = await stoppedNode('kill');
    await nodes.start(id);
    const started = eventsOf(id, 'node-started').at(-1);
    expect(started?.snapshot?.index).toBe(index);
    expect(started?.applied).toBeGreaterThanOrEqual(index);
    expect(started?.log[0]?.first).toBeGreaterThan(1);
    expect(started?.storageId).toBe(`disk-of-${id}`);
    expect(started?.configuration?.voters).toEqual(['n1', 'n2', 'n3']);
    const end = Math.max(...nodes.members.map((member) => appliedTo(member.id)));
    await until('it has caught up', () => appliedTo(id) >= end);
  });

  it('rebuilds a lost state from its snapshot and its log', async () => {
    const { nodes, id } = await stoppedNode('kill');
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(path.join(nodes.folderOf(id), `state.db${suffix}`), { force: true });
    await nodes.start(id);
    const end = Math.max(...nodes.members.map((member) => appliedTo(member.id)));
    await until('it has caught up', () => appliedTo(id) >= end);
    await agreeing(nodes);
    for (const member of nodes.members) await nodes.stop(member.id);
    const [pairs, ...others] = nodes.members.map((member) => nodes.pairsOf(member.id));
    for (const other of others) expect(other).toEqual(pairs);
  });

  it('does not start on a damaged or missing snapshot, and names file, place and remedy', async () => {
    const { nodes, id, index } = await stoppedNode('stop');
    const file = path.join(nodes.folderOf(id), `snapshot-${index}.bin`);
    const bytes = readFileSync(file);
    bytes[60] = (bytes[60] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(await nodes.launch(id).failure).toMatch(
      /snapshot-\d+\.bin is damaged at byte 40 to \d+: its checksum .* new storage id/s,
    );
    rmSync(file);
    expect(await nodes.launch(id).failure).toMatch(
      /snapshot-\d+\.bin is damaged at byte 0: the file is missing/,
    );
  });

  it('keeps two snapshots', async () => {
    const { nodes, id } = await stoppedNode('stop');
    const kept = readdirSync(nodes.folderOf(id)).filter((name) => name.startsWith('snapshot-'));
    expect(kept).toHaveLength(2);
  });
});

describe('A node whose folder was deleted', () => {
  it('does not come back under its old storage id, and says how it may come back', async () => {
    const nodes = await compactingCluster();
    await nodes.call({ call: 'put', key: 'lamp', value: 'on' });
    const id = nodes.members.map((member) => member.id).find((each) => each !== nodes.leader()) ?? '';
    await nodes.kill(id);
    rmSync(nodes.folderOf(id), { recursive: true });
    expect(await nodes.launch(id).failure).toMatch(
      /log\.db is missing or empty, though n\d has run before on the disk .* new storage id, then remove n\d .* learner/,
    );
    const replaced = nodes.launch(id, { storageId: 'another-disk', emptyDisk: true });
    expect(await Promise.race([replaced.ready, replaced.failure])).toBeUndefined();
    expect(eventsOf(id, 'node-started').at(-1)).toMatchObject({ storageId: 'another-disk', lastIndex: 0 });
  });
});
