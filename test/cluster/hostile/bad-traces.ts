/**
 * Two hundred trace files that were damaged on their way or made to do harm, the same ones in every run. They are made from one good
 * trace with small pages, so that every kind of page is in it.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';

export const BAD_TRACES = 200;
const PAGE_BYTES = 1024;

export interface BadTrace {
  /** What was done to it. */
  readonly name: string;
  /** Makes the file (or what stands in its place) in the folder and returns its path. */
  make(folder: string): string;
}

/** `good`: bytes of a sound trace with pages of 1 KiB; `runIdOf` gives each file a run of its own. */
export function badTraces(good: Buffer, runIdOf: (number: number) => string): BadTrace[] {
  const runId = runIdIn(good);
  const list: BadTrace[] = [];
  const add = (name: string, make: (base: Buffer, file: string) => void) => {
    const number = list.length;
    list.push({
      name,
      make: (folder) => {
        const file = path.join(folder, `${number}.qlab`);
        make(replaced(good, runId, runIdOf(number)), file);
        return file;
      },
    });
  };
  const bytes = (name: string, change: (base: Buffer) => Buffer | undefined) =>
    add(name, (base, file) => {
      writeFileSync(file, change(base) ?? base);
    });
  const sql = (name: string, statements: string) =>
    add(name, (base, file) => tampered(base, file, statements));

  for (const cut of truncations(good))
    bytes(`cut after page ${cut}`, (base) => base.subarray(0, cut * PAGE_BYTES));
  for (const [name, statements] of SCHEMAS) sql(name, statements);
  for (const [name, statements] of VALUES) sql(name, statements);
  for (const [name, change] of LIES) bytes(name, change);
  for (const [name, make] of SPECIAL) add(name, make);
  for (const [name, make] of LOGS) add(name, make);
  for (let seed = 1; list.length < BAD_TRACES; seed++) {
    const random = mulberry(seed);
    const flips = seed % 3 === 0 ? 8 : seed % 7 === 0 ? 64 : 1;
    const where = PLACES[seed % PLACES.length] ?? 'anywhere';
    bytes(`${flips} bits flipped, ${where} (seed ${seed})`, (base) => {
      for (let flip = 0; flip < flips; flip++) {
        const at = placeOf(base, where, random);
        base.writeUInt8(base.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at);
      }
      return undefined;
    });
  }
  return list;
}

function truncations(good: Buffer): number[] {
  const pages = good.length / PAGE_BYTES;
  const cuts = 40;
  return Array.from({ length: cuts }, (_, at) => Math.max(1, Math.floor(((at + 1) * (pages - 1)) / cuts)));
}

