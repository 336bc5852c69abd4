/**
 * Looks through an answer from a trace that somebody else made before the window gets it: figures are numbers, nothing is nested
 * without end, and the whole is of a size that a window can take.
 */

const DEPTH_MAX = 48;
const VALUES_MAX = 1_500_000;
const TEXT_CHARS_MAX = 24 * 2 ** 20;
/** Ends of the names under which the model's types hold numbers, null, or (in options) ranges of them, and the names that are theirs alone. */
const FIGURE = /(?:Ns|Ms|Bytes|Index)$|^(?:seq|incarnation|step|durableIndex|splitVotes|attempts|total)$/;

/** @throws when it is none that a window could show */
export function checkAnswer(answer: unknown): void {
  let values = 0;
  let chars = 0;
  const look = (value: unknown, depth: number): void => {
    if (++values > VALUES_MAX) throw new Error('the answer has too many values to be shown');
    if (typeof value === 'string') {
      chars += value.length;
      if (chars > TEXT_CHARS_MAX) throw new Error('the answer is too long to be shown');
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) throw new TypeError('no number');
    } else if (typeof value === 'bigint' || ArrayBuffer.isView(value)) {
      throw new TypeError('a value of a type that no trace holds');
    } else if (typeof value === 'object' && value !== null) {
      if (depth > DEPTH_MAX) throw new TypeError('nested too deeply');
      if (Array.isArray(value)) for (const item of value) look(item, depth + 1);
      else for (const [name, inner] of Object.entries(value)) lookAt(name, inner, depth + 1);
    }
  };
  const lookAt = (name: string, value: unknown, depth: number): void => {
    if ((typeof value === 'string' || typeof value === 'boolean') && FIGURE.test(name))
      throw new TypeError(`${name} is no number`);
    look(value, depth);
  };
  look(answer, 0);
}
