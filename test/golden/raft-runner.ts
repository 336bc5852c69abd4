/**
 * Golden transcripts of Raft: plain prose with commands in it (`> propose n1 x`) and below each command, indented, what came
 * of it. `README.md` beside this file lists the commands.
 */
import { describeConfiguration } from '../../src-main/consensus/raft/configuration.ts';
import type { RaftOptionsGiven } from '../../src-main/consensus/raft/options.ts';
import { RAFT_BUGS, type RaftBug } from '../../src-main/consensus/raft/planted-bugs.ts';
import type { MembershipChange, Message, NodeId, OperatorInput } from '../../src-main/consensus/replica.ts';
import { GoldenCluster, type ClusterSetup } from './raft-cluster.ts';
import { entryText, messageText, progressText, statusText } from './raft-lines.ts';

const COMMAND = '> ';
const OUTPUT = '  ';

/**
 * The transcript as it must be: the same prose and commands, with what really comes of them.
 *
 * @throws Error that names the line of a command that makes no sense
 */
export function runTranscript(name: string, text: string): string {
  const runner = new Runner();
  const lines: string[] = [];
  let inOutput = false;
  text.split('\n').forEach((line, at) => {
    if (line.startsWith(COMMAND)) {
      lines.push(line, ...outputOf(runner, line.slice(COMMAND.length), `${name}:${at + 1}`));
      inOutput = true;
    } else if (!inOutput || !line.startsWith(OUTPUT)) {
      lines.push(line);
      inOutput = false;
    }
  });
  return lines.join('\n');
}

