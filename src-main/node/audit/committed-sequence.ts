/**
 * The entries that were committed in a run, compacted or not, as its trace tells of them: every entry that a leader created, put into
 * a tree by the chain hash, and of that tree the branch that ends in the highest commit.
 */
import { chainHash, EMPTY_LOG_HASH } from '../../consensus/raft/chain-hash.ts';
import type { ChainHash, Entry, LogIndex } from '../../consensus/replica.ts';
import type { SqliteDatabase } from '../../trace/sqlite.ts';

export interface CommittedEntry extends Entry {
  /** Chain hash of the log up to here. */
  readonly hash: ChainHash;
}

interface Created extends CommittedEntry {
  readonly before: Created | undefined;
}

interface Creation {
  readonly first: LogIndex;
  readonly term: number;
  /** At the last of them. */
  readonly hash: ChainHash;
  readonly entries: readonly { readonly id?: string; readonly data: string }[];
}

/** Entry i at place i − 1. Ends early where the trace has a gap. */
export function committedSequence(trace: SqliteDatabase): readonly CommittedEntry[] {
  const tree = new EntryTree();
  const creations = trace
    .prepare(
      `SELECT body FROM event WHERE kind = 'append' AND body ->> '$.entries' IS NOT NULL
       ORDER BY at_ns, source, incarnation, seq`,
    )
    .pluck();
  for (const body of creations.iterate() as Iterable<string>) tree.add(JSON.parse(body) as Creation);
  const commits = trace
    .prepare(
      `SELECT DISTINCT CAST(body ->> '$.to' AS INTEGER) AS "to", CAST(body ->> '$.hash' AS INTEGER) AS hash FROM event
       WHERE kind = 'commit' ORDER BY 1 DESC`,
    )
    .iterate();
  for (const commit of commits as Iterable<{ to: LogIndex; hash: ChainHash }>) {
    const tip = tree.find(commit.to, commit.hash);
    if (tip !== undefined) return branchTo(tip);
  }
  return [];
}

/** Nearly always a single trunk; two leaders that append at the same place make it fork. */
class EntryTree {
  /** All entries of an index, at its place. */
  readonly #byIndex: (Created[] | undefined)[] = [];

  find(index: LogIndex, hash: ChainHash): Created | undefined {
    return this.#byIndex[index]?.find((entry) => entry.hash === hash);
  }

  /** What follows nothing known, because that was never recorded, is left out. */
  add({ first, term, hash, entries }: Creation): void {
    const trunks = first === 1 ? [undefined] : (this.#byIndex[first - 1] ?? []);
    for (const trunk of trunks) {
      const grown = grow(trunk, first, term, entries);
      if (grown.at(-1)?.hash !== hash) continue;
      for (const entry of grown) (this.#byIndex[entry.index] ??= []).push(entry);
      return;
    }
  }
}

function grow(
  trunk: Created | undefined,
  first: LogIndex,
  term: number,
  entries: Creation['entries'],
): readonly Created[] {
  const grown: Created[] = [];
  let before = trunk;
  for (const [at, { id, data }] of entries.entries()) {
    const kind = id !== undefined ? 'command' : data === '' ? 'no-op' : 'configuration';
    const entry: Entry = { index: first + at, term, kind, data, ...(id === undefined ? {} : { id }) };
    before = { ...entry, hash: chainHash(before?.hash ?? EMPTY_LOG_HASH, entry), before };
    grown.push(before);
  }
  return grown;
}

function branchTo(tip: Created): readonly CommittedEntry[] {
  const branch: CommittedEntry[] = [];
  for (let entry: Created | undefined = tip; entry !== undefined; entry = entry.before)
    branch[entry.index - 1] = entry;
  return branch;
}
