/** `app://lab/`: the origin of the window. It holds the built page and nothing else. */
import { protocol, type Session } from 'electron';
import { readPageFile } from '../lab/page.ts';

const SCHEME = 'app';
const HOST = 'lab';
export const PAGE = `${SCHEME}://${HOST}/`;

/** What a page may be loaded from; every other address, the network's too, is refused: the window works offline. */
const LOADED_FROM = new Set([`${SCHEME}:`, 'devtools:', 'data:', 'blob:']);

/** `net::ERR_FAILED`. */
const NET_FAILED = -2;

/** Must run before Electron is ready. */
export function declareScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

export function isOurs(url: string): boolean {
  return url.startsWith(PAGE);
}

/**
 * Answers with whole buffers. What `protocol.handle` takes is a stream even where it is not, and Electron's reader of streams misses the moment
 * when one becomes readable, so that a window in ten never loaded (electron/electron#52474 mends some of the ways).
 */
export function servePage(session: Session): void {
  session.protocol.registerBufferProtocol(SCHEME, (request, answer) => {
    const url = new URL(request.url);
    if (request.method !== 'GET' || url.host !== HOST) {
      answer({ statusCode: 405, data: Buffer.alloc(0) });
      return;
    }
    readPageFile(url.pathname).then(
      ({ status, headers, body }) => answer({ statusCode: status, headers, data: Buffer.from(body) }),
      () => answer({ error: NET_FAILED }),
    );
  });
  session.webRequest.onBeforeRequest((details, answer) =>
    answer({ cancel: !LOADED_FROM.has(new URL(details.url).protocol) }),
  );
}
