import type { Nanoseconds } from '../../src-main/api/index.ts';

/** How numbers read: always with a unit, always of steady width for their size. */

const plain = new Intl.NumberFormat('en');

/** `12,480`. */
export function count(value: number): string {
  return plain.format(value);
}

/** `1 node`, `5 nodes`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Seconds with so many digits as a moment needs: `2.914 s`, `2.460112 s`. */
export function seconds(ns: Nanoseconds, digits = 3): string {
  return `${(ns / 1e9).toFixed(digits)} s`;
}

/** The digits after the point that tell moments apart at a playback rate. */
export function digitsAtRate(rate: number): number {
  return rate >= 1 ? 3 : rate >= 1 / 50 ? 4 : rate >= 1 / 1_000 ? 5 : 6;
}

/** `0.4 s`, `12.4 s`, `3 min 20 s`, `2 h 5 min`. */
export function span(ns: Nanoseconds): string {
  const s = ns / 1e9;
  if (s < 60) return `${s.toFixed(1)} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(s % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `0.16 ms`, `4.3 ms`, `493 ms`, `1,204 ms`. */
export function milliseconds(ms: number): string {
  const digits = ms < 1 ? 2 : ms < 100 ? 1 : 0;
  return `${ms >= 1_000 ? count(Math.round(ms)) : ms.toFixed(digits)} ms`;
}

/** `412 B`, `0.4 MB`. */
export function bytes(value: number): string {
  if (value < 1_000) return `${value} B`;
  if (value < 100_000) return `${(value / 1e3).toFixed(1)} kB`;
  if (value < 1e9) return `${(value / 1e6).toFixed(1)} MB`;
  return `${(value / 1e9).toFixed(2)} GB`;
}

/** A wall clock moment on this machine: `23 Nov 2025, 09:13`. */
export function wallClock(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '—';
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).format(date);
}

/** The sentence of whatever was thrown. */
export function sentenceOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
