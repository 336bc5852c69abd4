/** The tables of a trace file. `resources/docs/trace-format.md` explains them to people who read traces with other tools. */
import type { SqliteDatabase } from './sqlite.ts';

/** `QLab` in ASCII: stands in the file's header, so that a trace is known for one without opening its tables. */
export const APPLICATION_ID = 0x514c6162;
export const SCHEMA_VERSION = 2;

/** Statement by statement; a trace whose tables differ from these is refused by the reader. */
export const STATEMENTS: readonly string[] = [
  `CREATE TABLE run (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    run_id TEXT NOT NULL,
    title TEXT NOT NULL,
    protocol TEXT NOT NULL,
    profile TEXT NOT NULL,
    options TEXT NOT NULL,
    nodes TEXT NOT NULL,
    seed INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    scenario TEXT,
    versions TEXT NOT NULL,
    machine TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('recording', 'complete', 'truncated')),
    status_reason TEXT,
    recorder_pid INTEGER,
    recorder_token TEXT,
    recorder_seq INTEGER NOT NULL DEFAULT 0,
    duration_ns INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0,
    operations INTEGER NOT NULL DEFAULT 0,
    gaps INTEGER NOT NULL DEFAULT 0
  )`,
  `CREATE TABLE event (
    key INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    step INTEGER NOT NULL,
    cause TEXT,
    kind TEXT NOT NULL,
    term INTEGER,
    body TEXT NOT NULL
  )`,
  'CREATE UNIQUE INDEX event_by_id ON event (source, incarnation, seq)',
  'CREATE INDEX event_by_time ON event (at_ns)',
  'CREATE INDEX event_by_cause ON event (cause) WHERE cause IS NOT NULL',
  'CREATE INDEX event_by_kind ON event (kind, at_ns)',
  `CREATE TABLE message (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    sender TEXT,
    receiver TEXT,
    type TEXT,
    term INTEGER,
    sent_ns INTEGER,
    arrived_ns INTEGER,
    delivered_ns INTEGER,
    ended_ns INTEGER,
    fate TEXT NOT NULL,
    reason TEXT,
    bytes INTEGER,
    entries INTEGER,
    granted INTEGER,
    rank INTEGER,
    span INTEGER
  )`,
  'CREATE INDEX message_by_rank ON message (rank, span, sent_ns, ended_ns)',
  `CREATE TABLE entry (
    key INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    term INTEGER NOT NULL,
    hash INTEGER,
    from_ns INTEGER NOT NULL,
    to_ns INTEGER,
    commands TEXT
  )`,
  'CREATE INDEX entry_by_end ON entry (node, last)',
  'CREATE INDEX entry_open ON entry (node, first) WHERE to_ns IS NULL',
  'CREATE INDEX entry_commands ON entry (last) WHERE commands IS NOT NULL',
  `CREATE TABLE operation (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    client TEXT,
    call TEXT,
    op_key TEXT,
    value TEXT,
    expected TEXT,
    stale INTEGER,
    invoked_ns INTEGER,
    completed_ns INTEGER,
    outcome TEXT NOT NULL,
    log_index INTEGER,
    node TEXT,
    result TEXT,
    attempts INTEGER,
    error TEXT
  )`,
  'CREATE INDEX operation_by_invocation ON operation (invoked_ns)',
  'CREATE INDEX operation_by_completion ON operation (completed_ns, outcome, invoked_ns)',
  `CREATE TABLE fault (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    type TEXT,
    targets TEXT,
    parameters TEXT,
    from_ns INTEGER,
    to_ns INTEGER,
    event TEXT
  )`,
  `CREATE TABLE election (
    number INTEGER PRIMARY KEY,
    term INTEGER NOT NULL,
    leader TEXT NOT NULL,
    previous_leader TEXT,
    lost_ns INTEGER,
    started_ns INTEGER NOT NULL,
    first_candidacy_ns INTEGER NOT NULL,
    elected_ns INTEGER NOT NULL,
    first_commit_ns INTEGER,
    detection_ms REAL NOT NULL,
    campaign_ms REAL NOT NULL,
    first_commit_ms REAL,
    downtime_ms REAL,
    split_votes INTEGER NOT NULL,
    candidates TEXT NOT NULL,
    voters TEXT NOT NULL,
    event TEXT NOT NULL
  )`,
  `CREATE TABLE finding (
    key INTEGER PRIMARY KEY,
    rule TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    event TEXT,
    text TEXT NOT NULL,
    detail TEXT
  )`,
  `CREATE TABLE bookmark (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at_ns INTEGER NOT NULL,
    event TEXT,
    title TEXT NOT NULL,
    note TEXT NOT NULL,
    from_ns INTEGER,
    to_ns INTEGER,
    created_at TEXT NOT NULL
  )`,
  `CREATE TABLE keyframe (
    at_ns INTEGER NOT NULL,
    source TEXT NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (at_ns, source, incarnation, seq)
  ) WITHOUT ROWID`,
  `CREATE TABLE density (
    slot_ns INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    events INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    operations INTEGER NOT NULL,
    PRIMARY KEY (slot_ns, slot)
  ) WITHOUT ROWID`,
  `CREATE TABLE lane (
    node TEXT NOT NULL,
    from_ns INTEGER NOT NULL,
    to_ns INTEGER,
    status TEXT NOT NULL,
    role TEXT NOT NULL,
    term INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    PRIMARY KEY (node, from_ns)
  ) WITHOUT ROWID`,
  `CREATE TABLE operation_density (
    slot_ns INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    invoked INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    max_ns INTEGER NOT NULL,
    latencies TEXT NOT NULL,
    PRIMARY KEY (slot_ns, slot)
  ) WITHOUT ROWID`,
  `CREATE TABLE commit_density (
    slot_ns INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    reached TEXT NOT NULL,
    PRIMARY KEY (slot_ns, slot)
  ) WITHOUT ROWID`,
  `CREATE TABLE link_density (
    slot_ns INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    links TEXT NOT NULL,
    PRIMARY KEY (slot_ns, slot)
  ) WITHOUT ROWID`,
  `CREATE TABLE mark (
    slot_ns INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    node TEXT NOT NULL,
    kind TEXT NOT NULL,
    count INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    event TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (slot_ns, slot, node, kind)
  ) WITHOUT ROWID`,
  `CREATE TABLE spool (
    file TEXT PRIMARY KEY,
    offset INTEGER NOT NULL,
    next_seq INTEGER NOT NULL,
    at_ns INTEGER NOT NULL
  ) WITHOUT ROWID`,
];

