/** What the set-up of the end-to-end tests found out once, and hands to every test file. */
import 'vitest';
import type { TestRuntime } from '../runtime/provision.ts';

/** A program to test in, or the reason why there is none. */
export type ChromiumFound =
  | { readonly available: true; readonly executable: string }
  | { readonly available: false; readonly reason: string };

declare module 'vitest' {
  interface ProvidedContext {
    electron: TestRuntime;
    chromium: ChromiumFound;
  }
}
