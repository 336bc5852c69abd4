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

/** `voters` are the nodes of which a majority must hold every acknowledged write; all that there are unless said otherwise. */
export function recompute(
  traceFile: string,
  nodesFolder: string,
  voters: readonly string[] = readdirSync(nodesFolder),
): Recomputed {
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
      lost: lostWrites(trace, nodesFolder, voters),
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
  before: { term: number; electedNs: number } | undefined,
): { campaignMs: number; firstCommitMs: number } {
  const candidacyNs = trace
    .prepare(
      `SELECT min(at_ns) FROM event WHERE kind = 'role' AND json_extract(body, '$.to') = 'candidate'
         AND json_extract(body, '$.term') > ? AND at_ns > ? AND at_ns <= ?`,
    )
    .pluck()
    // Somebody may stand in the term that another has just won.
    .get(before?.term ?? 0, before?.electedNs ?? -1, elected.electedNs) as number;
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

interface Acknowledged {
  id: string;
  key: string;
  index: number;
}

/**
 * Acknowledged writes minus what the nodes' databases hold on a majority of them: as an entry, or where the log begins later, as
 * a key that holds what this write, or one after it, put there.
 */
function lostWrites(trace: Database.Database, nodesFolder: string, nodes: readonly string[]): string[] {
  const written = new Map(
    trace
      .prepare(
        `SELECT json_extract(body, '$.operation'), json_extract(body, '$.key') FROM event
         WHERE kind = 'invoke' AND json_extract(body, '$.call') <> 'get'`,
      )
      .raw()
      .all() as [string, string][],
  );
  const completed = trace
    .prepare(
      `SELECT json_extract(body, '$.operation') AS id, json_extract(body, '$.index') AS "index" FROM event
       WHERE kind = 'complete' AND json_extract(body, '$.outcome') = 'ok'`,
    )
    .all() as { id: string; index: number }[];
  const acknowledged = completed.flatMap(({ id, index }): Acknowledged[] => {
    const key = written.get(id);
    return key === undefined ? [] : [{ id, key, index }];
  });
  const appendedAt = new Map(
    trace
      .prepare(
        `SELECT json_extract(e.value, '$.id'), max(json_extract(body, '$.first') + e.key) FROM event, json_each(body, '$.entries') e
         WHERE kind = 'append' GROUP BY 1`,
      )
      .raw()
      .all() as [string, number][],
  );
  const holders = new Map<string, number>();
  for (const node of nodes) {
    const log = new Database(path.join(nodesFolder, node, 'log.db'));
    const first = (log.prepare('SELECT min(key) FROM log').pluck().get() ?? 1) as number;
    const entries = new Set(
      log.prepare("SELECT json_extract(value, '$.id') FROM log").pluck().all() as string[],
    );
    log.close();
    const state = new Database(path.join(nodesFolder, node, 'state.db'));
    const pairs = new Map(state.prepare('SELECT key, value FROM pair').raw().all() as [string, string][]);
    state.close();
    // A written value is the operation's id, filled up with dots.
    const holds = ({ id, key, index }: Acknowledged) =>
      entries.has(id) ||
      (index < first && (appendedAt.get((pairs.get(key) ?? '').replace(/\.+$/, '')) ?? 0) >= index);
    for (const write of acknowledged)
      if (holds(write)) holders.set(write.id, (holders.get(write.id) ?? 0) + 1);
  }
  return acknowledged.map(({ id }) => id).filter((id) => (holders.get(id) ?? 0) * 2 <= nodes.length);
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

/** The options that the trace says its run had. */
recompute.runOptions = (traceFile: string): unknown => {
  const trace = new Database(traceFile, { readonly: true });
  try {
    return JSON.parse(trace.prepare('SELECT options FROM run').pluck().get() as string);
  } finally {
    trace.close();
  }
};

/** The kinds of events in the trace. */
recompute.kinds = (traceFile: string): string[] => {
  const trace = new Database(traceFile, { readonly: true });
  try {
    return trace.prepare('SELECT DISTINCT kind FROM event').pluck().all() as string[];
  } finally {
    trace.close();
  }
};
