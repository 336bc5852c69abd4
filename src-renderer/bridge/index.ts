import type { WindowFile } from '../../src-main/api/index.ts';
import { handOut } from '../charts/handing-out.ts';
import type { WindowBridge } from './connection.ts';
import { desktopBridge } from './desktop.ts';
import { SocketBridge } from './socket.ts';
import type { Socket } from './socket.ts';

export type { ConnectionState, WindowBridge } from './connection.ts';

const HIDDEN_ACK_MS = 1_000;

/** The bridge this window came with: the desktop's, else the WebSocket of the server that served the page. */
export function openBridge(): WindowBridge {
  return window.quorumLab ? desktopBridge(window.quorumLab) : socketBridge(window.location);
}

function socketBridge(location: Location): WindowBridge {
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api`;
  return new SocketBridge({
    openSocket: () => new WebSocket(url) as Socket,
    upload,
    handOut: (name, html) => handOut(name, new Blob([html], { type: 'text/html' })),
    // Without waiting for a frame: asking for one makes the page lay out and paint although nothing on it may have changed.
    whenTaken: (task) => setTimeout(task, document.hidden ? HIDDEN_ACK_MS : 0),
    later: (task, ms) => setTimeout(task, ms),
  });
}

async function upload(file: WindowFile): Promise<unknown> {
  const response = await fetch('/upload', {
    method: 'POST',
    headers: { 'x-file-name': encodeURIComponent(file.name) },
    body: await file.arrayBuffer(),
  });
  return response.json();
}