function outputOf(runner: Runner, command: string, where: string): string[] {
  try {
    return runner.run(command).map((line) => line.trimEnd());
  } catch (error) {
    throw new Error(`${where}: ${command}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

class Runner {
  #cluster: GoldenCluster | undefined;
  #lastRead = 0;

  run(command: string): string[] {
    const words = command.trim().split(/\s+/);
    if (words[0] === 'quietly') return this.#quietly(words.slice(1));
    this.#carryOut(words);
    return this.#take();
  }

  /** Only how many messages were delivered is said: the situation is to be set up, not told. */
  #quietly(words: readonly string[]): string[] {
    this.#carryOut(words);
    const { delivered } = this.#here;
    this.#take();
    return [`${OUTPUT}… ${delivered === 1 ? '1 message' : `${delivered} messages`} delivered`];
  }

  #take(): string[] {
    const lines = this.#here.takeLines();
    return lines.length === 0 ? [`${OUTPUT}nothing happens`] : lines;
  }

  get #here(): GoldenCluster {
    if (this.#cluster === undefined) throw new Error('a transcript begins with `cluster`');
    return this.#cluster;
  }

  #carryOut([verb = '', ...words]: readonly string[]): void {
    if (verb === 'cluster') {
      this.#begin(words);
      return;
    }
    const action = ACTIONS[verb];
    if (action === undefined)
      throw new Error(`unknown command; there are ${Object.keys(ACTIONS).join(', ')}`);
    action(this.#here, words);
  }

  #begin([size = '', ...words]: readonly string[]): void {
    const setup = setupOf(Number(size), words);
    this.#cluster = new GoldenCluster(setup);
    const { voters, learners } = setup;
    const listening = learners.length === 0 ? '' : `, ${learners.join(' ')} learning`;
    this.#here.say(`${voters.join(' ')} ${voters.length === 1 ? 'votes' : 'vote'}${listening}; term 0`);
  }

  nextRead(): string {
    this.#lastRead += 1;
    return `r${this.#lastRead}`;
  }
}

type Action = (cluster: GoldenCluster, words: readonly string[]) => void;

function operator(cluster: GoldenCluster, id: NodeId, command: OperatorInput): void {
  cluster.step(id, { kind: 'operator', command });
}

function first(words: readonly string[]): NodeId {
  const [id] = words;
  if (id === undefined) throw new Error('which server?');
  return id;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  campaign: (cluster, words) => operator(cluster, first(words), { kind: 'campaign' }),
  propose: (cluster, [id = '', ...datas]) =>
    cluster.step(id, { kind: 'propose', proposals: datas.map((data) => ({ id: data, data })) }),
  read: (cluster, [id = '', mode, ...ids]) => {
    if (mode !== 'read-index' && mode !== 'lease') throw new Error('read SERVER read-index|lease NAME');
    cluster.step(id, { kind: 'read', reads: ids.map((each) => ({ id: each, mode })) });
  },
  deliver: (cluster, words) => {
    const which = words.at(-1);
    const some = which === 'first' || which === 'last';
    cluster.deliver(selector(some ? words.slice(0, -1) : words), some ? which : 'all');
  },
  stabilize: (cluster, words) => cluster.stabilize((id) => words.length === 0 || words.includes(id)),
  drop: (cluster, words) => {
    if (cluster.drop(selector(words)) === 0) throw new Error('No such message is under way');
  },
  repeat: (cluster, words) => cluster.repeat(selector(words)),
  tick,
  wait: (cluster, [ms]) => {
    cluster.now += Number(ms);
    cluster.say(`it is ${clock(cluster)}`);
  },
  partition: (cluster, words) => {
    const groups = words
      .join(' ')
      .split('|')
      .map((group) => group.trim().split(' '));
    cluster.say(`only these hear each other: ${groups.map((group) => group.join(' ')).join(' | ')}`);
    cluster.partition(groups);
  },
  heal: (cluster) => {
    cluster.heal();
    cluster.say('everybody hears everybody');
  },
  change,
  'leave-joint': (cluster, words) => operator(cluster, first(words), { kind: 'leave-joint' }),
  transfer: (cluster, [id = '', to = '']) => operator(cluster, id, { kind: 'transfer-leadership', to }),
  'forget-leader': (cluster, words) => operator(cluster, first(words), { kind: 'forget-leader' }),
  snapshot: (cluster, words) => operator(cluster, first(words), { kind: 'snapshot' }),
  crash: (cluster, words) => {
    for (const id of words) cluster.server(id).crash();
    cluster.say(`${words.join(' ')} down`);
  },
  restart: (cluster, words) => {
    for (const id of words) {
      cluster.server(id).crash();
      cluster.server(id).start();
      sayStatus(cluster, id);
    }
  },
  wipe: (cluster, words) => {
    cluster.wipe(first(words));
    cluster.say(`${first(words)} down, its disk replaced by an empty one`);
  },
  join: (cluster, words) => {
    const server = cluster.servers.get(first(words)) ?? cluster.join(first(words));
    server.start();
    sayStatus(cluster, first(words));
  },
  history: (cluster, words) => {
    const at = words.indexOf('term');
    const terms = words.slice(1, at === -1 ? undefined : at).map(Number);
    const term = at === -1 ? (terms.at(-1) ?? 0) : Number(words[at + 1]);
    const vote = words.indexOf('vote');
    cluster.history(first(words), terms, term, vote === -1 ? null : (words[vote + 1] ?? null));
    sayStatus(cluster, first(words));
  },
  async: (cluster, words) => {
    for (const id of words) cluster.server(id).prompt = false;
    cluster.say(`writes of ${words.join(' ')} take until \`persist\``);
  },
  persist: (cluster, [id = '', count]) => {
    const server = cluster.server(id);
    if (server.writes.length === 0) throw new Error('No write is under way');
    cluster.as(id, () => {
      server.finishWrites(count === undefined ? server.writes.length : Number(count));
      server.finishJobs(server.jobs.length);
    });
  },
  log: (cluster, words) => {
    for (const id of words) {
      const { log } = cluster.raft(id);
      const entries = Array.from({ length: log.lastIndex - log.start.index }, (_, at) =>
        entryText(log.entryAt(log.start.index + 1 + at)),
      );
      const start = log.start.index === 0 ? '' : `after ${log.start.index}@${log.start.term}: `;
      cluster.say(`${id}  ${start}${entries.length === 0 ? 'empty' : entries.join(', ')}`);
    }
  },
  state: (cluster, words) => {
    for (const id of words) {
      const { applied, commands } = cluster.server(id).machine;
      cluster.say(`${id}  after entry ${applied}: ${commands.length === 0 ? 'nothing' : commands.join(' ')}`);
    }
  },
  status: (cluster, words) => {
    const ids = words.length === 0 ? [...cluster.servers.keys()] : words;
    for (const id of ids) sayStatus(cluster, id, words.length > 0);
  },
  inflight: (cluster) => {
    for (const { message } of cluster.underWay)
      cluster.say(`${message.from} → ${message.to}  ${messageText(message)}`);
    if (cluster.underWay.length === 0) cluster.say('nothing is under way');
  },
};

function tick(cluster: GoldenCluster, [id = '', timer]: readonly string[]): void {
  const { deadline, status } = cluster.raft(id);
  if (timer !== 'heartbeat' && timer !== 'election') throw new Error('tick SERVER heartbeat|election');
  if ((status.role === 'leader') !== (timer === 'heartbeat') || deadline === undefined)
    throw new Error(`${id} is ${status.role} and has no ${timer} timer running`);
  cluster.now = Math.max(cluster.now, deadline);
  cluster.say(`it is ${clock(cluster)}`);
  cluster.step(id, { kind: 'timeout' });
}

function clock({ now }: GoldenCluster): string {
  return `${Math.round(now)} ms`;
}

/** `+n4` a voter, `learner=n5`, `-n2`. */
function change(cluster: GoldenCluster, [id = '', ...words]: readonly string[]): void {
  const kinds = { auto: 'auto', simple: 'simple', joint: 'joint', explicit: 'joint-explicit' } as const;
  let transition: (typeof kinds)[keyof typeof kinds] = 'auto';
  const changes: MembershipChange[] = [];
  for (const word of words) {
    if (isKeyOf(kinds, word)) transition = kinds[word];
    else changes.push(changeOf(cluster, word));
  }
  operator(cluster, id, { kind: 'change-membership', changes, transition });
}

function changeOf(cluster: GoldenCluster, word: string): MembershipChange {
  const [, sign, node = ''] = /^(\+|-|learner=)(n\d+)$/.exec(word) ?? [];
  if (sign === '-') return { kind: 'remove', node };
  const storage = cluster.servers.get(node)?.storageId;
  const disk = storage === undefined ? undefined : { storage };
  if (sign === '+') return { kind: 'add-voter', node, ...disk };
  if (sign === 'learner=') return { kind: 'add-learner', node, ...disk };
  throw new Error(`${word} is no change: say +n4, -n4 or learner=n4`);
}

/** `n1->n2`, `n2` for whatever goes there, and if wanted the type of message. */
function selector(words: readonly string[]): (message: Message) => boolean {
  const types = words.filter((word) => /^[A-Z]/.test(word));
  const links = words.filter((word) => !/^[A-Z]/.test(word)).map((word) => word.split('->'));
  if (links.length === 0) throw new Error('which messages? say n1->n2, or n2 for all that go there');
  return ({ type, from, to }) =>
    (types.length === 0 || types.includes(type)) &&
    links.some((link) => (link.length === 1 ? link[0] === to : link[0] === from && link[1] === to));
}

function sayStatus(cluster: GoldenCluster, id: NodeId, full = false): void {
  const { raft } = cluster.server(id);
  if (raft === undefined) {
    cluster.say(`${id}  down`);
    return;
  }
  cluster.say(`${id}  ${statusText(raft.status)}`);
  if (!full) return;
  const { configuration, index } = raft.status.configuration;
  cluster.say(`    configuration of entry ${index}: ${describeConfiguration(configuration)}`);
  const window = cluster.options.maxInflightMessages ?? Infinity;
  for (const progress of raft.status.progress) cluster.say(`    ${progressText(progress, window)}`);
}

/** Switches and settings of `cluster`, by their names in a transcript. */
const SWITCHES: Readonly<Record<string, Partial<RaftOptionsGiven>>> = {
  prevote: { preVote: true },
  checkquorum: { checkQuorum: true },
  lease: { checkQuorum: true, reads: 'lease' },
  'no-no-op': { termStartNoOp: false },
  'no-hints': { conflictHints: false },
  'write-first': { overlapPersistence: false },
  'leader-stays': { stepDownOnRemoval: false },
};
const NUMBERS: Readonly<Record<string, keyof RaftOptionsGiven>> = {
  'entries-a-message': 'maxEntriesPerMessage',
  inflight: 'maxInflightMessages',
  'inflight-bytes': 'maxInflightBytes',
  uncommitted: 'maxUncommittedBytes',
  'snapshot-every': 'snapshotEveryEntries',
  'snapshot-keep': 'snapshotKeepEntries',
  chunk: 'snapshotChunkBytes',
};

function setupOf(size: number, words: readonly string[]): ClusterSetup {
  if (!Number.isInteger(size) || size < 1) throw new Error('cluster SIZE …');
  let options: RaftOptionsGiven = {
    electionTimeoutMs: { min: 150, max: 300 },
    heartbeatMs: 50,
    snapshotEveryEntries: 0,
    snapshotKeepEntries: 0,
  };
  let learners: NodeId[] = [];
  let bug: RaftBug | undefined;
  for (const word of words) {
    const [name = '', value = ''] = word.split('=');
    const number = NUMBERS[name];
    if (SWITCHES[name] !== undefined) options = { ...options, ...SWITCHES[name] };
    else if (number !== undefined) options = { ...options, [number]: Number(value) };
    else if (name === 'learners') learners = value.split(',');
    else if (name === 'priorities') options = { ...options, priorities: prioritiesOf(value) };
    else if (name === 'bug') bug = RAFT_BUGS.find((each) => each === value);
    else if (name !== 'disks') throw new Error(`${word} is no option`);
  }
  const voters = Array.from({ length: size }, (_, at) => `n${at + 1}`).filter((id) => !learners.includes(id));
  return { voters, learners, options, disks: words.includes('disks'), bug };
}

/** `n1:5,n2:1` */
function prioritiesOf(text: string): Record<NodeId, number> {
  return Object.fromEntries(
    text.split(',').map((each) => {
      const [id = '', priority] = each.split(':');
      return [id, Number(priority)];
    }),
  );
}

function isKeyOf<T extends object>(record: T, key: string): key is keyof T & string {
  return Object.hasOwn(record, key);
}
