/** The window's built files, for whoever serves them (`app://` on the desktop, HTTP in the browser host). */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { resourceFolder } from '../experiments/resources.ts';

/** Stands in the built `index.html` wherever the nonce of a load belongs. */
const NONCE_PLACEHOLDER = 'NONCE-OF-THIS-LOAD';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

export interface PageFile {
  status: 200 | 404;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** Absolute path of the built window. Throws a sentence with the remedy where it has not been built. */
export function pageFolder(): string {
  const folder = path.join(resourceFolder(), '..', 'out', 'renderer');
  if (!existsSync(path.join(folder, 'index.html'))) {
    throw new Error(
      'The window has not been built yet. Run `npm run build` once, or `npm start`, which builds it.',
    );
  }
  return folder;
}

/** Nothing from elsewhere, nothing inline but styles that carry the nonce of this load. */
function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The file for a URL path such as `/` or `/assets/index.js`; anything outside the folder is not found. */
export async function readPageFile(urlPath: string): Promise<PageFile> {
  const folder = pageFolder();
  const headers: Record<string, string> = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
  const notFound: PageFile = {
    status: 404,
    headers: { ...headers, 'content-type': 'text/plain' },
    body: Buffer.from('not found'),
  };
  let relative: string;
  try {
    relative = decodeURIComponent(urlPath);
  } catch {
    return notFound;
  }
  const file = path.join(folder, relative === '/' ? 'index.html' : relative);
  const type = TYPES[path.extname(file)];
  if (!file.startsWith(folder + path.sep) || type === undefined || relative.includes('\0')) return notFound;
  let body: Buffer;
  try {
    body = await readFile(file);
  } catch {
    return notFound;
  }
  headers['content-type'] = type;
  if (path.basename(file) !== 'index.html') {
    // Names of built files carry their hash.
    headers['cache-control'] = 'public, max-age=31536000, immutable';
    return { status: 200, headers, body };
  }
  const nonce = randomBytes(16).toString('base64url');
  headers['cache-control'] = 'no-store';
  headers['content-security-policy'] = contentSecurityPolicy(nonce);
  return {
    status: 200,
    headers,
    body: Buffer.from(body.toString('utf8').replaceAll(NONCE_PLACEHOLDER, nonce)),
  };
}
