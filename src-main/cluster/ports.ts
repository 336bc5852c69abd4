/**
 * Ports for the nodes' listeners: outside the ephemeral range, because a client that retries a dead port inside it can be
 * connected to itself.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const LOWEST = 20_000;
const HIGHEST = 32_700;

function ephemeralRange(): { low: number; high: number } {
  try {
    const [low, high] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    if (low !== undefined && high !== undefined && low <= high) return { low, high };
  } catch {
    // Not Linux: the range that IANA reserves for it.
  }
  return { low: 49_152, high: 65_535 };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Finds `count` free ports on 127.0.0.1, starting the search at a place that `random` chooses. None of `taken`, where something may
 * listen later. Rejects if there are too few.
 */
export async function findPorts(
  count: number,
  taken: readonly number[] = [],
  random: () => number = Math.random,
): Promise<number[]> {
  const ephemeral = ephemeralRange();
  const usable = (port: number) => (port < ephemeral.low || port > ephemeral.high) && !taken.includes(port);
  const span = HIGHEST - LOWEST;
  const start = Math.floor(random() * span);
  const found: number[] = [];
  for (let offset = 0; offset < span && found.length < count; offset++) {
    const port = LOWEST + ((start + offset) % span);
    if (usable(port) && (await isFree(port))) found.push(port);
  }
  if (found.length < count) {
    throw new Error(
      `Only ${found.length} of the ${count} ports needed are free on 127.0.0.1 between ${LOWEST} and ${HIGHEST}. Close other programs that listen there.`,
    );
  }
  return found;
}
