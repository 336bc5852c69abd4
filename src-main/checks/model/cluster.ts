/** What every node is known to be and to hold, folded from its events: role, commit index, configuration, log and disk. */
import type { Configuration, LogIndex, NodeId, Role, StorageId, Term } from '../../consensus/replica.ts';
import type { EventRef } from './finding.ts';
import { refOf } from './finding.ts';
import { LogRuns, loadRuns } from './log-runs.ts';
import type { EventOf, Handlers } from './rule.ts';

export interface NodeFacts {
  readonly id: NodeId;
  /** Its start was seen, and nothing of what it said since is missing. */
  known: boolean;
  incarnation: number;
  role: Role;
  /** In which it has that role. */
  term: Term;
  /** Where it took that role. */
  roleSince: EventRef | undefined;
  commit: LogIndex;
  /** In force (Raft §6: the newest in the log), and the one that was before, each with what brought it. */
  configuration: Configuration | undefined;
  configurationSince: EventRef | undefined;
  formerConfiguration: Configuration | undefined;
  formerConfigurationSince: EventRef | undefined;
  storageId: StorageId | undefined;
  /** As the replica has it in memory. */
  readonly log: LogRuns;
  /** Entries that the last append replaced without a word. */
  overwritten: number;
  /** As it is synced. */
  readonly disk: LogRuns;
  /** What said so last. */
  syncedBy: EventRef | undefined;
  /** What was synced on a disk that it has no more. */
  formerDisk: LogRuns | undefined;
  /** What the disk will hold once the write under way is synced. */
  readonly writing: LogRuns;
  /** Version of `log` when that write began; -1 while there is none. */
  writingVersion: number;
}

export class Cluster {
  readonly #nodes = new Map<NodeId, NodeFacts>();

  readonly on: Handlers = {
    'node-started': (event) => this.#start(event),
    role: (event) => this.#enterRole(event),
    append: (event) => {
      const node = this.node(event.source);
      node.overwritten = node.log.append(event.first, event.last, event.term);
    },
    truncate: (event) => this.node(event.source).log.truncate(event.first),
    compact: (event) => this.node(event.source).log.compact(event.to, event.term),
    snapshot: (event) => {
      if (event.stage === 'installed') this.#install(event);
    },
    commit: (event) => {
      this.node(event.source).commit = event.to;
    },
    configuration: (event) => {
      if (event.stage !== 'committed') this.#configure(event);
    },
    'persist-begun': (event) => this.#write(this.node(event.source)),
    'persist-completed': (event) => {
      const node = this.node(event.source);
      node.syncedBy = refOf(event);
      this.#written(node, event.lastIndex);
    },
    gap: (event) => {
      const node = this.#nodes.get(event.of);
      // A later incarnation has told anew what it found.
      if (node?.incarnation === event.ofIncarnation) node.known = false;
    },
  };

  get nodes(): Iterable<NodeFacts> {
    return this.#nodes.values();
  }

  find(id: NodeId): NodeFacts | undefined {
    return this.#nodes.get(id);
  }

  node(id: NodeId): NodeFacts {
    let node = this.#nodes.get(id);
    if (node === undefined) {
      node = unknownNode(id);
      this.#nodes.set(id, node);
    }
    return node;
  }

  /** The disk says what is left after the restart: what was not synced may be gone. */
  #start(event: EventOf<'node-started'>): void {
    const node = this.node(event.source);
    const { storageId, snapshot, configuration } = event;
    if (storageId !== undefined && node.storageId !== undefined && storageId !== node.storageId) {
      node.formerDisk = new LogRuns();
      node.formerDisk.copy(node.disk);
    }
    node.known = true;
    node.incarnation = event.incarnation;
    node.role = 'follower';
    node.term = event.term;
    node.roleSince = refOf(event);
    node.commit = Math.max(event.applied, snapshot?.index ?? 0);
    node.configuration = configuration;
    node.configurationSince = node.roleSince;
    node.formerConfiguration = undefined;
    node.storageId = storageId;
    loadRuns(node.log, event.log, snapshot);
    node.overwritten = 0;
    node.disk.copy(node.log);
    node.syncedBy = node.roleSince;
    node.writingVersion = -1;
  }

  #enterRole(event: EventOf<'role'>): void {
    const node = this.node(event.source);
    node.role = event.to;
    node.term = event.term;
    node.roleSince = refOf(event);
  }

  #install({ source, index, term }: EventOf<'snapshot'>): void {
    const node = this.node(source);
    node.log.restart(index, term);
    node.commit = Math.max(node.commit, index);
  }

  #configure(event: EventOf<'configuration'>): void {
    const node = this.node(event.source);
    node.formerConfiguration = node.configuration;
    node.formerConfigurationSince = node.configurationSince;
    node.configuration = event.configuration;
    node.configurationSince = refOf(event);
  }

  /** One transaction makes everything durable that was decided before it began. */
  #write(node: NodeFacts): void {
    node.writing.copy(node.log);
    node.writingVersion = node.log.version;
  }

  /** @param lastIndex where the log on the disk ends, as the disk says; of compacted entries it need not know */
  #written(node: NodeFacts, lastIndex: LogIndex): void {
    const { log, disk, writing, writingVersion } = node;
    const began = writingVersion !== -1;
    disk.copy(began ? writing : log);
    node.writingVersion = -1;
    const end = Math.max(lastIndex, disk.startIndex);
    if (end >= disk.lastIndex) return;
    // Less than was asked for: the log lost its end without a word.
    disk.truncate(end + 1);
    if (began && log.version === writingVersion) log.truncate(end + 1);
  }
}

function unknownNode(id: NodeId): NodeFacts {
  return {
    id,
    known: false,
    incarnation: 0,
    role: 'follower',
    term: 0,
    roleSince: undefined,
    commit: 0,
    configuration: undefined,
    configurationSince: undefined,
    formerConfiguration: undefined,
    formerConfigurationSince: undefined,
    storageId: undefined,
    log: new LogRuns(),
    overwritten: 0,
    disk: new LogRuns(),
    syncedBy: undefined,
    formerDisk: undefined,
    writing: new LogRuns(),
    writingVersion: -1,
  };
}
