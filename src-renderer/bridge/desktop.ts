import type { LabBridge } from '../../src-main/api/index.ts';
import type { WindowBridge } from './connection.ts';

declare global {
  interface Window {
    /** Put there by the desktop's preload script; absent in a browser. */
    readonly quorumLab?: LabBridge;
  }
}

/** The desktop's bridge lives as long as the window, so its connection is never lost. */
export function desktopBridge(lab: LabBridge): WindowBridge {
  return {
    host: lab.host,
    connection: 'connected',
    call: (method, params) => lab.call(method, params),
    subscribe: (stream, params, onSnapshot, onEnd) => lab.subscribe(stream, params, onSnapshot, onEnd),
    openFile: (file) => lab.openFile(file),
    onOpenLink: (listener) => lab.onOpenLink(listener),
    onConnection: () => () => undefined,
  };
}
