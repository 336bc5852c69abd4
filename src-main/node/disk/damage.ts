/**
 * The disk holds something that a correct node never wrote, or lacks something that it did write. The node must not
 * run on it: a replica that forgot a vote or an entry can break the promises it made to the others.
 */
export class DamagedDiskError extends Error {
  /** The file that is damaged. */
  readonly file: string;

  /** `place` names row, frame or byte offset; `found` says what is wrong there; `remedy` what a person can do. */
  constructor(file: string, place: string, found: string, remedy: string = restoreRemedy) {
    super(`${file} is damaged at ${place}: ${found}. ${remedy}`);
    this.name = 'DamagedDiskError';
    this.file = file;
  }
}

export const restoreRemedy =
  "The node was not started, because it may have forgotten votes or entries that others rely on. Restore the node's folder from a copy made while it was stopped, or start a new cluster.";

/** What is durable is unknown after this, so the process must end: a retry that succeeds proves nothing. */
export function failedWrite(file: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `${file}: a write failed (${why}), so it is unknown what is durable. Free space on that disk or replace it, then start the node again`,
    { cause },
  );
}

/** The disk is empty or belongs to another node, run or format. */
export class ForeignDiskError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ForeignDiskError';
  }
}
