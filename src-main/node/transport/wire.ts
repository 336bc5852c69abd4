/**
 * What stands in the payloads once the handshake is done. Peers: `u32 incarnation, f64 seq, msgpack [type, term, body]`;
 * incarnation and number name the message's send event. Clients: one msgpack list of requests a frame, one of answers.
 */
import { Packr, RESERVE_START_SPACE, Unpackr } from 'msgpackr';
import type { Message, NodeId } from '../../consensus/replica.ts';
import type { Answer, ClientLink, Envelope, Parcel, ReadHow, Request } from '../host/ports.ts';
import { frameHeadBytes, sealFrame } from './frame.ts';

/** A frame with its body packed and its id still blank. */
export interface TcpParcel extends Parcel {
  readonly frame: Buffer;
}

/** A request as it travels; the node adds the connection it came over. */
export type WireRequest = Omit<Request, 'client' | 'cause'> & {
  readonly invokeIncarnation: number;
  readonly invokeSeq: number;
};

const idBytes = 12;
/** Repeating the field names of every entry costs more than describing them once, from about this many on. */
const entriesWorthRecords = 16;
const plain = new Packr({ useRecords: false });
const withRecords = new Packr({ useRecords: true });
const unpackr = new Unpackr({ useRecords: true, mapsAsObjects: true });
const outcomes: readonly Answer['outcome'][] = ['ok', 'fail', 'refused', 'uncertain'];
const reads: readonly ReadHow[] = ['log', 'read-index', 'lease', 'stale'];

export function packMessage({ type, term, body }: Message): TcpParcel {
  const { entries } = body as { readonly entries?: unknown };
  const packr = Array.isArray(entries) && entries.length >= entriesWorthRecords ? withRecords : plain;
  const frame = packr.pack([type, term, body], RESERVE_START_SPACE | (frameHeadBytes + idBytes));
  return { frame, bytes: frame.length };
}

/** Writes the id into a packed message, which makes it a whole frame. */
export function addressParcel({ frame }: TcpParcel, { incarnation, seq }: Envelope): Buffer {
  frame.writeUInt32LE(incarnation, frameHeadBytes);
  frame.writeDoubleLE(seq, frameHeadBytes + 4);
  return sealFrame(frame);
}

/** Returns a sentence instead if the payload is no message that `incarnation` of `from` could have sent. */
export function readMessage(
  payload: Buffer,
  from: NodeId,
  incarnation: number,
  to: NodeId,
): Envelope | string {
  if (payload.length <= idBytes) return 'a message without a body';
  if (payload.readUInt32LE(0) !== incarnation)
    return `a message of incarnation ${payload.readUInt32LE(0)}, not ${incarnation}`;
  const seq = payload.readDoubleLE(4);
  const parts = unpack(payload.subarray(idBytes));
  if (!Number.isSafeInteger(seq) || seq < 1 || !Array.isArray(parts))
    return 'a message without an id or a body';
  const [type, term, body] = parts as readonly unknown[];
  if (typeof type !== 'string' || typeof term !== 'number' || typeof body !== 'object' || body === null) {
    return 'a message without type, term or body';
  }
  return { incarnation, seq, message: { type, from, to, term, body } };
}

/** Characters of the items of one frame: in three bytes each, and with what surrounds them, they stay far below a payload's limit. */
const frameCharactersMax = 1024 * 1024;

/** Parts a list, in order, into runs that fit into a frame each; `length` says how many characters an item carries. */
export function inFrames<T>(items: readonly T[], length: (item: T) => number): (readonly T[])[] {
  const frames: T[][] = [];
  let run: T[] = [];
  let characters = 0;
  for (const item of items) {
    const more = length(item);
    if (run.length > 0 && characters + more > frameCharactersMax) {
      frames.push(run);
      run = [];
      characters = 0;
    }
    run.push(item);
    characters += more;
  }
  if (run.length > 0) frames.push(run);
  return frames;
}

export function requestsFrame(requests: readonly WireRequest[]): Buffer {
  const rows = requests.map(({ operation, data, read, invokeIncarnation, invokeSeq }) => [
    operation,
    data,
    reads.indexOf(read),
    invokeIncarnation,
    invokeSeq,
  ]);
  return sealFrame(plain.pack(rows, RESERVE_START_SPACE | frameHeadBytes));
}

/** Returns a sentence instead if the payload is no list of requests. */
export function readRequests(payload: Buffer, from: string, client: ClientLink): Request[] | string {
  const rows = unpack(payload);
  if (!Array.isArray(rows)) return 'a payload that is no list of requests';
  const requests: Request[] = [];
  for (const row of rows as readonly unknown[]) {
    if (!Array.isArray(row)) return 'a request that is no list';
    const [operation, data, readNumber, incarnation, seq] = row as readonly unknown[];
    if (typeof operation !== 'string' || operation === '' || typeof data !== 'string')
      return 'a request without operation or command';
    const read = typeof readNumber === 'number' ? reads[readNumber] : undefined;
    if (read === undefined) return 'a request that does not say how it is to be read';
    if (typeof incarnation !== 'number' || typeof seq !== 'number')
      return 'a request without the id of its invocation';
    requests.push({ operation, data, read, client, cause: `${from}/${incarnation}/${seq}` });
  }
  return requests;
}

export function answersFrame(answers: readonly Answer[]): Buffer {
  const rows = answers.map(({ operation, outcome, value, index, leader, reason, read }) => [
    operation,
    outcomes.indexOf(outcome),
    value,
    index,
    leader,
    reason,
    reads.indexOf(read),
  ]);
  return sealFrame(plain.pack(rows, RESERVE_START_SPACE | frameHeadBytes));
}

/** Returns a sentence instead if the payload is no list of answers. */
export function readAnswers(payload: Buffer): Answer[] | string {
  const rows = unpack(payload);
  if (!Array.isArray(rows)) return 'a payload that is no list of answers';
  const answers: Answer[] = [];
  for (const row of rows as readonly unknown[]) {
    if (!Array.isArray(row)) return 'an answer that is no list';
    const [operation, outcomeNumber, value, index, leader, reason, readNumber] = row as readonly unknown[];
    const outcome = typeof outcomeNumber === 'number' ? outcomes[outcomeNumber] : undefined;
    const read = typeof readNumber === 'number' ? reads[readNumber] : undefined;
    const typed =
      typeof operation === 'string' && outcome !== undefined && isTextOrNull(value) && isTextOrNull(leader);
    if (
      !typed ||
      read === undefined ||
      !isTextOrNull(reason) ||
      (index !== null && typeof index !== 'number')
    )
      return 'a malformed answer';
    answers.push({ operation, outcome, value, index, leader, reason, read });
  }
  return answers;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

/** Undefined if the bytes are no msgpack. */
function unpack(bytes: Uint8Array): unknown {
  try {
    return unpackr.unpack(bytes) as unknown;
  } catch {
    return undefined;
  }
}