const SCHEMAS: readonly [string, string][] = [
  [
    'a view instead of a table that never ends',
    'DROP TABLE event; CREATE VIEW event AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT x AS key FROM r',
  ],
  [
    'a view instead of the run that never ends',
    'ALTER TABLE run RENAME TO other; CREATE VIEW run AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT x AS run_id FROM r',
  ],
  ['a further view', 'CREATE VIEW extra AS SELECT randomblob(1e9) AS x'],
  ['a further table', 'CREATE TABLE extra (text)'],
  ['a trigger on writing', 'CREATE TRIGGER extra AFTER INSERT ON bookmark BEGIN DELETE FROM event; END'],
  [
    'a generated column',
    'ALTER TABLE event ADD COLUMN extra GENERATED ALWAYS AS (hex(zeroblob(1e8))) VIRTUAL',
  ],
  [
    'a generated column in the run',
    'ALTER TABLE run ADD COLUMN extra GENERATED ALWAYS AS (hex(zeroblob(1e8))) VIRTUAL',
  ],
  ['a further column', 'ALTER TABLE message ADD COLUMN extra'],
  ['an index on an expression', 'CREATE INDEX extra ON event (abs(seq))'],
  ['an index on part of a table', 'CREATE INDEX extra ON event (seq) WHERE length(body) > 3'],
  ['a full-text table', 'CREATE VIRTUAL TABLE extra USING fts5 (text)'],
  ['a spatial table', 'CREATE VIRTUAL TABLE extra USING rtree (id, a, b)'],
  ['no table of messages', 'DROP TABLE message'],
  ['no index by time', 'DROP INDEX event_by_time'],
  ['no run', 'DELETE FROM run'],
  [
    'a default that computes',
    altered(
      "UPDATE sqlite_schema SET sql = replace(sql, 'events INTEGER NOT NULL DEFAULT 0', 'events INTEGER NOT NULL DEFAULT (abs(-9223372036854775808))') WHERE name = 'run'",
    ),
  ],
  [
    'a statement that differs by one character',
    altered(
      "UPDATE sqlite_schema SET sql = replace(sql, 'step INTEGER', 'step INTEGES') WHERE name = 'event'",
    ),
  ],
  [
    'a statement that is none',
    altered("UPDATE sqlite_schema SET sql = 'CREATE TABLE event (' WHERE name = 'event'"),
  ],
  [
    'a statement that is a hundred thousand characters long',
    altered("UPDATE sqlite_schema SET sql = sql || printf('%100000c', ' ') WHERE name = 'event'"),
  ],
  [
    'two tables on one page',
    altered(
      "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'run') WHERE name = 'event'",
    ),
  ],
  [
    'a table on a page that is not there',
    altered("UPDATE sqlite_schema SET rootpage = 4000000 WHERE name = 'message'"),
  ],
  [
    'an index on the page of a table',
    altered(
      "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'event') WHERE name = 'event_by_time'",
    ),
  ],
  [
    'a table twice',
    altered(
      "INSERT INTO sqlite_schema SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema WHERE name = 'fault'",
    ),
  ],
  [
    'ten thousand tables',
    altered(
      "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 10000) INSERT INTO sqlite_schema SELECT 'table', 't' || x, 't' || x, 0, 'CREATE TABLE t' || x || '(a)' FROM r",
    ),
  ],
  ['the version after next', 'PRAGMA user_version = 99'],
  ['a version below zero', 'PRAGMA user_version = -5'],
  ['no version', 'PRAGMA user_version = 0'],
  ["another application's id", 'PRAGMA application_id = 1'],
];

function altered(statement: string): string {
  return `PRAGMA writable_schema = ON; ${statement}; PRAGMA writable_schema = OFF`;
}

const BOMB = "'{\"kind\":\"role\",\"a\":' || replace(printf('%20000c', '['), ' ', '[') || ''";

