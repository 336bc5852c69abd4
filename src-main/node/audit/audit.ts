/**
 * Compares what clients were told with what the disks hold, without asking the code that told them: an acknowledged write is lost
 * when a majority of the nodes' own databases does not hold it at the position it was acknowledged for.
 */
import path from 'node:path';
import { openDatabase } from '../../trace/sqlite.ts';
import type { AuditResult } from './protocol.ts';

interface AcknowledgedWrite {
  id: string;
  log_index: number | null;
}

/** `disks` are the folders of all nodes of the cluster; none of them may be running. Throws when a file cannot be read. */
export function audit(traceFile: string, disks: readonly string[]): AuditResult {
  const acknowledged = acknowledgedWrites(traceFile);
  const holders = new Map<string, number>();
  for (const disk of disks) {
    for (const place of commandsOnDisk(path.join(disk, 'log.db')))
      holders.set(place, (holders.get(place) ?? 0) + 1);
  }
  const majority = Math.floor(disks.length / 2) + 1;
  const lost = acknowledged.flatMap(({ id, log_index }) => {
    const held = holders.get(`${log_index}:${id}`) ?? 0;
    return held >= majority ? [] : [{ operation: id, index: log_index, holders: held }];
  });
  return { acknowledgedWrites: acknowledged.length, lost };
}

function acknowledgedWrites(traceFile: string): AcknowledgedWrite[] {
  const trace = openDatabase(traceFile, { readonly: true });
  try {
    return trace
      .prepare(
        "SELECT id, log_index FROM operation WHERE outcome = 'ok' AND call IN ('put', 'delete', 'cas')",
      )
      .all() as AcknowledgedWrite[];
  } finally {
    trace.close();
  }
}

/** `index:operation` of every command in a node's log. */
function commandsOnDisk(file: string): string[] {
  const log = openDatabase(file);
  try {
    const rows = log.prepare('SELECT key, value FROM log').all() as { key: number; value: string }[];
    return rows.flatMap(({ key, value }) => {
      const { id } = JSON.parse(value) as { id?: string };
      return id === undefined ? [] : [`${key}:${id}`];
    });
  } finally {
    log.close();
  }
}
