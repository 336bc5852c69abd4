/** Verifies traces from elsewhere in the background, one at a time, and remembers what came out. */
import type { RunId, Verification as VerificationState } from '../api/contract.ts';
import type { Reaper } from '../cluster/reaper.ts';
import { Verification } from '../cluster/verification.ts';

/** What the window asks first is answered first. */
const BEGIN_MS = 400;

interface Wanted {
  runId: RunId;
  file: string;
}

export class Verifications {
  readonly #reaper: Reaper;
  readonly #ended: (runId: RunId, problems: readonly string[]) => void;
  readonly #changed: () => void;
  readonly #waiting: Wanted[] = [];
  #begin: NodeJS.Timeout | undefined;
  #current: { runId: RunId; verification: Verification; state: VerificationState } | undefined;

  constructor(
    reaper: Reaper,
    ended: (runId: RunId, problems: readonly string[]) => void,
    changed: () => void,
  ) {
    this.#reaper = reaper;
    this.#ended = ended;
    this.#changed = changed;
  }

  /** Undefined for a run that is neither verified nor waits for it. */
  state(runId: RunId): VerificationState | undefined {
    if (this.#current?.runId === runId) return this.#current.state;
    return this.#waiting.some((wanted) => wanted.runId === runId) ? { state: 'waiting' } : undefined;
  }

  want(runId: RunId, file: string): void {
    if (this.state(runId) !== undefined) return;
    this.#waiting.push({ runId, file });
    this.#begin ??= setTimeout(() => {
      this.#begin = undefined;
      this.#next();
    }, BEGIN_MS);
  }

  /** The file is another one now, or goes. */
  drop(runId: RunId): void {
    const at = this.#waiting.findIndex((wanted) => wanted.runId === runId);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (this.#current?.runId === runId) this.#current.verification.stop();
  }

  close(): void {
    clearTimeout(this.#begin);
    this.#waiting.length = 0;
    this.#current?.verification.stop();
  }

  #next(): void {
    if (this.#current) return;
    const wanted = this.#waiting.shift();
    if (!wanted) return;
    const { runId, file } = wanted;
    const verification = new Verification(file, this.#reaper, (progress) => {
      if (this.#current?.verification !== verification) return;
      this.#current.state = { state: 'verifying', ...progress };
      this.#changed();
    });
    this.#current = {
      runId,
      verification,
      state: { state: 'verifying', share: 0, bytes: 0, ofBytes: 0 },
    };
    void verification.ended.then((problems) => {
      this.#current = undefined;
      if (problems !== undefined) this.#ended(runId, problems);
      this.#changed();
      this.#next();
    });
  }
}
