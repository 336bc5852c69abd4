import { existsSync, readFileSync, statSync } from 'node:fs';
import { DamagedDiskError } from './damage.ts';
import type { SyncedClaim } from './synced-mark.ts';
import { scanWal } from './wal-scan.ts';
import type { WalScan } from './wal-scan.ts';

/**
 * Looks at a database's files before SQLite does, since SQLite would take damage in the write-ahead log for its end.
 *
 * @param claim what was synced according to the mark; undefined if nothing is claimed
 * @returns what is missing from the write-ahead log, unless the main file turns out to hold it: another program may have moved it there
 * @throws DamagedDiskError when synced commits are missing or unreadable
 */
export function checkBeforeOpen(
  databaseFile: string,
  pageBytes: number,
  claim: SyncedClaim | undefined,
): DamagedDiskError | undefined {
  const walFile = `${databaseFile}-wal`;
  const wal = existsSync(walFile) ? readFileSync(walFile) : new Uint8Array(0);
  const databaseBytes = existsSync(databaseFile) ? statSync(databaseFile).size : 0;
  const scan = scanWal(wal, pageBytes);
  const { damage } = scan;
  if (damage !== undefined) {
    const place =
      damage.frame === 0 ? 'its header (byte 0)' : `frame ${damage.frame} (byte ${damage.offset})`;
    throw new DamagedDiskError(walFile, place, damage.found);
  }
  if (databaseBytes === 0 && scan.committedFrames > 0) {
    const found = 'the file is missing or empty, though its write-ahead log holds commits';
    throw new DamagedDiskError(databaseFile, 'byte 0', found);
  }
  if (claim === undefined || claim.frames === 0) return undefined;
  return uncovered(walFile, wal.byteLength, scan, claim);
}

function uncovered(
  walFile: string,
  bytes: number,
  scan: WalScan,
  claim: SyncedClaim,
): DamagedDiskError | undefined {
  const sameLog = scan.salt1 === claim.salt1 && scan.salt2 === claim.salt2;
  if (sameLog && scan.committedFrames >= claim.frames) return undefined;
  const synced = `${claim.frames} frames were synced`;
  if (bytes === 0)
    return new DamagedDiskError(walFile, 'byte 0', `the file is missing or empty, though ${synced}`);
  if (!sameLog)
    return new DamagedDiskError(walFile, 'its header (byte 0)', `it is not the log of which ${synced}`);
  const frame = scan.committedFrames + 1;
  const found = `only ${scan.committedFrames} frames can be read, though ${synced}`;
  throw new DamagedDiskError(walFile, `frame ${frame}`, found);
}
