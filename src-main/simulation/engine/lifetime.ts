import type { DeathPoint } from '../schedule/schedule.ts';
import type { Task } from './timeline.ts';

/** Thrown out of a host's turn when its process dies in the midst of it. */
export class Died extends Error {
  override readonly name = 'Died';
}

interface Fate {
  readonly point: DeathPoint;
  left: number;
  readonly die: () => void;
}

/**
 * Whether one incarnation's process runs, is stopped, or is dead; everything that happens to it goes through here. While it is stopped
 * what would happen waits, as in the buffers of its sockets.
 */
export class Lifetime {
  #alive = true;
  #paused = false;
  #waiting: Task[] = [];
  readonly #fates: Fate[] = [];
  readonly #failed: (error: unknown) => void;

  /** @param failed the process cannot go on: what it threw */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#alive && this.#paused;
  }

  /** Runs `task` inside the process: now, when it is resumed, or never. */
  run(task: Task): void {
    if (!this.#alive) return;
    if (this.#paused) {
      this.#waiting.push(task);
      return;
    }
    try {
      task();
    } catch (error) {
      if (!(error instanceof Died)) this.#failed(error);
    }
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const task of waiting) this.run(task);
  }

  end(): void {
    this.#alive = false;
    this.#waiting = [];
    this.#fates.length = 0;
  }

  /** The `nth` time from now that it passes `point`, `die` is called, which ends it. */
  doom(point: DeathPoint, nth: number, die: () => void): void {
    this.#fates.push({ point, left: nth, die });
  }

  spare(): void {
    this.#fates.length = 0;
  }

  /** The process comes to a point where it may die. @throws Died when it does */
  pass(point: DeathPoint): void {
    if (this.#fates.length === 0) return;
    for (const fate of this.#fates) {
      if (fate.point !== point || --fate.left > 0) continue;
      fate.die();
      throw new Died();
    }
  }
}
