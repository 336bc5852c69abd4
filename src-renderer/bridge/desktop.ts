import type { LabBridge, RunId, StreamSnapshot, WindowFile, WindowReport } from '../../src-main/api/index.ts';
import type { WindowBridge } from './connection.ts';

/** What the preload script offers: the lab's bridge with answers and snapshots as JSON text. */
interface PreloadBridge extends Omit<LabBridge, 'call' | 'subscribe' | 'openFile' | 'saveReport'> {
  call(method: string, params: object): Promise<string>;
  openFile(file: WindowFile): Promise<string>;
  saveReport(report: WindowReport): Promise<string>;
  subscribe(
    stream: string,
    params: object,
    onSnapshot: (json: string) => void,
    onEnd?: (reason: string) => void,
  ): () => void;
}

declare global {
  interface Window {
    /** Put there by the desktop's preload script; absent in a browser. */
    readonly quorumLab?: PreloadBridge;
  }
}

/** The desktop's bridge lives as long as the window, so its connection is never lost. */
export function desktopBridge(lab: PreloadBridge): WindowBridge {
  return {
    host: lab.host,
    connection: 'connected',
    call: async (method, params) => JSON.parse(await lab.call(method, params)),
    subscribe: (stream, params, onSnapshot, onEnd) =>
      lab.subscribe(
        stream,
        params,
        (json) => onSnapshot(JSON.parse(json) as StreamSnapshot<typeof stream>),
        onEnd,
      ),
    openFile: async (file) => JSON.parse(await lab.openFile(file)) as { runId: RunId },
    saveReport: async (report) => JSON.parse(await lab.saveReport(report)) as { saved: boolean },
    onOpenLink: (listener) => lab.onOpenLink(listener),
    onConnection: () => () => undefined,
  };
}
