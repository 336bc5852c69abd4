/** Keeps the `election` table as the detector finds elections. */
import type { TraceEvent } from '../model/events.ts';
import { ELECTION_KINDS, ElectionDetector } from '../model/elections.ts';
import type { ElectionRow } from '../model/queries.ts';
import { readEventsOfKinds } from '../reader/rows.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';
import { PacedWork } from './paced-work.ts';
import { compareEvents } from './spool-folder.ts';

const COLUMNS =
  'number, term, leader, previous_leader, lost_ns, started_ns, first_candidacy_ns, elected_ns, first_commit_ns, detection_ms, campaign_ms, first_commit_ms, downtime_ms, split_votes, candidates, voters, event';

/** Rows older than these do not change any more while the run lasts; closing writes all of them once more. */
const CHANGING_ROWS = 8;

export class ElectionRows {
  #detector = new ElectionDetector();
  #last: TraceEvent | undefined;
  /** An event came after others that it should have preceded. */
  #stale = false;
  readonly #detecting = new PacedWork(() => this.#detectAnew());
  #written: ElectionRow[] = [];
  readonly #database: SqliteDatabase;
  readonly #write: SqliteStatement;
  readonly #removeAbove: SqliteStatement;

  /** Takes up what an earlier recorder of the same file has recorded. */
  constructor(database: SqliteDatabase) {
    this.#database = database;
    const marks = COLUMNS.replaceAll(/\w+/g, '?');
    this.#write = database.prepare(`INSERT OR REPLACE INTO election (${COLUMNS}) VALUES (${marks})`);
    this.#removeAbove = database.prepare('DELETE FROM election WHERE number > ?');
    this.#detecting.run();
  }

  /** Elections so far, in order of term. */
  rows(): ElectionRow[] {
    if (this.#stale && this.#detecting.due) this.#detecting.run();
    return this.#detector.elections();
  }

  feed(event: TraceEvent): void {
    if (!ELECTION_KINDS.has(event.kind)) return;
    if (this.#last !== undefined && compareEvents(event, this.#last) < 0) this.#stale = true;
    else this.#last = event;
    this.#detector.feed(event);
  }

  /** Writes the rows that may have changed. */
  flush(): void {
    const rows = this.rows();
    if (rows === this.#written) return;
    this.#writeRows(rows, rows.length - CHANGING_ROWS);
  }

  /** Before the trace is closed: from the recorded events in their order, whenever each of them came. */
  finish(): void {
    if (this.#stale) this.#detecting.run();
    this.#writeRows(this.#detector.elections(), 0);
  }

  #writeRows(rows: ElectionRow[], from: number): void {
    for (const row of rows.slice(Math.max(0, from))) {
      this.#write.run(
        row.number,
        row.term,
        row.leader,
        row.previousLeader,
        row.lostNs,
        row.startedNs,
        row.firstCandidacyNs,
        row.electedNs,
        row.firstCommitNs,
        row.detectionMs,
        row.campaignMs,
        row.firstCommitMs,
        row.downtimeMs,
        row.splitVotes,
        JSON.stringify(row.candidates),
        JSON.stringify(row.voters),
        row.event,
      );
    }
    this.#removeAbove.run(rows.length);
    this.#written = rows;
  }

  #detectAnew(): void {
    this.#detector = new ElectionDetector();
    for (const event of readEventsOfKinds(this.#database, ELECTION_KINDS)) {
      this.#detector.feed(event);
      this.#last = event;
    }
    this.#stale = false;
  }
}
