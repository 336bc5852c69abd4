import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventId } from '../../../src-main/trace/model/events.ts';
import { SpoolReader } from '../../../src-main/trace/spool/reader.ts';
import type { SpooledEvent } from '../../../src-main/trace/spool/reader.ts';
import { SpoolWriter } from '../../../src-main/trace/spool/writer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spool-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(turns: number, eventsATurn: number): SpoolWriter {
  const writer = new SpoolWriter({ folder, source: 'n1', incarnation: 2, originNs: process.hrtime.bigint() });
  for (let turn = 1; turn <= turns; turn++) {
    for (let i = 0; i < eventsATurn; i++) {
      writer.record(
        { kind: 'link', peer: 'n2', state: 'down', reason: `tab\t, line\n, umlaut ü, ${turn}` },
        turn,
        'n2/1/7',
        turn,
      );
    }
    writer.flush();
  }
  return writer;
}

function readAll(reader: SpoolReader): SpooledEvent[] {
  const all: SpooledEvent[] = [];
  for (;;) {
    const { events, atEnd } = reader.read();
    all.push(...events);
    if (atEnd) return all;
  }
}

describe('a spool', () => {
  it('gives back what was recorded, in order, with identity, step and cause', () => {
    const writer = new SpoolWriter({
      folder,
      source: 'n1',
      incarnation: 2,
      originNs: process.hrtime.bigint(),
    });
    expect(() => writer.lastId()).toThrow('no event yet');
    expect(writer.nextId()).toBe('n1/2/1');
    const head = writer.record({ kind: 'apply', from: 1, to: 2, hash: 201 }, 5, 'n2/1/7');
    expect(eventId(head)).toBe('n1/2/1');
    expect(head.atNs).toBeGreaterThan(0);
    writer.record({ kind: 'node-stopped', reason: 'a\tb\nc "ü"' }, 0);
    expect(writer.lastId()).toBe('n1/2/2');
    writer.close();
    const reader = new SpoolReader(writer.file);
    const events = readAll(reader);
    expect(events.map(({ seq, step, cause }) => ({ seq, step, cause }))).toEqual([
      { seq: 1, step: 5, cause: 'n2/1/7' },
      { seq: 2, step: 0, cause: null },
    ]);
    expect(events.map((event) => JSON.parse(event.json) as unknown)).toEqual([
      { kind: 'apply', from: 1, to: 2, hash: 201 },
      { kind: 'node-stopped', reason: 'a\tb\nc "ü"' },
    ]);
    expect(reader.header).toMatchObject({ source: 'n1', incarnation: 2 });
    reader.close();
  });

  it('shows nothing of a turn before its flush', () => {
    const writer = write(1, 1);
    const reader = new SpoolReader(writer.file);
    writer.record({ kind: 'apply', from: 1, to: 2, hash: 201 }, 9);
    expect(writer.dirty).toBe(true);
    expect(readAll(reader)).toHaveLength(1);
    writer.flush();
    expect(readAll(reader)).toHaveLength(1);
    writer.close();
    reader.close();
  });

  it('refuses to go on in the file of an incarnation that has one', () => {
    write(1, 1).close();
    expect(() => write(1, 1)).toThrow(/EEXIST/);
  });

  it('cut at every byte, yields the whole turns before the cut and goes on when the rest arrives', () => {
    const writer = write(4, 2);
    writer.close();
    const whole = readFileSync(writer.file);
    const ends: number[] = [];
    for (let at = 0; at < whole.length; at += 8 + whole.readUInt32LE(at)) ends.push(at);
    for (let cut = 0; cut < whole.length; cut++) {
      writeFileSync(writer.file, whole.subarray(0, cut));
      const reader = new SpoolReader(writer.file);
      const turns = Math.max(0, ends.filter((end) => end <= cut).length - 2);
      expect(readAll(reader)).toHaveLength(turns * 2);
      expect(reader.tail).toBe(ends.includes(cut) ? 'clean' : 'torn');
      appendFileSync(writer.file, whole.subarray(cut));
      expect(readAll(reader)).toHaveLength((4 - turns) * 2);
      reader.close();
    }
  });

  it('says how many events are missing where a frame is damaged, and goes on behind it', () => {
    const writer = write(5, 3);
    writer.close();
    const bytes = readFileSync(writer.file);
    let at = 0;
    for (let frame = 0; frame < 2; frame++) at += 8 + bytes.readUInt32LE(at);
    for (const offset of [0, 1, 4, 8, 20]) {
      const broken = Buffer.from(bytes);
      broken.writeUInt8(broken.readUInt8(at + offset) ^ 0x55, at + offset);
      writeFileSync(writer.file, broken);
      const reader = new SpoolReader(writer.file);
      const events = readAll(reader);
      expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
      expect(events.map((event) => event.missing)).toEqual([0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
      reader.close();
    }
  });

  it('tells a damaged end from a torn one', () => {
    const writer = write(2, 1);
    writer.close();
    const bytes = readFileSync(writer.file);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 1, bytes.length - 2);
    writeFileSync(writer.file, bytes);
    const reader = new SpoolReader(writer.file);
    expect(readAll(reader)).toHaveLength(1);
    expect(reader.tail).toBe('damaged');
    truncateSync(writer.file, bytes.length - 1);
    expect(readAll(reader)).toHaveLength(0);
    expect(reader.tail).toBe('torn');
    reader.close();
  });

  it('goes on in the middle of a frame', () => {
    const writer = write(3, 4);
    writer.close();
    const first = new SpoolReader(writer.file);
    const events = readAll(first);
    first.close();
    for (const [position, event] of events.entries()) {
      const reader = new SpoolReader(writer.file, { offset: event.frame, seq: event.seq + 1 });
      expect(readAll(reader)).toEqual(events.slice(position + 1));
      reader.close();
    }
  });

  it('reads frames larger than a chunk', () => {
    const writer = new SpoolWriter({ folder, source: 'load', incarnation: 1, originNs: 0n });
    writer.record({ kind: 'node-stopped', reason: 'x'.repeat(3_000_000) }, 0);
    writer.flush();
    writer.record({ kind: 'node-stopped', reason: 'y' }, 0);
    writer.close();
    const reader = new SpoolReader(writer.file);
    expect(readAll(reader).map((event) => event.json.length > 3_000_000)).toEqual([true, false]);
    reader.close();
  });
});
