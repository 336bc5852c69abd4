import { crc32 } from 'node:zlib';

/**
 * The seed of one process's random stream: 32 bits that differ by run, process and incarnation, however large the run's seed
 * is. Alike in two nodes, they would draw the same election timeouts and split every vote.
 */
export function streamSeed(runSeed: number, process: string, incarnation: number): number {
  return crc32(`${runSeed}/${process}/${incarnation}`);
}
