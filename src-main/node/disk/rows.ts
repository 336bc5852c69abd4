/**
 * How replica rows stand in SQLite: a table a space, each row with a checksum, because SQLite's pages have none. Values are
 * JSON, so that any SQLite tool can read a node's log.
 */
import { crc32 } from 'node:zlib';
import type { Row } from '../../consensus/replica.ts';
import type { SqliteDatabase } from '../../trace/sqlite.ts';
import { DamagedDiskError } from './damage.ts';

const spaceName = /^[a-z]{1,30}$/;

export function tableOf(space: string): string {
  if (!spaceName.test(space)) throw new RangeError(`"${space}" cannot name a space of rows`);
  return `CREATE TABLE ${space} (key INTEGER PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT`;
}

/** CRC32 over space, key and value, so that neither a moved nor an altered row passes. */
export function rowChecksum(space: string, key: number, value: string): number {
  return crc32(`${space}/${key}/${value}`);
}

/**
 * Reads every row of a space, in key order, and verifies each.
 * @throws DamagedDiskError that names the row
 */
export function loadRows(database: SqliteDatabase, space: string): Row[] {
  const rows: Row[] = [];
  const select = database.prepare(`SELECT key, value, checksum FROM ${space} ORDER BY key`);
  for (const found of select.iterate()) {
    const { key, value, checksum } = found as { key: unknown; value: unknown; checksum: unknown };
    const place = `row ${space}/${String(key)}`;
    if (typeof key !== 'number' || typeof value !== 'string') {
      throw new DamagedDiskError(database.name, place, 'it is not of the type that was written');
    }
    if (rowChecksum(space, key, value) !== checksum) {
      throw new DamagedDiskError(database.name, place, 'its checksum does not match what it holds');
    }
    rows.push({ space, key, value: JSON.parse(value) as unknown });
  }
  return rows;
}

/** The log has no holes and begins with `first`. @throws DamagedDiskError that names the first missing row */
export function assertContiguous(
  database: SqliteDatabase,
  space: string,
  rows: readonly Row[],
  first: number,
): void {
  for (let at = 0; at < rows.length; at++) {
    const key = rows[at]?.key;
    if (key === first + at) continue;
    const where = `row ${space}/${first + at}`;
    const found = `the next row found is ${space}/${String(key)}`;
    throw new DamagedDiskError(database.name, where, `it is missing: ${found}`);
  }
}
