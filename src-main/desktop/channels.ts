/** Every channel between a window's preload script and the main process, and what travels on it. */

export const channels = {
  /** Window asks: method, parameters as JSON text. Answers {@link Reply}. */
  call: 'lab:call',
  /** Window asks: subscription number, stream, parameters as JSON text. Answers {@link Reply}. */
  subscribe: 'lab:subscribe',
  /** Window tells: subscription number. */
  unsubscribe: 'lab:unsubscribe',
  /** Window is told: {@link SnapshotMessage}. */
  snapshot: 'lab:snapshot',
  /** Window tells: number of the subscription whose snapshot it has taken. */
  acknowledge: 'lab:acknowledge',
  /** Window is told: subscription number, reason. */
  end: 'lab:end',
  /** Window asks: path of a file that a person dropped or chose. Answers {@link Reply}. */
  openFile: 'lab:open-file',
  /** Window asks: a report as JSON text. Answers {@link Reply}. */
  saveReport: 'lab:save-report',
  /** Window tells that it listens for links. */
  listening: 'lab:listening',
  /** Window is told: a `quorum-lab:` link. */
  link: 'lab:link',
} as const;

/**
 * Errors travel as data: Electron would wrap a rejection into words of its own. Values travel as JSON text: an object
 * would be copied property by property from the preload script's world into the page's, which is much dearer than reading its text.
 */
export type Reply =
  { readonly ok: true; readonly json: string } | { readonly ok: false; readonly error: string };

export interface SnapshotMessage {
  readonly subscription: number;
  readonly json: string;
}