/**
 * Widths of the slots of all density tables, finest first, each a multiple of the one before. Buckets of a round width (1, 2 or 5 of a
 * decade) hold at most two slots, so that a zoomed-out window is a few hundred rows.
 */
export const DENSITY_SLOTS_NS: readonly number[] = [
  1e6, 5e6, 1e7, 5e7, 1e8, 5e8, 1e9, 5e9, 1e10, 5e10, 1e11, 5e11,
];
/** Links, operations and marks are counted from this width on; narrower windows hold few of them. */
export const COARSE_SLOTS_NS: readonly number[] = DENSITY_SLOTS_NS.filter((widthNs) => widthNs >= 1e7);

/** Copies that took longer than these touch windows far from their sending; each class is looked up by itself. */
export const MESSAGE_SPANS_NS: readonly number[] = [50_000_000, 5_000_000_000];

/** Makes the tables of an empty file. `application_id` comes last: a file without it is not a trace yet. */
export function createTables(database: SqliteDatabase): void {
  database.transaction(() => {
    for (const statement of STATEMENTS) database.exec(statement);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
    database.pragma(`application_id = ${APPLICATION_ID}`);
  })();
}

/** Indexes that a trace made from finished spools gets when all its rows are there: sorting once is cheaper than keeping order. */
const DEFERRED: readonly string[] = ['event_by_id', 'event_by_cause', 'event_by_kind', 'message_by_rank'];

export function dropDeferredIndexes(database: SqliteDatabase): void {
  for (const name of DEFERRED) database.exec(`DROP INDEX ${name}`);
}

export function createDeferredIndexes(database: SqliteDatabase): void {
  const objects = expectedObjects();
  for (const name of DEFERRED) database.exec(objects.get(name) ?? '');
}

/** Name -> statement of every table and index that these statements make. */
export function objectsOf(statements: readonly string[]): Map<string, string> {
  const objects = new Map<string, string>();
  for (const statement of statements) {
    const name = /^CREATE (?:UNIQUE )?(?:TABLE|INDEX) (\w+)/.exec(statement)?.[1];
    if (name === undefined) throw new Error(`a schema statement names nothing: ${statement}`);
    objects.set(name, statement);
  }
  return objects;
}

/** Name -> statement of every table and index of a trace. */
export function expectedObjects(): Map<string, string> {
  return objectsOf(STATEMENTS);
}
