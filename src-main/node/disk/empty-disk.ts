import { existsSync, statSync } from 'node:fs';
import { ForeignDiskError } from './damage.ts';

/** Holds nothing at all: neither the file nor its write-ahead log has a byte. */
export function isEmptyDisk(databaseFile: string): boolean {
  return bytesOf(databaseFile) + bytesOf(`${databaseFile}-wal`) === 0;
}

/** A node that ran on a disk of this id comes back without it: it has forgotten its votes and entries (rethinkdb #5289). */
export function lostDisk(databaseFile: string, node: string, storageId: string): ForeignDiskError {
  return new ForeignDiskError(
    `${databaseFile} is missing or empty, though ${node} has run before on the disk that the others know as ${storageId}: it was deleted or replaced, and with it went votes and entries that others rely on. The node was not started. Start it with a new storage id, then remove ${node} from the cluster and add it again as a learner`,
  );
}

function bytesOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}
