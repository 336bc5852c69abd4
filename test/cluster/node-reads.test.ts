import { afterEach, describe, expect, it } from 'vitest';
import type { ClientCall } from '../../src-main/node/protocol.ts';
import { NodeCluster, quickOptions, until } from './node-cluster.ts';

let cluster: NodeCluster | undefined;

afterEach(async () => {
  await cluster?.dispose();
  cluster = undefined;
});

const get: ClientCall = { call: 'get', key: 'lamp' };

async function lit(reads: 'read-index' | 'lease'): Promise<{ nodes: NodeCluster; leader: string }> {
  const options = { ...quickOptions, reads, checkQuorum: true, preVote: true };
  const nodes = (cluster = await NodeCluster.of(3, options));
  await nodes.startAll();
  const { node } = await nodes.call({ call: 'put', key: 'lamp', value: 'on' });
  return { nodes, leader: node ?? '' };
}

function lastIndexOf(nodes: NodeCluster, node: string): number {
  const appended = nodes.events(node).filter((event) => event.kind === 'append');
  return Math.max(...appended.map(({ last }) => last));
}

describe('Reads that want no entry of their own', () => {
  it.each(['read-index', 'lease'] as const)(
    'by %s are answered by the leader, labelled in the trace, and leave nothing in the log',
    async (reads) => {
      const { nodes, leader } = await lit(reads);
      const before = lastIndexOf(nodes, leader);
      for (let time = 0; time < 5; time++)
        expect(await nodes.call(get)).toMatchObject({ outcome: 'ok', value: 'on', node: leader });
      expect(lastIndexOf(nodes, leader)).toBe(before);
      const answers = nodes.events(leader).filter((event) => event.kind === 'answer');
      expect(answers.filter(({ read }) => read === reads)).toHaveLength(5);
      await until('the ends are on record', () => {
        const ends = nodes.events('load').filter((event) => event.kind === 'complete');
        return ends.filter(({ read }) => read === reads).length === 5;
      });
    },
  );

  it('are served by the follower that is asked, and by the log if the call says so', async () => {
    const { nodes, leader } = await lit('read-index');
    const follower = nodes.members.map(({ id }) => id).find((id) => id !== leader) ?? '';
    expect(await nodes.call(get, follower)).toMatchObject({ outcome: 'ok', value: 'on', node: follower });
    const byLog = await nodes.call({ ...get, read: 'log' }, follower);
    expect(byLog).toMatchObject({ outcome: 'ok', value: 'on', node: leader });
    expect(byLog.index).toBeGreaterThan(2);
  });

  it('go on when the leader is killed, and never show an older value than was acknowledged', async () => {
    const { nodes, leader } = await lit('lease');
    await nodes.kill(leader);
    expect(await nodes.call(get)).toMatchObject({ outcome: 'ok', value: 'on' });
    const { node } = await nodes.call({ call: 'put', key: 'lamp', value: 'off' });
    expect(node).not.toBe(leader);
    for (const { id } of nodes.members.filter((member) => member.id !== leader))
      expect(await nodes.call(get, id)).toMatchObject({ outcome: 'ok', value: 'off' });
  });
});
