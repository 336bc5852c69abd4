import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyCommand, applyText } from '../../../../src-main/consensus/kv/apply.ts';
import {
  decodeCommand,
  describeCommand,
  encodeCommand,
  isBadCommand,
  KEY_LENGTH_MAX,
  VALUE_LENGTH_MAX,
  type Command,
} from '../../../../src-main/consensus/kv/command.ts';

const key = fc.string({ minLength: 1, maxLength: 8 });
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ op: fc.constant('put' as const), key, value: fc.string() }),
  fc.record({ op: fc.constant('get' as const), key }),
  fc.record({ op: fc.constant('delete' as const), key }),
  fc.record({ op: fc.constant('cas' as const), key, value: fc.string(), expected: fc.string() }),
  fc.record({ op: fc.constant('cas' as const), key, value: fc.string() }),
);

describe('the text of a command', () => {
  it('gives the command back', () => {
    fc.assert(
      fc.property(anyCommand, (command) => {
        expect(decodeCommand(encodeCommand(command))).toEqual(command);
      }),
    );
  });

  it('that is no command is an error in words, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const decoded = decodeCommand(text);
        expect(isBadCommand(decoded) ? decoded.error.length > 0 : JSON.parse(text)).toBeTruthy();
        const outcome = applyText(() => undefined, text);
        if (isBadCommand(decoded))
          expect(outcome).toMatchObject({ result: { ok: false, value: null }, writes: [] });
        expect(describeCommand(text).length).toBeGreaterThan(0);
      }),
    );
  });

  it.each([
    ['{', 'not JSON: {'],
    ['7', 'not a command: 7'],
    ['{"op":"drop","key":"a"}', 'unknown op drop: it must be put, get, delete or cas'],
    ['{"op":"put","key":"","value":"x"}', 'put needs a key'],
    ['{"op":"put","key":"lamp"}', 'put lamp needs a value'],
    ['{"op":"cas","key":"lamp","value":"x","expected":1}', 'cas lamp expects something that is no text'],
  ])('%s is refused: %s', (text, error) => {
    expect(decodeCommand(text)).toEqual({ error });
  });

  it('has limits on key and value, which also keep a command out of the log', () => {
    const long = { op: 'put', key: 'k'.repeat(KEY_LENGTH_MAX + 1), value: 'v' } as const;
    expect(() => encodeCommand(long)).toThrow(`at most ${KEY_LENGTH_MAX}`);
    expect(decodeCommand(JSON.stringify(long))).toHaveProperty('error');
    const big = { op: 'put', key: 'k', value: 'v'.repeat(VALUE_LENGTH_MAX + 1) } as const;
    expect(() => encodeCommand(big)).toThrow(`at most ${VALUE_LENGTH_MAX}`);
  });

  it('is described in one line', () => {
    expect(describeCommand('{"op":"put","key":"lamp","value":"on"}')).toBe('put lamp on');
    expect(describeCommand('{"op":"get","key":"lamp"}')).toBe('get lamp');
    expect(describeCommand('{"op":"cas","key":"lamp","value":"on","expected":"off"}')).toBe(
      'cas lamp off → on',
    );
    expect(describeCommand('{"op":"cas","key":"lamp","value":"on"}')).toBe('cas lamp (absent) → on');
    expect(describeCommand('')).toBe('no-op');
    expect(describeCommand('{')).toBe('unreadable command (not JSON: {)');
    expect(describeCommand(`{"op":"put","key":"k","value":"${'v'.repeat(200)}"}`)).toHaveLength(
      'put k '.length + 40,
    );
  });
});

describe('running a command', () => {
  /** Runs commands one after the other, each on what the former left. */
  function run(...commands: Command[]): { results: unknown[]; store: Map<string, string> } {
    const store = new Map<string, string>();
    const results = commands.map((command) => {
      const { result, writes } = applyCommand((at) => store.get(at), command);
      for (const write of writes) {
        if (write.value === null) store.delete(write.key);
        else store.set(write.key, write.value);
      }
      return result;
    });
    return { results, store };
  }

  it('answers with what the key holds afterwards', () => {
    const { results, store } = run(
      { op: 'get', key: 'lamp' },
      { op: 'put', key: 'lamp', value: 'on' },
      { op: 'get', key: 'lamp' },
      { op: 'delete', key: 'lamp' },
      { op: 'delete', key: 'lamp' },
      { op: 'get', key: 'lamp' },
    );
    expect(results).toEqual([null, 'on', 'on', null, null, null].map((value) => ({ ok: true, value })));
    expect(store.size).toBe(0);
  });

  it('compares and sets, and says what stood in the way', () => {
    const { results, store } = run(
      { op: 'cas', key: 'lamp', value: 'on', expected: 'off' },
      { op: 'cas', key: 'lamp', value: 'off' },
      { op: 'cas', key: 'lamp', value: 'dim' },
      { op: 'cas', key: 'lamp', value: 'on', expected: 'off' },
    );
    expect(results).toEqual([
      { ok: false, value: null, reason: 'lamp holds nothing, not "off"' },
      { ok: true, value: 'off' },
      { ok: false, value: 'off', reason: 'lamp holds "off", not nothing' },
      { ok: true, value: 'on' },
    ]);
    expect([...store]).toEqual([['lamp', 'on']]);
  });
});
