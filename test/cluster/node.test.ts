import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { NodeCluster, until } from './node-cluster.ts';

let cluster: NodeCluster | undefined;

async function runningCluster(nodes: number): Promise<NodeCluster> {
  cluster = await NodeCluster.of(nodes);
  await cluster.startAll();
  return cluster;
}

afterEach(async () => {
  await cluster?.dispose();
  cluster = undefined;
});

function acknowledgedPuts(
  of: NodeCluster,
): { operation: string; key: string; value: string; index: number }[] {
  const invoked = new Map<string, { key: string; value: string }>();
  const acknowledged: { operation: string; key: string; value: string; index: number }[] = [];
  for (const event of of.events('load')) {
    if (event.kind === 'invoke' && event.call === 'put')
      invoked.set(event.operation, { key: event.key, value: event.value ?? '' });
    if (event.kind !== 'complete' || event.outcome !== 'ok') continue;
    const put = invoked.get(event.operation);
    if (put !== undefined) acknowledged.push({ operation: event.operation, ...put, index: event.index ?? 0 });
  }
  return acknowledged;
}

describe('Three node processes', () => {
  it('elect a leader, and a client finds it, writes, reads, swaps and deletes', async () => {
    const nodes = await runningCluster(3);
    expect(await nodes.call({ call: 'put', key: 'lamp', value: 'on' })).toMatchObject({
      outcome: 'ok',
      error: null,
    });
    expect(await nodes.call({ call: 'get', key: 'lamp' })).toMatchObject({ outcome: 'ok', value: 'on' });
    expect(await nodes.call({ call: 'cas', key: 'lamp', expected: 'on', value: 'off' })).toMatchObject({
      outcome: 'ok',
    });
    expect(await nodes.call({ call: 'cas', key: 'lamp', expected: 'on', value: 'dim' })).toMatchObject({
      outcome: 'fail',
    });
    expect(await nodes.call({ call: 'delete', key: 'lamp' })).toMatchObject({ outcome: 'ok' });
    expect(await nodes.call({ call: 'get', key: 'lamp' })).toMatchObject({ outcome: 'ok', value: null });
    expect(await nodes.call({ call: 'put', key: '', value: 'x' })).toMatchObject({
      outcome: 'fail',
      error: 'put needs a key',
    });
  });

  it('answer a stale read from the node asked, and redirect an ordinary read from it', async () => {
    const nodes = await runningCluster(3);
    const { node: leader } = await nodes.call({ call: 'put', key: 'lamp', value: 'on' });
    const follower = nodes.members.map(({ id }) => id).find((id) => id !== leader) ?? '';
    const stale = await until('the follower applied the put', async () => {
      const read = await nodes.call({ call: 'get', key: 'lamp', stale: true }, follower);
      return read.value === 'on' ? read : undefined;
    });
    expect(stale).toMatchObject({ outcome: 'ok', node: follower });
    expect(await nodes.call({ call: 'get', key: 'lamp' }, follower)).toMatchObject({
      outcome: 'ok',
      value: 'on',
      node: leader,
    });
    const complete = nodes.events('load').filter((event) => event.kind === 'complete');
    expect(complete.at(-1)?.attempts).toBe(2);
  });

  it('lose no acknowledged write when their leader is killed under load, and agree after it is back', async () => {
    const nodes = await runningCluster(3);
    nodes.tellLoad({ kind: 'workload', clients: 8, keys: 50, valueBytes: 32, readRatio: 0.1 });
    await until('200 acknowledged writes', () => acknowledgedPuts(nodes).length > 200);
    const leader = nodes.leader() ?? '';
    await nodes.kill(leader);
    const before = acknowledgedPuts(nodes).length;
    await until('200 more with a new leader', () => acknowledgedPuts(nodes).length > before + 200);
    expect(nodes.leader()).not.toBe(leader);
    await nodes.start(leader);
    await until('200 more with all three', () => acknowledgedPuts(nodes).length > before + 400);
    await nodes.stopLoad();
    const end = Math.max(...acknowledgedPuts(nodes).map(({ index }) => index));
    await until('everything applied everywhere', () => {
      return nodes.members.every(({ id }) =>
        nodes.events(id).some((event) => event.kind === 'apply' && event.to >= end),
      );
    });
    for (const { id } of nodes.members) await nodes.stop(id);

    // The nodes are stopped one after the other, so those that are left may elect once more.
    const [first, ...others] = nodes.members.map(({ id }) =>
      nodes.logOf(id).filter(([index]) => index <= end),
    );
    for (const other of others) expect(other).toEqual(first);
    const held = new Map(first?.map(([index, json]) => [index, (JSON.parse(json) as { id?: string }).id]));
    const lost = acknowledgedPuts(nodes).filter(({ operation, index }) => held.get(index) !== operation);
    expect(lost).toEqual([]);
    const [pairs, ...otherPairs] = nodes.members.map(({ id }) => nodes.pairsOf(id));
    for (const other of otherPairs) expect(other).toEqual(pairs);
  });

  it('have recorded the sending of every message that another one received', async () => {
    const nodes = await runningCluster(3);
    nodes.tellLoad({ kind: 'workload', clients: 8, keys: 50, valueBytes: 32, readRatio: 0 });
    await until('100 acknowledged writes', () => acknowledgedPuts(nodes).length > 100);
    await nodes.kill(nodes.leader() ?? '');
    const ids = nodes.members.map(({ id }) => id);
    const sent = new Set<string>();
    for (const id of ids) {
      for (const event of nodes.events(id)) if (event.kind === 'send') sent.add(`${id}/1/${event.seq}`);
    }
    const received = ids.flatMap((id) =>
      nodes.events(id).flatMap((event) => (event.kind === 'arrive' ? [event.message] : [])),
    );
    expect(received.length).toBeGreaterThan(20);
    expect(received.filter((message) => !sent.has(message))).toEqual([]);
    const requested = ids.flatMap((id) =>
      nodes.events(id).flatMap((event) => (event.kind === 'request' ? [event.operation] : [])),
    );
    const invoked = new Set(
      nodes.events('load').flatMap((event) => (event.kind === 'invoke' ? [event.operation] : [])),
    );
    expect(requested.filter((operation) => !invoked.has(operation))).toEqual([]);
  });

  it('number their events without gaps and name causes that exist', async () => {
    const nodes = await runningCluster(3);
    await nodes.call({ call: 'put', key: 'lamp', value: 'on' });
    await nodes.stopLoad();
    for (const { id } of nodes.members) await nodes.stop(id);
    const sources = [...nodes.members.map(({ id }) => id), 'load'];
    const known = new Set(sources.flatMap((id) => nodes.events(id).map((event) => `${id}/1/${event.seq}`)));
    for (const id of sources) {
      const events = nodes.events(id);
      expect(events.map((event) => event.seq)).toEqual(events.map((_event, at) => at + 1));
      const dangling = events.filter(
        ({ cause }) => cause !== null && cause !== 'lab/1/1' && !known.has(cause),
      );
      expect(dangling).toEqual([]);
    }
    expect(nodes.events('n1')[0]).toMatchObject({
      kind: 'node-started',
      term: 0,
      votedFor: null,
      lastIndex: 0,
    });
    expect(nodes.events('n1').at(-1)).toMatchObject({ kind: 'node-stopped' });
  });
});

