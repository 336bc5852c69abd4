import { beforeEach, describe, expect, it } from 'vitest';
import { SocketBridge } from '../../../src-renderer/bridge/socket.ts';
import type { Socket } from '../../../src-renderer/bridge/socket.ts';
import { RUN, snapshotAt } from './fake-lab.ts';

class TestSocket implements Socket {
  readonly sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {
    this.onclose?.();
  }
  receive(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

let sockets: TestSocket[];
let timers: { task: () => void; ms: number }[];
let frames: (() => void)[];
let bridge: SocketBridge;
let uploaded: unknown;
let handedOut: { name: string; html: string }[];
const last = (): TestSocket => sockets.at(-1) as TestSocket;

beforeEach(() => {
  sockets = [];
  timers = [];
  frames = [];
  handedOut = [];
  bridge = new SocketBridge({
    openSocket: () => {
      sockets.push(new TestSocket());
      return last();
    },
    upload: () => Promise.resolve(uploaded),
    handOut: (name, html) => handedOut.push({ name, html }),
    whenTaken: (task) => frames.push(task),
    later: (task, ms) => timers.push({ task, ms }),
  });
});

describe('the WebSocket carrier', () => {
  it('sends a call made before it was connected as soon as it is', async () => {
    const answer = bridge.call('listRuns', {});
    last().onopen?.();
    expect(last().sent).toEqual([{ t: 'call', id: 1, method: 'listRuns', params: {} }]);
    last().receive({ t: 'answer', id: 1, value: { runs: [] } });
    expect(await answer).toEqual({ runs: [] });
  });

  it('puts a report among the downloads, and says why it makes no PDF', async () => {
    const report = { name: 'a-run', html: '<p>' } as const;
    expect(await bridge.saveReport({ ...report, format: 'html' })).toEqual({ saved: true });
    await expect(bridge.saveReport({ ...report, format: 'pdf' })).rejects.toThrow('print it');
    expect(handedOut).toEqual([{ name: 'a-run.html', html: '<p>' }]);
  });

  it('rejects with the lab’s sentence', async () => {
    last().onopen?.();
    const answer = bridge.call('stopRun', { runId: RUN });
    last().receive({ t: 'error', id: 1, message: 'This run is not live.' });
    await expect(answer).rejects.toThrow('This run is not live.');
  });

  it('fails calls that were under way when the connection was lost, and says so', async () => {
    last().onopen?.();
    const states: string[] = [];
    bridge.onConnection((state) => states.push(state));
    const answer = bridge.call('listRuns', {});
    last().close();
    await expect(answer).rejects.toThrow('nobody knows whether this took effect');
    expect(states).toEqual(['lost']);
  });

  it('connects again, waiting longer each time, and renews its subscriptions', () => {
    last().onopen?.();
    const seen: unknown[] = [];
    bridge.subscribe('live', { runId: RUN }, (snapshot) => seen.push(snapshot.atNs));
    last().close();
    expect(timers.map(({ ms }) => ms)).toEqual([250]);
    timers.shift()?.task();
    last().close();
    expect(timers.map(({ ms }) => ms)).toEqual([500]);
    timers.shift()?.task();
    last().onopen?.();
    expect(last().sent).toEqual([{ t: 'subscribe', id: 1, stream: 'live', params: { runId: RUN } }]);
    last().receive({ t: 'snapshot', id: 1, value: snapshotAt(5) });
    expect(seen).toEqual([5]);
    expect(bridge.connection).toBe('connected');
  });

  it('gives up a call that waited too long for the connection', async () => {
    const answer = bridge.call('listRuns', {});
    timers.shift()?.task();
    await expect(answer).rejects.toThrow('The lab cannot be reached');
    last().onopen?.();
    expect(last().sent).toEqual([]);
  });

  it('acknowledges a snapshot when the window draws, not before', () => {
    last().onopen?.();
    bridge.subscribe('live', { runId: RUN }, () => undefined);
    last().receive({ t: 'snapshot', id: 1, value: snapshotAt(5) });
    expect(last().sent).toHaveLength(1);
    frames.shift()?.();
    expect(last().sent.at(-1)).toEqual({ t: 'ack', id: 1 });
  });

  it('neither hears nor acknowledges what it no longer subscribes to', () => {
    last().onopen?.();
    const seen: unknown[] = [];
    const end = bridge.subscribe('live', { runId: RUN }, (snapshot) => seen.push(snapshot));
    end();
    expect(last().sent.at(-1)).toEqual({ t: 'unsubscribe', id: 1 });
    last().receive({ t: 'snapshot', id: 1, value: snapshotAt(5) });
    expect(seen).toEqual([]);
    expect(frames).toEqual([]);
  });

  it('passes on links and the end of a stream', () => {
    last().onopen?.();
    const heard: string[] = [];
    bridge.onOpenLink((link) => heard.push(link));
    bridge.subscribe(
      'live',
      { runId: RUN },
      () => undefined,
      (reason) => heard.push(reason),
    );
    last().receive({ t: 'link', link: `quorum-lab://run/${RUN}/cluster` });
    last().receive({ t: 'end', id: 1, reason: 'stopped' });
    expect(heard).toEqual([`quorum-lab://run/${RUN}/cluster`, 'stopped']);
  });

  it('tells what the lab said of an uploaded file', async () => {
    const file = { name: 'a.qlab', size: 0, arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)) };
    uploaded = { runId: RUN };
    expect(await bridge.openFile(file)).toEqual({ runId: RUN });
    uploaded = { error: 'a.qlab is no trace.' };
    await expect(bridge.openFile(file)).rejects.toThrow('a.qlab is no trace.');
    uploaded = 'nonsense';
    await expect(bridge.openFile(file)).rejects.toThrow('did not say');
  });
});
