/** A real cluster for tests, in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Cluster, type ClusterEvents } from '../../src-main/cluster/cluster.ts';
import { runHeader } from '../../src-main/experiments/header.ts';
import { leaderOf, LiveState } from '../../src-main/experiments/live-state.ts';
import { readProfile } from '../../src-main/experiments/profile.ts';
import type { NodeState } from '../../src-main/trace/model/state.ts';

export interface TestCluster {
  cluster: Cluster;
  live: LiveState;
  folder: string;
  traceFile: string;
  /** Resolves with the leader once one is running. */
  leader(): Promise<string>;
  /** Resolves once the recorded state of a node is as asked; fails after 30 s. */
  node(id: string, is: (state: NodeState) => boolean): Promise<NodeState>;
  /** Resolves once so many client operations have been acknowledged. */
  acknowledged(count: number): Promise<void>;
  stop(): Promise<{ events: number; gaps: number }>;
  remove(): void;
}

const WAIT_MS_MAX = 30_000;

export async function startCluster(
  nodes: number,
  seed = 1,
  events: Omit<ClusterEvents, 'snapshot'> = {},
): Promise<TestCluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-test-'));
  const { options } = readProfile('raft-paper');
  const live = new LiveState();
  const traceFile = path.join(folder, 'run.qlab');
  const cluster = await Cluster.start(
    {
      header: runHeader({ title: 'test', profile: 'raft-paper', options, nodes, seed }),
      options,
      folder,
      traceFile,
      operationTimeoutMs: 2_000,
    },
    { ...events, snapshot: (snapshot) => live.take(snapshot) },
  );
  cluster.watch(30);
  const until = async <T>(what: string, look: Parameters<typeof live.until<T>>[0]): Promise<T> => {
    const found = await live.until(look, WAIT_MS_MAX);
    if (found === undefined) throw new Error(`${what} did not come within ${WAIT_MS_MAX / 1000} s`);
    return found;
  };
  return {
    cluster,
    live,
    folder,
    traceFile,
    leader: () => until('a leader', leaderOf),
    node: (id, is) =>
      until(`the state of ${id}`, ({ state }) => state.nodes.find((node) => node.id === id && is(node))),
    acknowledged: async (count) => {
      await until(`${count} acknowledged operations`, ({ state }) =>
        state.operations.acknowledged >= count ? true : undefined,
      );
    },
    stop: () => cluster.stop('the test was over'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
