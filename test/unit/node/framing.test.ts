import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, frameHeadBytes, frameOf } from '../../../src-main/node/transport/frame.ts';
import {
  addressParcel,
  answersFrame,
  packMessage,
  readAnswers,
  readMessage,
  readRequests,
  requestsFrame,
} from '../../../src-main/node/transport/wire.ts';
import type { ReadHow } from '../../../src-main/node/host/ports.ts';

/** Feeds the bytes in pieces of the given sizes (the last size repeats) and returns payloads and fault. */
function readInPieces(
  bytes: Buffer,
  sizes: readonly number[],
  limit = 1 << 20,
): { payloads: Buffer[]; fault: string | undefined } {
  const payloads: Buffer[] = [];
  const reader = new FrameReader(limit, (payload) => payloads.push(Buffer.from(payload)));
  let fault: string | undefined;
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const size = sizes[piece % sizes.length] ?? bytes.length;
    fault = reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  return { payloads, fault };
}

const payload = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const pieces = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });

describe('Frames', () => {
  it('come out as they went in, however the stream is sliced', () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 12 }), pieces, (sent, sizes) => {
        const { payloads, fault } = readInPieces(Buffer.concat(sent.map(frameOf)), sizes);
        expect(fault).toBeUndefined();
        expect(payloads).toEqual(sent);
      }),
    );
  });

  it('with any bit flipped are never delivered altered', () => {
    fc.assert(
      fc.property(
        fc.array(payload, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.nat(7),
        pieces,
        (sent, where, bit, sizes) => {
          const bytes = Buffer.concat(sent.map(frameOf));
          const at = where % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
          const { payloads } = readInPieces(bytes, sizes);
          expect(sent.slice(0, payloads.length)).toEqual(payloads);
          expect(payloads.length).toBeLessThan(sent.length);
        },
      ),
    );
  });

  it('never throw, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), pieces, (bytes, sizes) => {
        readInPieces(Buffer.from(bytes), sizes, 500);
      }),
    );
  });

  it('longer than allowed, or empty, are refused by their head alone', () => {
    const head = Buffer.alloc(frameHeadBytes);
    for (const length of [0, 501, 0xffffffff]) {
      head.writeUInt32LE(length, 0);
      expect(readInPieces(head, [3], 500).fault).toBe(
        `a frame of ${length} bytes, where 1 to 500 are allowed`,
      );
    }
  });

  it('behind a fault are not looked at', () => {
    const bad = frameOf(Buffer.from('bad'));
    bad[frameHeadBytes] = 0;
    const { payloads, fault } = readInPieces(
      Buffer.concat([frameOf(Buffer.from('a')), bad, frameOf(Buffer.from('b'))]),
      [1000],
    );
    expect(payloads).toEqual([Buffer.from('a')]);
    expect(fault).toBe('a frame of 3 bytes with a bad checksum');
  });
});

const json = fc
  .jsonValue({ maxDepth: 2 })
  .filter((value) => JSON.stringify(value) === JSON.stringify(JSON.parse(JSON.stringify(value))));

describe('Messages between peers', () => {
  const entries = fc.array(
    fc.record({
      index: fc.nat(),
      term: fc.nat(),
      kind: fc.constant('command'),
      data: fc.string(),
      id: fc.string(),
    }),
    { maxLength: 40 },
  );

  it('arrive as they were sent, with the id of their send event', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 2 ** 53 - 1 }),
        entries,
        fc.string(),
        (term, seq, list, text) => {
          const message = {
            type: 'AppendEntries',
            from: 'n1',
            to: 'n2',
            term,
            body: { text, entries: list },
          };
          const parcel = packMessage(message);
          const frame = addressParcel(parcel, { incarnation: 3, seq, message });
          expect(frame.length).toBe(parcel.bytes);
          const { payloads } = readInPieces(frame, [frame.length]);
          expect(readMessage(payloads[0] ?? Buffer.alloc(0), 'n1', 3, 'n2')).toEqual({
            incarnation: 3,
            seq,
            message,
          });
        },
      ),
    );
  });

  it('of another incarnation than the one that connected are refused', () => {
    const message = { type: 'A', from: 'n1', to: 'n2', term: 1, body: {} };
    const frame = addressParcel(packMessage(message), { incarnation: 3, seq: 1, message });
    expect(readMessage(frame.subarray(frameHeadBytes), 'n1', 4, 'n2')).toBe(
      'a message of incarnation 3, not 4',
    );
  });

  it('that are rubbish are refused with a sentence', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = readMessage(Buffer.from(bytes), 'n1', 1, 'n2');
        expect(['string', 'object']).toContain(typeof read);
        if (typeof read !== 'string') expect(typeof read.message.type).toBe('string');
      }),
      { numRuns: 500 },
    );
  });
});

const readHows: readonly ReadHow[] = ['log', 'read-index', 'lease', 'stale'];

describe('Requests and answers', () => {
  const client = { gone: false };

  it('arrive as they were sent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string(), fc.constantFrom(...readHows), fc.nat()), {
          maxLength: 20,
        }),
        (rows) => {
          const frame = requestsFrame(
            rows.map(([operation, data, read, seq]) => ({
              operation,
              data,
              read,
              invokeIncarnation: 2,
              invokeSeq: seq,
            })),
          );
          const expected = rows.map(([operation, data, read, seq]) => ({
            operation,
            data,
            read,
            client,
            cause: `load/2/${seq}`,
          }));
          expect(readRequests(frame.subarray(frameHeadBytes), 'load', client)).toEqual(expected);
        },
      ),
    );
    const answers = [
      { operation: 'c1/1', outcome: 'ok', value: null, index: 4, leader: null, reason: null, read: 'lease' },
      {
        operation: 'c1/2',
        outcome: 'refused',
        value: null,
        index: null,
        leader: 'n3',
        reason: 'n3 leads',
        read: 'log',
      },
    ] as const;
    expect(readAnswers(answersFrame(answers).subarray(frameHeadBytes))).toEqual(answers);
  });

  it('that are malformed are refused with a sentence', () => {
    fc.assert(
      fc.property(json, (value) => {
        const frame = packMessage({ type: 'x', from: 'a', to: 'b', term: 0, body: { value } }).frame;
        expect(typeof readRequests(frame.subarray(20), 'load', client)).toBe('string');
        expect(typeof readAnswers(frame.subarray(20))).toBe('string');
      }),
    );
  });
});
