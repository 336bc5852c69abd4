/** `app://lab/`: the origin of the window. It holds the built page and nothing else. */
import { protocol, type Session } from 'electron';
import { readPageFile } from '../lab/page.ts';

const SCHEME = 'app';
const HOST = 'lab';
export const PAGE = `${SCHEME}://${HOST}/`;

/** What a page may be loaded from; every other address, the network's too, is refused: the window works offline. */
const LOADED_FROM = new Set([`${SCHEME}:`, 'devtools:', 'data:', 'blob:']);

/** Must run before Electron is ready. */
export function declareScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

export function isOurs(url: string): boolean {
  return url.startsWith(PAGE);
}

export function servePage(session: Session): void {
  session.protocol.handle(SCHEME, async (request) => {
    const url = new URL(request.url);
    if (request.method !== 'GET' || url.host !== HOST) return new Response(null, { status: 405 });
    const file = await readPageFile(url.pathname);
    return new Response(new Uint8Array(file.body), { status: file.status, headers: file.headers });
  });
  session.webRequest.onBeforeRequest((details, answer) =>
    answer({ cancel: !LOADED_FROM.has(new URL(details.url).protocol) }),
  );
}
