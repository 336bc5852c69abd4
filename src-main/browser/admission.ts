/**
 * Who may talk to the browser host: requests to our own name and port, from our own pages, with the cookie that the one-time
 * token of the printed address was exchanged for.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export class Admission {
  readonly #hosts: ReadonlySet<string>;
  readonly #cookieName: string;
  readonly #session = randomBytes(32).toString('base64url');
  #token: string | undefined = randomBytes(24).toString('base64url');

  constructor(port: number) {
    this.#hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
    // Cookies do not know ports: two hosts on one machine need two names.
    this.#cookieName = `quorum-lab-${port}`;
  }

  /** The token of the address to print; it works once. */
  get token(): string {
    if (this.#token === undefined) throw new Error('The token has been used.');
    return this.#token;
  }

  /** The Host and Origin are ours. A missing Origin is allowed where the caller says so (plain page loads send none). */
  isOurs(request: IncomingMessage, originRequired: boolean): boolean {
    const { host, origin } = request.headers;
    if (host === undefined || !this.#hosts.has(host)) return false;
    if (origin === undefined) return !originRequired;
    return origin === `http://${host}`;
  }

  isAdmitted(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? '').split(';').map((part) => part.trim());
    const given = cookies
      .find((part) => part.startsWith(`${this.#cookieName}=`))
      ?.slice(this.#cookieName.length + 1);
    return given !== undefined && equal(given, this.#session);
  }

  /** The Set-Cookie header that a right token buys, once; undefined for a wrong or used one. */
  exchange(token: string): string | undefined {
    if (this.#token === undefined || !equal(token, this.#token)) return undefined;
    this.#token = undefined;
    return `${this.#cookieName}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`;
  }
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