const VALUES: readonly [string, string][] = [
  ['a title of 20 MB', "UPDATE run SET title = replace(hex(zeroblob(10000000)), '0', 'x')"],
  ['a scenario of 8 MB', 'UPDATE run SET scenario = hex(zeroblob(4000000))'],
  ['options of 8 MB', `UPDATE run SET options = '{"a":"' || hex(zeroblob(4000000)) || '"}'`],
  ['an event of 20 MB', 'UPDATE event SET body = hex(zeroblob(10000000)) WHERE key = 3'],
  ['a source of 8 MB', 'UPDATE event SET source = hex(zeroblob(4000000)) WHERE key = 3'],
  ['a blob of 12 MB as the type of a message', 'UPDATE message SET type = zeroblob(12000000) WHERE key = 1'],
  [
    'keyframes of 6 MB',
    'UPDATE keyframe SET state = hex(zeroblob(3000000)) WHERE at_ns = (SELECT min(at_ns) FROM keyframe)',
  ],
  [
    'commands of 8 MB',
    'UPDATE entry SET commands = hex(zeroblob(4000000)) WHERE key = (SELECT min(key) FROM entry)',
  ],
  [
    'an operation of 8 MB',
    'UPDATE operation SET value = hex(zeroblob(4000000)) WHERE key = (SELECT min(key) FROM operation)',
  ],
  [
    'thousands of bodies of 20 KB each',
    "UPDATE event SET body = json_set(body, '$.x', hex(zeroblob(50000)))",
  ],
  ['text where times belong', "UPDATE event SET at_ns = 'now'"],
  ['text where numbers of events belong', "UPDATE event SET seq = 'x' || key"],
  ['blobs where bodies belong', 'UPDATE event SET body = CAST(body AS BLOB)'],
  ['bodies that are no JSON', 'UPDATE event SET body = substr(body, 1, 10)'],
  ['bodies that are numbers', 'UPDATE event SET body = 5'],
  ['bodies that are lists', "UPDATE event SET body = '[]'"],
  ['bodies without what belongs in them', `UPDATE event SET body = json_object('kind', kind)`],
  [
    'bodies with other types in them',
    `UPDATE event SET body = json_object('kind', kind, 'to', 5, 'from', json('[]'), 'term', 'x', 'body', 3, 'node', json('{}'))`,
  ],
  [
    'bodies nested twenty thousand deep',
    `UPDATE event SET body = ${BOMB} WHERE kind IN ('role', 'run-started')`,
  ],
  [
    'options nested five hundred deep',
    `UPDATE run SET options = '{"a":' || replace(printf('%500c', '['), ' ', '[') || replace(printf('%500c', ']'), ' ', ']') || '}'`,
  ],
  [
    'keyframes nested and empty',
    "UPDATE keyframe SET state = '{\"nodes\":' || replace(printf('%5000c', '['), ' ', '[') || replace(printf('%5000c', ']'), ' ', ']') || '}'",
  ],
  ['keyframes without nodes', "UPDATE keyframe SET state = '{}'"],
  [
    'keyframes with a hundred thousand nodes',
    "UPDATE keyframe SET state = '{\"nodes\":[' || replace(hex(zeroblob(50000)), '0', '{},') || '{}]}'",
  ],
  ['keyframes that are null', "UPDATE keyframe SET state = 'null'"],
  ['kinds that nobody knows', 'UPDATE event SET kind = \'unheard-of\', body = \'{"kind":"unheard-of"}\''],
  ['times below zero', 'UPDATE event SET at_ns = -at_ns'],
  ['times beyond all counting', 'UPDATE event SET at_ns = 9223372036854775807 - key'],
  ['times that are not finite', 'UPDATE event SET at_ns = 9e999'],
  ['a run longer than the world', 'UPDATE run SET duration_ns = 9223372036854775807'],
  ['a run shorter than nothing', 'UPDATE run SET duration_ns = -1'],
  ['a run whose length is a word', "UPDATE run SET duration_ns = 'long'"],
  ['more events than there are', 'UPDATE run SET events = 4000000000000'],
  ['a start that is no time', "UPDATE run SET started_at = 'yesterday'"],
  ['a run id that is a path', "UPDATE run SET run_id = '../../../../etc/passwd-and-something-more'"],
  [
    'a run id with a null character',
    "UPDATE run SET run_id = '01890a5d-ac96-774b-bcce-b302099a80' || char(0) || 'a'",
  ],
  ['a run id that is a number', 'UPDATE run SET run_id = 7'],
  ['nodes that are no list', 'UPDATE run SET nodes = \'{"n1":1}\''],
  ['nodes that are numbers', "UPDATE run SET nodes = '[1,2,3]'"],
  [
    'a hundred thousand nodes',
    "UPDATE run SET nodes = '[' || replace(hex(zeroblob(50000)), '0', '\"n\",') || '\"n\"]'",
  ],
  [
    'a recorder that is process 1',
    "UPDATE run SET status = 'recording', recorder_pid = 1, recorder_token = 'boot x start 0'",
  ],
  ['messages with words for times', "UPDATE message SET sent_ns = 'x', ended_ns = 'y', arrived_ns = 'z'"],
  ['messages with lists for terms', "UPDATE message SET term = '[1]', bytes = 'many', entries = x'00'"],
  ['messages of a type that is a blob', "UPDATE message SET type = x'ff00ff', fate = x'00'"],
  ['faults without JSON', "UPDATE fault SET targets = '', parameters = 'x'"],
  ['faults with null for JSON', "UPDATE fault SET targets = 'null', parameters = '[]', from_ns = 'x'"],
  ['elections without JSON', "UPDATE election SET candidates = 'n1', voters = '{'"],
  [
    'elections with words for figures',
    "UPDATE election SET detection_ms = 'soon', elected_ns = 'late', started_ns = x'00'",
  ],
  ['operations with words for times', "UPDATE operation SET invoked_ns = 'x', completed_ns = 'y'"],
  ['entries with words for indexes', "UPDATE entry SET first = 'x', last = 'y', term = 'z'"],
  ['entries without an end', 'UPDATE entry SET first = 1, last = 9007199254740991'],
  ['density with words', "UPDATE density SET events = 'x'"],
  ['a circle of causes', "UPDATE event SET cause = source || '/' || incarnation || '/' || seq"],
  ['everybody caused by one', "UPDATE event SET cause = 'lab/1/1'"],
  [
    'nothing at all in it',
    'DELETE FROM event; DELETE FROM message; DELETE FROM keyframe; DELETE FROM density; DELETE FROM entry',
  ],
];

