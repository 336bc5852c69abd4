/** What must always hold did not. The replica that throws it is broken and must not take another step. */
export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken';
}

/**
 * Checks what must hold whatever the inputs were; stays on in production. `sentence` says what should have been true.
 *
 * @throws InvariantBroken when `condition` is false
 */
export function invariant(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new InvariantBroken(`Invariant broken: ${sentence}`);
}
