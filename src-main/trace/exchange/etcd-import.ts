/**
 * Makes a trace of the lines that etcd-io/raft writes of itself (`state_trace.go`), bare or in the envelope of a logger. A line says
 * what a node is like after something happened; what changed is told by comparing it with the node's line before.
 */
import type { EventPayload, MessageId } from '../model/events.ts';
import type { NodeId } from '../../consensus/replica.ts';
import { byNumber } from '../model/reducer.ts';
import { EtcdNode } from './etcd-node.ts';
import { CHANGES_OF_ETCD, messageOfEtcd, nodeOfEtcd } from './etcd-words.ts';
import type { EtcdLine, EtcdMessage } from './etcd-words.ts';
import { readEtcdLine } from './etcd-line.ts';
import { importedHeader } from './imported-header.ts';
import type { ImportedRun, ImportJob } from './importing.ts';
import { parseJsonLine } from './json-line.ts';
import { readLines } from './lines.ts';
import { ExchangeRefused } from './output-file.ts';
import { SourceClock } from './source-clock.ts';

const ETCD_REMEDY = 'Record the trace again with a TraceLogger that writes one event a line.';
const LINE_BYTES_MAX = 4 * 1024 * 1024;
/** Messages that were sent and not yet received; older ones are taken for lost. */
const UNDER_WAY_MAX = 500_000;

/** @throws ExchangeRefused that names file, line and field */
export function importEtcd(job: ImportJob): ImportedRun {
  const reading = new EtcdImport(job);
  for (const line of readLines(job.file, { lineBytesMax: LINE_BYTES_MAX, progress: job.progress })) {
    const fields = parseJsonLine(job.file, line, ETCD_REMEDY);
    reading.take(readEtcdLine(job.file, line.number, fields), fields['ts']);
  }
  return reading.finish();
}

class EtcdImport {
  readonly #job: ImportJob;
  readonly #clock: SourceClock;
  readonly #nodes = new Map<NodeId, EtcdNode>();
  /** What a message says -> the ids of those that say it and are under way, oldest first. */
  readonly #underWay = new Map<string, MessageId[]>();
  #unsent = 0;
  #lines = 0;

  constructor(job: ImportJob) {
    this.#job = job;
    this.#clock = new SourceClock(job.spools);
  }

  take(line: EtcdLine, seconds: unknown): void {
    this.#lines++;
    this.#clock.line(seconds);
    const id = nodeOfEtcd(line.nid);
    let node = this.#nodes.get(id);
    const known = node;
    node ??= new EtcdNode(id);
    this.#nodes.set(id, node);
    if (line.name === 'InitState' || known === undefined) {
      this.#clock.begin(id);
      this.#record(id, node.start(line));
    }
    if (line.msg !== undefined && line.name.startsWith('Receive')) this.#receive(node, line.msg);
    for (const event of node.changes(line, (index) => this.#termOf(index, node))) this.#record(id, event);
    if (line.msg !== undefined && line.name.startsWith('Send')) this.#send(node, line.msg);
    if (line.name === 'ChangeConf') this.#changeConf(id, line);
  }

  finish(): ImportedRun {
    if (this.#lines === 0)
      throw new ExchangeRefused(`${this.#job.file} holds no event of etcd-io/raft. ${ETCD_REMEDY}`);
    this.#job.spools.close();
    const times = this.#clock.timed ? 'as the lines say' : 'none: the lines carry none, and stand 1 ms apart';
    const header = importedHeader(this.#job, {
      format: 'etcd-ndjson',
      protocol: 'raft',
      nodes: [...this.#nodes.keys()].sort(byNumber),
      startedAt: this.#clock.startedAt,
      lines: this.#lines,
      notes: {
        times,
        unknown: ['hashes of the log', 'what was applied', 'bodies of entries', 'processes', 'bytes sent'],
      },
    });
    return { header, status: 'complete', reason: 'imported', noted: [] };
  }

  #record(node: NodeId, payload: EventPayload, cause: MessageId | null = null): MessageId {
    return this.#clock.record(node, payload, cause);
  }

  #send(node: EtcdNode, message: EtcdMessage): void {
    const { type, body } = messageOfEtcd(message, (index) => node.termAt(index));
    const to = nodeOfEtcd(message.to);
    const id = this.#record(node.id, { kind: 'send', to, type, term: message.term, bytes: 0, body });
    const key = keyOf(message);
    const waiting = this.#underWay.get(key);
    if (waiting === undefined) this.#underWay.set(key, [id]);
    else waiting.push(id);
    if (this.#underWay.size <= UNDER_WAY_MAX) return;
    const oldest = this.#underWay.keys().next();
    if (!oldest.done) this.#underWay.delete(oldest.value);
  }

  /** The oldest sending that says the same is the one that is received; a sending that is not in the file has a number that no event has. */
  #receive(node: EtcdNode, message: EtcdMessage): void {
    const key = keyOf(message);
    const waiting = this.#underWay.get(key);
    const sent = waiting?.shift();
    if (waiting?.length === 0) this.#underWay.delete(key);
    const from = nodeOfEtcd(message.from);
    const id = sent ?? `${from}/0/${++this.#unsent}`;
    const { type } = messageOfEtcd(message, () => undefined);
    this.#record(node.id, { kind: 'deliver', message: id, from, type, term: message.term }, id);
    const tally = type === 'RequestVoteReply' ? node.tally(from, message.term, !message.reject) : undefined;
    if (tally !== undefined) this.#record(node.id, tally, id);
    if (type === 'AppendEntries' || type === 'InstallSnapshot') node.ledBy(from, message.term);
  }

  #changeConf(id: NodeId, line: EtcdLine): void {
    const { changes } = (line.prop?.['cc'] ?? {}) as { changes?: unknown };
    if (!Array.isArray(changes)) return;
    const wanted = changes.map((change: unknown) => {
      const { nid, action } = (change ?? {}) as { nid?: unknown; action?: unknown };
      return { kind: CHANGES_OF_ETCD[String(action)] ?? 'add-voter', node: nodeOfEtcd(String(nid)) };
    });
    const command = { kind: 'change-membership', changes: wanted };
    this.#record(id, { kind: 'operator', command, origin: 'etcd' });
  }

  /** As the leader has it that it follows. */
  #termOf(index: number, follower: EtcdNode): number | undefined {
    const leader = follower.follows === undefined ? undefined : this.#nodes.get(follower.follows);
    return leader?.termAt(index);
  }
}

function keyOf(message: EtcdMessage): string {
  const { type, term, from, to, entries, logTerm, index, commit, vote, reject, rejectHint } = message;
  return [type, term, from, to, entries, logTerm, index, commit, vote, reject, rejectHint].join(' ');
}