type Change = (base: Buffer) => Buffer | undefined;

const header =
  (at: number, value: number, size: 1 | 2 | 4): Change =>
  (base) => {
    base.writeUIntBE(value, at, size);
    return undefined;
  };

const LIES: readonly [string, Change][] = [
  ['pages of 512 bytes, it says', header(16, 512, 2)],
  ['pages of 4096 bytes, it says', header(16, 4096, 2)],
  ['pages of 64 KiB, it says', header(16, 1, 2)],
  ['pages of 3 bytes, it says', header(16, 3, 2)],
  ['four thousand million pages, it says', header(28, 0xffffffff, 4)],
  ['no pages, it says', header(28, 0, 4)],
  ['pages that are mostly reserved', header(20, 255, 1)],
  ['a text encoding that is none', header(56, 9, 4)],
  ['texts in UTF-16, it says', header(56, 3, 4)],
  ['a schema format that is none', header(44, 77, 4)],
  ['a file format that is none', header(18, 0x0909, 2)],
  ['a write-ahead log that is not there', header(18, 0x0202, 2)],
  [
    'a free page that is the first page',
    (base) => (base.writeUInt32BE(1, 32), base.writeUInt32BE(5, 36), undefined),
  ],
  [
    'free pages far outside',
    (base) => (base.writeUInt32BE(3_000_000, 32), base.writeUInt32BE(900, 36), undefined),
  ],
  ['interior pages that point at themselves', (base) => circled(base, (page) => page)],
  ['interior pages that point at the first page', (base) => circled(base, () => 1)],
  ['interior pages that all point at one leaf', (base) => circled(base, () => 5)],
  ['rows that go on in overflow pages without end', (base) => overflowed(base)],
  ['nothing but its first hundred bytes', (base) => base.subarray(0, 100)],
  ['garbage for pages', (base) => base.fill(0x5a, 100)],
  ['zeros for pages', (base) => base.fill(0, 100)],
  ['a second half from elsewhere', (base) => base.fill(0x0d, base.length >> 1)],
];

/** Sends every pointer of interior pages (of tables and indexes) elsewhere. */
function circled(base: Buffer, target: (page: number) => number): Buffer {
  for (let page = 2; page <= base.length / PAGE_BYTES; page++) {
    const start = (page - 1) * PAGE_BYTES;
    const type = base.readUInt8(start);
    if (type !== 5 && type !== 2) continue;
    base.writeUInt32BE(target(page), start + 8);
    const cells = Math.min(base.readUInt16BE(start + 3), 200);
    for (let cell = 0; cell < cells; cell++) {
      const at = base.readUInt16BE(start + 12 + 2 * cell);
      if (at + 4 <= PAGE_BYTES) base.writeUInt32BE(target(page), start + at);
    }
  }
  return base;
}

/** The last four bytes of every page that is no page of a tree: where an overflow chain goes on. */
function overflowed(base: Buffer): Buffer {
  for (let page = 2; page <= base.length / PAGE_BYTES; page++) {
    const start = (page - 1) * PAGE_BYTES;
    if (![2, 5, 10, 13].includes(base.readUInt8(start))) base.writeUInt32BE(page, start);
  }
  return base;
}

