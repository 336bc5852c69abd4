/** What a window sends, chunk by chunk: looked at before it is known where it belongs. */
import { open } from 'node:fs/promises';

/** As long as a file's beginning must be to tell what it is. */
const HEAD_BYTES = 16;

/** More was sent than may be. */
export class TooLarge extends Error {}

export interface Peeked {
  readonly head: Buffer;
  /** Everything, from the beginning. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export async function peek(chunks: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const rest = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < HEAD_BYTES) {
    const next = await rest.next();
    if (next.done === true) break;
    first.push(next.value);
    bytes += next.value.length;
  }
  return { head: Buffer.concat(first).subarray(0, HEAD_BYTES), chunks: whole(first, rest) };
}

async function* whole(
  first: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** Writes it to a new file that only this user reads, as it comes. `what` it is, in words. @throws TooLarge when there is more of it than `bytesMax` */
export async function keepUpload(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
  what: 'trace' | 'file',
): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > bytesMax)
        throw new TooLarge(`A ${what} of more than ${Math.round(bytesMax / 2 ** 20)} MiB cannot be sent.`);
      await handle.write(chunk);
    }
  } finally {
    await handle.close();
  }
}
