/** Options given as `name=value`, for all schedules of a campaign. */
import { RAFT_DEFAULTS, resolveRaftOptions, type RaftOptions } from '../../consensus/raft/options.ts';

const SOME_TIMERS = { electionTimeoutMs: { min: 150, max: 300 }, heartbeatMs: 50 };
const NAMES = [...Object.keys(RAFT_DEFAULTS), 'electionTimeoutMs', 'heartbeatMs'].sort();

/** @throws RangeError that says which option makes no sense, or which two are unsafe together */
export function parseOptions(texts: readonly string[]): Partial<RaftOptions> {
  const given = Object.fromEntries(texts.map(parseOption)) as Partial<RaftOptions>;
  // What is not said is drawn, and drawn so that it goes with what is; so only that is looked at here.
  resolveRaftOptions({ ...SOME_TIMERS, ...(given.reads === 'lease' && { checkQuorum: true }), ...given });
  return given;
}

function parseOption(text: string): [string, unknown] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new RangeError(`Option "${text}" must be written name=value`);
  const name = text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (!NAMES.includes(name))
    throw new RangeError(`There is no option ${name}; there are ${NAMES.join(', ')}`);
  return [name, readValue(name, value)];
}

function readValue(name: string, value: string): unknown {
  if (name === 'electionTimeoutMs') {
    const range = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(value);
    if (range === null)
      throw new RangeError(
        `Option electionTimeoutMs must be a range of milliseconds such as 150-300, not ${value}`,
      );
    return { min: Number(range[1]), max: Number(range[2]) };
  }
  const usual: unknown = { ...RAFT_DEFAULTS, heartbeatMs: 0 }[name as keyof typeof RAFT_DEFAULTS];
  switch (typeof usual) {
    case 'boolean':
      if (value !== 'true' && value !== 'false')
        throw new RangeError(`Option ${name} must be true or false, not ${value}`);
      return value === 'true';
    case 'number':
      return readNumber(name, value);
    case 'string':
      return value;
    default:
      return Object.fromEntries(
        value.split(',').map((pair) => {
          const [node = '', priority = ''] = pair.split(':');
          return [node, readNumber(`${name}.${node}`, priority)];
        }),
      );
  }
}

function readNumber(name: string, value: string): number {
  const number = value.trim() === '' ? NaN : Number(value);
  if (Number.isNaN(number)) throw new RangeError(`Option ${name} must be a number, not "${value}"`);
  return number;
}
