/** What every forked process of a run does alike: obey its parent, and never outlive it. */

export interface ChildDuties {
  /** The parent is gone or asks for an end by signal. To finish quickly; the process ends when it returns. */
  end(reason: string): void;
  /** The process cannot go on. To save what was recorded. */
  rescue(): void;
}

export interface Parent {
  send(message: object): void;
  /** Says the sentence to the parent and leaves with code 1. */
  fail(error: unknown): void;
}

/**
 * Connects this process to the one that forked it. An error that nobody caught ends the process with its sentence; when the
 * parent disconnects, however it died, the process leaves. Ctrl+C in a terminal reaches the whole group and is the parent's to handle.
 */
export function connectToParent(duties: ChildDuties): Parent {
  const send = (message: object): void => {
    if (process.connected) process.send?.(message);
  };
  let failing = false;
  const fail = (error: unknown): void => {
    if (failing) return;
    failing = true;
    try {
      duties.rescue();
    } catch {
      // What ended the process is what the parent must hear, not what could not be saved because of it.
    }
    const sentence = error instanceof Error ? error.message : String(error);
    const leave = (): void => process.exit(1);
    if (!process.connected || process.send === undefined) leave();
    else process.send({ kind: 'failed', error: sentence }, leave);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => {
    duties.end('asked to by a signal');
    process.exit(0);
  });
  process.on('disconnect', () => {
    duties.end('the lab is gone');
    process.exit(0);
  });
  return { send, fail };
}