const SPECIAL: readonly [string, (base: Buffer, file: string) => void][] = [
  ['an empty file', (_, file) => writeFileSync(file, '')],
  ['a folder', (_, file) => mkdirSync(file)],
  ['a pipe', (_, file) => void execFileSync('mkfifo', [file])],
  ['a link to a device without end', (_, file) => symlinkSync('/dev/zero', file)],
  ['a link to nothing', (_, file) => symlinkSync('/nowhere/at/all', file)],
  ['a link to itself', (_, file) => symlinkSync(file, file)],
  ['a text', (_, file) => writeFileSync(file, 'Not a trace at all. '.repeat(200))],
  ['a file nobody may read', (base, file) => (writeFileSync(file, base), chmodSync(file, 0o000))],
];

const LOGS: readonly [string, (base: Buffer, file: string) => void][] = [
  ['a write-ahead log of garbage beside it', (base, file) => logged(base, file, Buffer.alloc(9_000, 0x37))],
  [
    'a pipe for a write-ahead log',
    (base, file) => (writeFileSync(file, base), void execFileSync('mkfifo', [`${file}-wal`])),
  ],
  [
    'a link to a device for a write-ahead log',
    (base, file) => (writeFileSync(file, base), symlinkSync('/dev/zero', `${file}-wal`)),
  ],
  [
    'a journal beside it that names other files',
    (base, file) => (
      writeFileSync(file, base),
      writeFileSync(
        `${file}-journal`,
        Buffer.concat([Buffer.from('d9d505f920a163d7', 'hex'), Buffer.alloc(4096, 1)]),
      )
    ),
  ],
  ['a write-ahead log that brings a view which never ends', (base, file) => lateView(base, file)],
  ['a write-ahead log that is cut in the middle', (base, file) => lateView(base, file, 0.6)],
];

function logged(base: Buffer, file: string, log: Buffer): void {
  base.writeUInt16BE(0x0202, 18);
  writeFileSync(file, base);
  writeFileSync(`${file}-wal`, log);
}

/** The file itself is a sound trace; what lies in wait is in its log. */
function lateView(base: Buffer, file: string, share = 1): void {
  const made = `${file}.making`;
  writeFileSync(made, base);
  const database = new Database(made);
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('wal_autocheckpoint = 0');
    database.exec(
      'CREATE VIEW extra AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT x FROM r',
    );
    database.exec("UPDATE event SET body = '[]'");
    const log = readFileSync(`${made}-wal`);
    writeFileSync(file, readFileSync(made));
    writeFileSync(`${file}-wal`, log.subarray(0, Math.floor(log.length * share)));
  } finally {
    database.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(made + suffix, { force: true });
  }
}

function tampered(base: Buffer, file: string, statements: string): void {
  writeFileSync(file, base);
  const database = new Database(file);
  try {
    database.unsafeMode(true);
    database.pragma('journal_mode = MEMORY');
    database.pragma('synchronous = OFF');
    database.exec(statements);
  } finally {
    database.close();
  }
}

const PLACES = ['in the header', 'in the schema', 'in heads of pages', 'in cells', 'anywhere'] as const;

function placeOf(base: Buffer, where: (typeof PLACES)[number], random: () => number): number {
  const within = (from: number, to: number) => from + Math.floor(random() * (to - from));
  const page = within(1, base.length / PAGE_BYTES) * PAGE_BYTES;
  switch (where) {
    case 'in the header':
      return within(0, 100);
    case 'in the schema':
      return within(100, 4 * PAGE_BYTES);
    case 'in heads of pages':
      return page + within(0, 12);
    case 'in cells':
      return page + within(PAGE_BYTES / 2, PAGE_BYTES);
    case 'anywhere':
      return within(0, base.length);
  }
}

function runIdIn(trace: Buffer): string {
  const found = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(trace.toString('latin1'))?.[0];
  if (found === undefined) throw new Error('the good trace has no run id');
  return found;
}

function replaced(trace: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(trace);
  for (let at = copy.indexOf(from, 0, 'latin1'); at >= 0; at = copy.indexOf(from, at + 1, 'latin1'))
    copy.write(to, at, 'latin1');
  return copy;
}

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
