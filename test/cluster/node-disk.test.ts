import { closeSync, existsSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from './a-cluster.ts';

let run: TestCluster | undefined;
afterEach(async () => {
  await run?.stop().catch(() => undefined);
  run?.remove();
  run = undefined;
});

async function writtenCluster(): Promise<TestCluster> {
  run = await startCluster(3);
  await run.leader();
  run.cluster.setWorkload({ clients: 4, keys: 20, valueBytes: 64, readRatio: 0 });
  await run.acknowledged(100);
  return run;
}

function flip(file: string, offset: number): void {
  const descriptor = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(descriptor, byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ 0x10;
  writeSync(descriptor, byte, 0, 1, offset);
  closeSync(descriptor);
}

describe('a node that was killed and started again', () => {
  it('finds the term, vote and log that it had made durable', async () => {
    const { cluster, leader, traceFile, node } = await writtenCluster();
    const victim = await leader();
    await cluster.kill(victim);
    await cluster.restart(victim);
    await node(victim, ({ status, incarnation }) => status === 'running' && incarnation === 2);
    await run?.stop();
    const trace = new Database(traceFile, { readonly: true });
    try {
      const last = (kind: string, incarnation: number) =>
        JSON.parse(
          trace
            .prepare(
              'SELECT body FROM event WHERE source = ? AND incarnation = ? AND kind = ? ORDER BY seq DESC LIMIT 1',
            )
            .pluck()
            .get(victim, incarnation, kind) as string,
        ) as { term: number; votedFor: string | null; lastIndex: number };
      const durable = last('persist-completed', 1);
      const found = last('node-started', 2);
      expect(found.term).toBe(durable.term);
      expect(found.votedFor).toBe(durable.votedFor);
      // A write may have reached the disk without the process living to say so.
      expect(found.lastIndex).toBeGreaterThanOrEqual(durable.lastIndex);
      expect(found.lastIndex).toBeGreaterThan(30);
    } finally {
      trace.close();
    }
  });
});

describe('a node whose disk is damaged', () => {
  it('stops with the file, the place and the remedy when a byte in the middle of its WAL is flipped', async () => {
    const { cluster, folder } = await writtenCluster();
    await cluster.kill('n2');
    const wal = path.join(folder, 'nodes/n2/log.db-wal');
    expect(existsSync(wal)).toBe(true);
    flip(wal, Math.floor(statSync(wal).size / 2));
    await expect(cluster.restart('n2')).rejects.toThrow(/log\.db-wal.*(frame|byte|offset).*\. \S/is);
    expect(cluster.node('n2').alive).toBe(false);
    expect(cluster.node('n2').error).toContain('log.db-wal');
  });

  it('stops with the file, the place and the remedy when a byte of its log is flipped', async () => {
    const { cluster, folder } = await writtenCluster();
    await cluster.stopNode('n3');
    const log = path.join(folder, 'nodes/n3/log.db');
    const database = new Database(log);
    const value = database
      .prepare('SELECT value FROM log ORDER BY key LIMIT 1 OFFSET 40')
      .pluck()
      .get() as string;
    database.close();
    const bytes = Buffer.alloc(statSync(log).size);
    const descriptor = openSync(log, 'r');
    readSync(descriptor, bytes, 0, bytes.length, 0);
    closeSync(descriptor);
    const at = bytes.indexOf(value);
    expect(at).toBeGreaterThan(0);
    flip(log, at + 20);
    await expect(cluster.restart('n3')).rejects.toThrow(/log\.db.*row log\/41/s);
    expect(cluster.node('n3').alive).toBe(false);
  });

  it('leaves the others at work', async () => {
    const { cluster, folder, live, acknowledged } = await writtenCluster();
    await cluster.kill('n1');
    const wal = path.join(folder, 'nodes/n1/log.db-wal');
    flip(wal, Math.floor(statSync(wal).size / 2));
    await cluster.restart('n1').catch(() => undefined);
    await acknowledged((live.latest?.state.operations.acknowledged ?? 0) + 50);
  });
});
