/** What each key held at each index of the committed sequence, replayed from the commands as far as they are known. Pure. */
import { applyCommand } from '../../consensus/kv/apply.ts';
import { decodeCommand, isBadCommand } from '../../consensus/kv/command.ts';
import type { Command } from '../../consensus/kv/command.ts';
import type { LogIndex, OperationId } from '../../consensus/replica.ts';
import type { CommittedSequence } from './committed-sequence.ts';
import type { CreatedEntries } from './created-entries.ts';
import { UNKNOWN_TERM } from './log-runs.ts';
import { RecentMap } from './recent-map.ts';
import type { Watch } from './rule.ts';

/** undefined: not known; null: nothing. */
type Value = string | null | undefined;

/** Ascending by index. */
interface Versions {
  readonly indexes: LogIndex[];
  readonly values: Value[];
}

/** Versions of a key remembered at least. */
const VERSIONS_MAX = 256;

export class ReplayedValues {
  readonly #sequence: CommittedSequence;
  readonly #created: CreatedEntries;
  readonly #sessions: boolean;
  /** Where an operation stands first. */
  readonly #operations = new RecentMap<OperationId, LogIndex>();
  #keys = new Map<string, Versions>();
  /** An entry that could have written any key and is not known; 0 while all are. */
  #blindAt: LogIndex = 0;
  #replayed: LogIndex = 0;

  constructor({ sequence, created, facts }: Pick<Watch, 'sequence' | 'created' | 'facts'>) {
    this.#sequence = sequence;
    this.#created = created;
    this.#sessions = facts.clientSessions;
  }

  /** Whether the operation `id` stands at `index` for the second time, and gave what it gave the first time. */
  isRepeated(id: OperationId, index: LogIndex): boolean {
    if (this.#sequence.skipped.has(index)) return true;
    const first = this.#operations.get(id);
    return this.#sessions && first !== undefined && first < index;
  }

  /** What `key` held once everything up to `index`, which is applied, had been applied. */
  valueAt(key: string, index: LogIndex): Value {
    while (this.#replayed < Math.min(index, this.#sequence.lastIndex)) this.#replay(++this.#replayed);
    if (index > this.#replayed) return undefined;
    const versions = this.#keys.get(key);
    for (let at = (versions?.indexes.length ?? 0) - 1; at >= 0; at--) {
      if ((versions?.indexes[at] ?? 0) <= index) return versions?.values[at];
    }
    // Before its first version that is remembered.
    return versions === undefined && this.#blindAt === 0 ? null : undefined;
  }

  #replay(index: LogIndex): void {
    const term = this.#sequence.termAt(index);
    const entry = term === UNKNOWN_TERM ? undefined : this.#created.entryAt(index, term);
    if (entry === undefined) {
      this.#blindAt = index;
      this.#keys = new Map();
      return;
    }
    const { id } = entry;
    // Who applied it may have died before saying that it skipped it.
    if (id === undefined || this.isRepeated(id, index)) return;
    this.#operations.set(id, index);
    const command = decodeCommand(entry.data);
    if (!isBadCommand(command)) this.#run(command, index);
  }

  #run(command: Command, index: LogIndex): void {
    const { op, key } = command;
    if (op === 'get') return;
    if (op === 'cas') {
      const held = this.#newest(key);
      if (held === undefined) {
        this.#write(key, index, undefined);
        return;
      }
      const { writes } = applyCommand(() => held ?? undefined, command);
      for (const { value } of writes) this.#write(key, index, value);
      return;
    }
    this.#write(key, index, op === 'put' ? command.value : null);
  }

  #newest(key: string): Value {
    const versions = this.#keys.get(key);
    if (versions === undefined) return this.#blindAt === 0 ? null : undefined;
    return versions.values[versions.values.length - 1];
  }

  #write(key: string, index: LogIndex, value: Value): void {
    let versions = this.#keys.get(key);
    if (versions === undefined) {
      versions = { indexes: [], values: [] };
      // Before its first write it held nothing.
      if (this.#blindAt === 0) {
        versions.indexes.push(0);
        versions.values.push(null);
      }
      this.#keys.set(key, versions);
    }
    const { indexes, values } = versions;
    indexes.push(index);
    values.push(value);
    if (indexes.length <= 2 * VERSIONS_MAX) return;
    indexes.splice(0, VERSIONS_MAX);
    values.splice(0, VERSIONS_MAX);
  }
}
