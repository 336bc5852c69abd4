/** What the system asks the app to open: traces and links, in arguments or events, before or after the window is there. */
import path from 'node:path';
import { parseLink } from '../api/links.ts';

export type OpenRequest =
  { readonly kind: 'trace'; readonly file: string } | { readonly kind: 'link'; readonly link: string };

/** The requests among the arguments of a start in folder `cwd`; switches and the app's own path are none. */
export function requestsIn(argv: readonly string[], cwd: string): OpenRequest[] {
  const requests: OpenRequest[] = [];
  for (const argument of argv) {
    if (parseLink(argument)) requests.push({ kind: 'link', link: argument });
    else if (!argument.startsWith('-') && argument.toLowerCase().endsWith('.qlab')) {
      requests.push({ kind: 'trace', file: path.resolve(cwd, argument) });
    }
  }
  return requests;
}

/** Keeps requests until somebody takes them: the system may be earlier than the window. */
export class OpenRequests {
  readonly #waiting: OpenRequest[] = [];
  #take: ((request: OpenRequest) => void) | undefined;

  add(...requests: readonly OpenRequest[]): void {
    for (const request of requests) {
      if (this.#take) this.#take(request);
      else this.#waiting.push(request);
    }
  }

  /** Hands over what waits, and from now on everything at once. */
  takenBy(take: (request: OpenRequest) => void): void {
    this.#take = take;
    for (const request of this.#waiting.splice(0)) take(request);
  }
}
