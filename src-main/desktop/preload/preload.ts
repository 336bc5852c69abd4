/**
 * The bridge between the page and the lab. It runs sandboxed and isolated: the page gets six functions and no
 * Electron.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { channels, type Reply, type SnapshotMessage } from '../channels.ts';

/** A hidden window takes a snapshot about this often. */
const HIDDEN_ACKNOWLEDGE_MS = 1_000;

interface Subscription {
  onSnapshot(json: string): void;
  onEnd: ((reason: string) => void) | undefined;
}

const subscriptions = new Map<number, Subscription>();
const linkListeners = new Set<(link: string) => void>();
let subscriptionsMade = 0;

/** Answers with JSON text. */
async function ask(channel: string, ...parameters: unknown[]): Promise<string> {
  const reply = (await ipcRenderer.invoke(channel, ...parameters)) as Reply;
  if (reply.ok) return reply.json;
  throw new Error(reply.error);
}

/**
 * Runs `task` once the page has taken what it was given. It does not wait for a frame: asking for one makes the page lay out and paint
 * although nothing on it may have changed.
 */
function whenTaken(task: () => void): void {
  setTimeout(task, document.hidden ? HIDDEN_ACKNOWLEDGE_MS : 0);
}

function end(subscription: number, reason: string): void {
  const ended = subscriptions.get(subscription);
  subscriptions.delete(subscription);
  ended?.onEnd?.(reason);
}

ipcRenderer.on(channels.snapshot, (_event, { subscription, json }: SnapshotMessage) => {
  subscriptions.get(subscription)?.onSnapshot(json);
  whenTaken(() => ipcRenderer.send(channels.acknowledge, subscription));
});
ipcRenderer.on(channels.end, (_event, subscription: number, reason: string) => end(subscription, reason));
ipcRenderer.on(channels.link, (_event, link: string) => {
  for (const listener of linkListeners) listener(link);
});

contextBridge.exposeInMainWorld('quorumLab', {
  host: 'desktop',

  call: (method: string, params: unknown) => ask(channels.call, method, JSON.stringify(params)),

  subscribe(
    stream: string,
    params: unknown,
    onSnapshot: (json: string) => void,
    onEnd?: (reason: string) => void,
  ): () => void {
    subscriptionsMade += 1;
    const subscription = subscriptionsMade;
    subscriptions.set(subscription, { onSnapshot, onEnd });
    ask(channels.subscribe, subscription, stream, JSON.stringify(params)).catch((error: unknown) =>
      end(subscription, error instanceof Error ? error.message : String(error)),
    );
    return () => {
      if (subscriptions.delete(subscription)) ipcRenderer.send(channels.unsubscribe, subscription);
    };
  },

  /** The path is read here, from a file that a person gave the page; the page itself never sees it. */
  openFile: (file: File) => ask(channels.openFile, webUtils.getPathForFile(file)),

  saveReport: (report: unknown) => ask(channels.saveReport, JSON.stringify(report)),

  onOpenLink(listener: (link: string) => void): () => void {
    linkListeners.add(listener);
    ipcRenderer.send(channels.listening);
    return () => linkListeners.delete(listener);
  },
});
