/**
 * An independent reckoning of a run, in SQL over the trace's events and the nodes' own databases. It uses nothing of the
 * product's reducer, recorder tables or reader, so that an error in those shows as a disagreement.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';

export interface Recomputed {
  leaders: { term: number; leader: string }[];
  elections: { campaignMs: number; firstCommitMs: number }[];
  sent: number;
  delivered: number;
  deliveredUnsent: number;
  deliveredBeforeSent: number;
  acknowledged: number;
  lost: string[];
  pids: number[];
}

export function recompute(traceFile: string, nodesFolder: string): Recomputed {
  const trace = new Database(traceFile, { readonly: true });
  try {
    const number = (sql: string) => trace.prepare(sql).pluck().get() as number;
    const leaders = trace
      .prepare(
        `SELECT json_extract(body, '$.term') AS term, source AS leader, at_ns AS electedNs FROM event
         WHERE kind = 'role' AND json_extract(body, '$.to') = 'leader' ORDER BY at_ns`,
      )
      .all() as { term: number; leader: string; electedNs: number }[];
    return {
      leaders: leaders.map(({ term, leader }) => ({ term, leader })),
      elections: leaders.map((elected, at) => phases(trace, elected, leaders[at - 1])),
      sent: number("SELECT count(*) FROM event WHERE kind = 'send'"),
      delivered: number("SELECT count(*) FROM event WHERE kind = 'deliver'"),
      deliveredUnsent: number(
        `WITH sent AS MATERIALIZED (SELECT source || '/' || incarnation || '/' || seq AS id FROM event WHERE kind = 'send')
         SELECT count(*) FROM event WHERE kind = 'deliver' AND json_extract(body, '$.message') NOT IN (SELECT id FROM sent)`,
      ),
      deliveredBeforeSent: number(
        `WITH sent AS MATERIALIZED (SELECT source || '/' || incarnation || '/' || seq AS id, at_ns FROM event WHERE kind = 'send')
         SELECT count(*) FROM event d JOIN sent s ON s.id = json_extract(d.body, '$.message') WHERE d.kind = 'deliver' AND d.at_ns < s.at_ns`,
      ),
      acknowledged: number(
        "SELECT count(*) FROM event WHERE kind = 'complete' AND json_extract(body, '$.outcome') = 'ok'",
      ),
      lost: lostWrites(trace, nodesFolder),
      pids: trace
        .prepare(
          "SELECT json_extract(body, '$.pid') FROM event WHERE kind = 'process-spawned' AND json_extract(body, '$.node') GLOB 'n[1-9]'",
        )
        .pluck()
        .all() as number[],
    };
  } finally {
    trace.close();
  }
}

/** From the first candidacy since the leader before, to office, to the first commit of an entry of the new term. */
function phases(
  trace: Database.Database,
  elected: { term: number; leader: string; electedNs: number },
  before: { electedNs: number } | undefined,
): { campaignMs: number; firstCommitMs: number } {
  const candidacyNs = trace
    .prepare(
      `SELECT min(at_ns) FROM event WHERE kind = 'role' AND json_extract(body, '$.to') = 'candidate' AND at_ns > ? AND at_ns <= ?`,
    )
    .pluck()
    .get(before?.electedNs ?? -1, elected.electedNs) as number;
  const ownEntry = trace
    .prepare(
      `SELECT min(json_extract(body, '$.first')) FROM event
       WHERE kind = 'append' AND source = ? AND json_extract(body, '$.term') = ? AND at_ns >= ?`,
    )
    .pluck()
    .get(elected.leader, elected.term, elected.electedNs) as number;
  const commitNs = trace
    .prepare(
      `SELECT min(at_ns) FROM event WHERE kind = 'commit' AND source = ? AND json_extract(body, '$.to') >= ? AND at_ns >= ?`,
    )
    .pluck()
    .get(elected.leader, ownEntry, elected.electedNs) as number;
  return {
    campaignMs: (elected.electedNs - candidacyNs) / 1e6,
    firstCommitMs: (commitNs - elected.electedNs) / 1e6,
  };
}

/** Acknowledged writes minus what the nodes' databases hold on a majority of them. */
function lostWrites(trace: Database.Database, nodesFolder: string): string[] {
  const acknowledged = trace
    .prepare(
      `SELECT json_extract(i.body, '$.operation') FROM event i
       WHERE i.kind = 'invoke' AND json_extract(i.body, '$.call') <> 'get' AND json_extract(i.body, '$.operation') IN (
         SELECT json_extract(body, '$.operation') FROM event WHERE kind = 'complete' AND json_extract(body, '$.outcome') = 'ok')`,
    )
    .pluck()
    .all() as string[];
  const holders = new Map<string, number>();
  const nodes = readdirSync(nodesFolder);
  for (const node of nodes) {
    const log = new Database(path.join(nodesFolder, node, 'log.db'));
    const held = log
      .prepare("SELECT json_extract(value, '$.id') FROM log WHERE json_extract(value, '$.id') IS NOT NULL")
      .pluck()
      .all() as string[];
    log.close();
    for (const id of held) holders.set(id, (holders.get(id) ?? 0) + 1);
  }
  return acknowledged.filter((id) => (holders.get(id) ?? 0) * 2 <= nodes.length);
}

/** Pid of a running node that is not the leader, while the trace is being recorded. */
recompute.runningFollower = (traceFile: string): number | undefined => {
  const trace = new Database(traceFile, { readonly: true });
  try {
    return trace
      .prepare(
        `SELECT json_extract(body, '$.pid') FROM event
         WHERE kind = 'process-spawned' AND json_extract(body, '$.node') GLOB 'n[1-9]'
           AND json_extract(body, '$.node') NOT IN (SELECT source FROM event WHERE kind = 'role' AND json_extract(body, '$.to') = 'leader')
         ORDER BY at_ns LIMIT 1`,
      )
      .pluck()
      .get() as number | undefined;
  } finally {
    trace.close();
  }
};

/** Pids that died by a signal the lab had not sent. */
recompute.outsideKills = (traceFile: string): number[] => {
  const trace = new Database(traceFile, { readonly: true });
  try {
    return trace
      .prepare(
        `SELECT json_extract(s.body, '$.pid') FROM event f
         JOIN event s ON s.kind = 'process-spawned' AND json_extract(s.body, '$.node') = json_extract(f.body, '$.targets[0]')
         WHERE f.kind = 'fault-started' AND json_extract(f.body, '$.parameters.origin') = 'outside the lab' AND s.at_ns < f.at_ns`,
      )
      .pluck()
      .all() as number[];
  } finally {
    trace.close();
  }
};
