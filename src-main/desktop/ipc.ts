/**
 * The IPC carrier of the API. Whatever reaches the lab is from our own page's main frame and small enough; the lab
 * then checks its form.
 */
import type { IpcMainEvent, IpcMainInvokeEvent, WebContents } from 'electron';
import { CALL_BYTES_MAX, REPORT_BYTES_MAX } from '../api/contract.ts';
import { channels, type Reply, type SnapshotMessage } from './channels.ts';
import { isOurs } from './protocol.ts';

/** One window looks at a run or two at a time; more than this is a page gone wrong. */
const SUBSCRIPTIONS_MAX = 64;

/** What the carrier needs of the lab and of the desktop around it. The lab checks every call against its schema. */
export interface Served {
  call(method: unknown, params: unknown): Promise<unknown>;
  subscribe(
    stream: unknown,
    params: unknown,
    push: (snapshot: unknown) => Promise<void>,
    onEnd: (reason: string) => void,
  ): () => void;
  /** Opens the trace at this path and answers with its run. */
  openFile(file: string): Promise<string>;
  /** Keeps a report where the person says; checks its form. */
  saveReport(report: unknown): Promise<{ saved: boolean }>;
  /** The page listens for links from now on, until it is loaded anew. */
  listening(sendLink: (link: string) => void): void;
}

interface Subscription {
  stop(): void;
  /** The window has taken the snapshot that is under way. */
  taken(): void;
}

/** Serves `served` to the page in `contents` until that is destroyed. */
export function carryApi(contents: WebContents, served: Served): void {
  const subscriptions = new Map<number, Subscription>();

  const isOurPage = (event: IpcMainEvent | IpcMainInvokeEvent) => {
    const frame = event.senderFrame;
    return event.sender === contents && frame !== null && frame === contents.mainFrame && isOurs(frame.url);
  };

  function answer(channel: string, handler: (...parameters: unknown[]) => unknown): void {
    contents.ipc.handle(channel, async (event, ...parameters: unknown[]): Promise<Reply> => {
      if (!isOurPage(event)) return { ok: false, error: 'This page may not speak to the lab.' };
      try {
        return { ok: true, json: encode(await handler(...parameters)) };
      } catch (error) {
        return { ok: false, error: error instanceof Error ? error.message : String(error) };
      }
    });
  }

  function hear(channel: string, handler: (...parameters: unknown[]) => void): void {
    contents.ipc.on(channel, (event, ...parameters: unknown[]) => {
      if (isOurPage(event)) handler(...parameters);
    });
  }

  function stopAll(): void {
    for (const subscription of subscriptions.values()) subscription.stop();
    subscriptions.clear();
  }

  function subscribe(number: unknown, stream: unknown, params: unknown): void {
    if (typeof number !== 'number' || subscriptions.has(number))
      throw new Error('A subscription needs a number of its own.');
    if (subscriptions.size >= SUBSCRIPTIONS_MAX)
      throw new Error(`A window may have ${SUBSCRIPTIONS_MAX} subscriptions, and has them.`);
    const decoded = decode(params);
    let taken: (() => void) | undefined;
    const push = (snapshot: unknown) =>
      new Promise<void>((resolve, reject) => {
        if (contents.isDestroyed() || !subscriptions.has(number))
          return reject(new Error('The window is gone.'));
        taken = resolve;
        contents.send(channels.snapshot, {
          subscription: number,
          json: encode(snapshot),
        } satisfies SnapshotMessage);
      });
    const onEnd = (reason: string) => {
      if (subscriptions.delete(number) && !contents.isDestroyed())
        contents.send(channels.end, number, reason);
    };
    // Known before the lab is asked, because the lab may push or end at once.
    subscriptions.set(number, { stop: () => undefined, taken: () => taken?.() });
    try {
      const stop = served.subscribe(stream, decoded, push, onEnd);
      if (subscriptions.has(number)) subscriptions.set(number, { stop, taken: () => taken?.() });
    } catch (error) {
      subscriptions.delete(number);
      throw error;
    }
  }

  answer(channels.call, (method, params) => served.call(method, decode(params)));
  answer(channels.subscribe, subscribe);
  hear(channels.unsubscribe, (number) => {
    if (typeof number !== 'number') return;
    subscriptions.get(number)?.stop();
    subscriptions.delete(number);
  });
  hear(channels.acknowledge, (number) => {
    if (typeof number === 'number') subscriptions.get(number)?.taken();
  });
  answer(channels.openFile, async (file) => {
    if (typeof file !== 'string' || file === '')
      throw new Error('Only a file that is on this machine can be opened.');
    return { runId: await served.openFile(file) };
  });
  answer(channels.saveReport, (report) => served.saveReport(decode(report, 2 * REPORT_BYTES_MAX)));
  hear(channels.listening, () =>
    served.listening((link) => {
      if (!contents.isDestroyed()) contents.send(channels.link, link);
    }),
  );

  // A reload or a crash leaves nobody who would acknowledge.
  contents.on('did-start-navigation', (details) => {
    if (details.isMainFrame && !details.isSameDocument) stopAll();
  });
  contents.on('render-process-gone', stopAll);
  contents.once('destroyed', stopAll);
}

function encode(value: unknown): string {
  return JSON.stringify(value ?? null);
}

function decode(text: unknown, bytesMax = CALL_BYTES_MAX): unknown {
  if (typeof text !== 'string') throw new Error('Parameters travel as JSON text.');
  if (text.length > bytesMax)
    throw new Error(`A call may be ${bytesMax / 1024} KiB long, and this one is longer.`);
  return JSON.parse(text);
}