describe('A node process', () => {
  it('keeps its term, vote and log through a kill', async () => {
    const nodes = await runningCluster(3);
    await nodes.call({ call: 'put', key: 'lamp', value: 'on' });
    const leader = nodes.leader() ?? '';
    await nodes.kill(leader);
    const durable = nodes.events(leader).filter((event) => event.kind === 'persist-completed');
    await nodes.start(leader);
    const started = nodes.events(leader).filter((event) => event.kind === 'node-started');
    const last = durable.at(-1);
    expect(started).toHaveLength(2);
    expect(started[1]).toMatchObject({
      term: last?.term,
      votedFor: last?.votedFor,
      lastIndex: last?.lastIndex,
    });
    expect(started[1]?.log).toEqual([{ first: 1, last: last?.lastIndex, term: last?.term }]);
  });

  it.each(['log.db', 'log.db-wal'])(
    'does not start on a flipped byte in its %s, and names file, place and remedy',
    async (file) => {
      const nodes = await runningCluster(1);
      for (let number = 1; number <= 40; number++)
        await nodes.call({ call: 'put', key: `k${number}`, value: 'v'.repeat(200) });
      if (file === 'log.db') await nodes.stop('n1');
      else await nodes.kill('n1');
      const damaged = path.join(nodes.folderOf('n1'), file);
      const bytes = readFileSync(damaged);
      const at = file === 'log.db' ? bytes.indexOf('vvvvvvvv') + 4 : Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 0x04;
      writeFileSync(damaged, bytes);
      const sentence = await nodes.launch('n1').failure;
      expect(sentence).toContain(damaged);
      expect(sentence).toMatch(
        /is damaged at (row log\/\d+|frame \d+ \(byte \d+\)): .*Restore the node's folder/s,
      );
      expect(readFileSync(damaged).equals(bytes)).toBe(true);
    },
  );

  it('fails with one sentence when its port is taken', async () => {
    const nodes = await runningCluster(1);
    const [member] = nodes.members;
    const clash = { id: 'n2', port: member?.port ?? 0 };
    const { failure } = nodes.launch('n2', { members: [clash], folder: nodes.folderOf('n2') });
    expect(await failure).toContain(
      `n2 cannot listen on port ${clash.port} of 127.0.0.1: another process uses it`,
    );
  });

  it('leaves when the process that forked it is gone', async () => {
    const nodes = await runningCluster(1);
    const pid = nodes.pidOf('n1') ?? 0;
    nodes.disconnect('n1');
    await until('the node has left', () => !isAlive(pid));
    expect(nodes.events('n1').at(-1)).toMatchObject({ kind: 'node-stopped', reason: 'the lab is gone' });
    expect(readdirSync(nodes.folderOf('n1')).filter((name) => name.endsWith('-wal'))).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
