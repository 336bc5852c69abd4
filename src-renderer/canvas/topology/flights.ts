import type { MessageRow, Nanoseconds, NodeId } from '../../../src-main/api/index.ts';

/** A message as it is drawn: where it flies and how far it is. */
export interface Flight {
  id: string;
  from: NodeId;
  to: NodeId;
  /** 0 at the sender, 1 at the receiver. */
  progress: number;
  /** It ended on the way. */
  lost: boolean;
  /** So many like it wait on the same link; 1 for a message drawn by itself. */
  count: number;
  row: MessageRow;
}

/** Loopback messages fly for 0.1 ms; anything shorter on the screen than this cannot be seen. */
export const VOTE_MS_MIN = 400;
export const OTHER_MS_MIN = 200;

export function isVote(row: MessageRow): boolean {
  return row.type.startsWith('RequestVote') || row.type.startsWith('PreVote') || row.type === 'TimeoutNow';
}

/** AppendEntries without entries, and the answers to them, are folded into the rates of links. */
export function isHeartbeat(row: MessageRow): boolean {
  return row.type === 'AppendEntries' && row.entries === 0;
}

/** The end of the true flight: delivery, or the arrival or loss that was its end; open ones last to the end of time. */
function endOf(row: MessageRow): Nanoseconds {
  if (row.deliveredNs !== null) return row.deliveredNs;
  if (row.fate === 'under-way') return Infinity;
  return row.arrivedNs ?? row.sentNs;
}

/**
 * The messages under way at a moment that stands still: those sent and not yet delivered, both ends included, so that stepping to either
 * shows the message. Those that nobody has taken in yet (their receiver is paused, for instance) are drawn as one a link, with their number.
 */
export function flightsAt(rows: readonly MessageRow[], atNs: Nanoseconds): Flight[] {
  const flights: Flight[] = [];
  const waiting = new Map<string, Flight>();
  for (const row of rows) {
    const endNs = endOf(row);
    if (row.sentNs > atNs || endNs < atNs) continue;
    if (endNs === Infinity) {
      const link = `${row.from}>${row.to}`;
      waiting.set(link, { ...flight(row, 0.5), count: (waiting.get(link)?.count ?? 0) + 1 });
    } else {
      flights.push(flight(row, endNs === row.sentNs ? 1 : (atNs - row.sentNs) / (endNs - row.sentNs)));
    }
  }
  return [...flights, ...waiting.values()];
}

/** When each message is drawn: long enough to be seen, and an answer not before what it answers has come in. */
export interface DrawnFlight {
  row: MessageRow;
  startNs: Nanoseconds;
  endNs: Nanoseconds;
}

/**
 * Plans the drawing of messages while time plays at `rate`: a vote takes at least 400 ms of the watcher's time, anything else 200. What a
 * node sends because of a message starts where that message was drawn to arrive.
 */
export function planFlights(rows: readonly MessageRow[], rate: number): DrawnFlight[] {
  const inOrder = [...rows].sort((a, b) => a.sentNs - b.sentNs);
  const plan: DrawnFlight[] = [];
  for (const row of inOrder) {
    const least = (isVote(row) ? VOTE_MS_MIN : OTHER_MS_MIN) * 1e6 * rate;
    const trueEnd = endOf(row);
    let startNs = row.sentNs;
    for (const earlier of plan) {
      if (earlier.row.to !== row.from || earlier.row.from !== row.to) continue;
      if (endOf(earlier.row) > row.sentNs || row.sentNs - earlier.row.sentNs > least) continue;
      startNs = Math.max(startNs, earlier.endNs);
    }
    const length = trueEnd === Infinity ? least : Math.max(least, trueEnd - row.sentNs);
    plan.push({ row, startNs, endNs: startNs + length });
  }
  return plan;
}

export function flightsOfPlan(plan: readonly DrawnFlight[], atNs: Nanoseconds): Flight[] {
  const flights: Flight[] = [];
  for (const { row, startNs, endNs } of plan) {
    if (startNs > atNs || endNs < atNs) continue;
    flights.push(flight(row, (atNs - startNs) / Math.max(1, endNs - startNs)));
  }
  return flights;
}

function flight(row: MessageRow, progress: number): Flight {
  const lost = row.fate === 'dropped' || row.fate === 'lost';
  return {
    id: row.id,
    from: row.from,
    to: row.to,
    progress: lost ? progress * 0.6 : progress,
    lost,
    count: 1,
    row,
  };
}

/** What an answer is called, granted and refused. */
const ANSWERS: Record<string, readonly [string, string]> = {
  RequestVoteReply: ['vote', 'no vote'],
  PreVoteReply: ['promise', 'no promise'],
  AppendEntriesReply: ['ok', 'refused'],
  ReadIndexReply: ['read index', 'no read index'],
};

/** `RequestVote`, `vote`, `no vote`, `AppendEntries 12 entries`, `ok`. */
export function flightLabel(row: MessageRow): string {
  const answer = ANSWERS[row.type];
  if (answer)
    return row.granted === false || (row.granted === null && row.type.endsWith('VoteReply'))
      ? answer[1]
      : answer[0];
  if (row.type === 'InstallSnapshot') return 'snapshot';
  if (row.type === 'InstallSnapshotReply')
    return row.granted === null ? 'chunk' : row.granted ? 'installed' : 'refused';
  if (row.type === 'AppendEntries') {
    if (row.entries === 0) return '';
    return `${row.entries} ${row.entries === 1 ? 'entry' : 'entries'}`;
  }
  return row.type;
}
