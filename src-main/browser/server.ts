/** Serves the window and the API to browsers on this machine; listens on 127.0.0.1 only. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { WebSocketServer } from 'ws';
import { CALL_BYTES_MAX } from '../api/contract.ts';
import { formatLink, parseLink } from '../api/links.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { TooLarge } from '../lab/upload.ts';
import { pageFolder, readPageFile } from '../lab/page.ts';
import { Admission } from './admission.ts';
import { serveWindow } from './carrier.ts';

const CLOSE_MS_MAX = 1_000;

export interface BrowserHost {
  /** The address to open, with its one-time token. */
  address: string;
  lab: Lab;
  close(): Promise<void>;
}

export interface BrowserHostOptions {
  /** 0 lets the system choose. */
  port: number;
  /** Trace files or links to show in the first window. */
  open: readonly string[];
  log(level: 'info' | 'warn' | 'error', text: string): void;
}

/** Rejects with a sentence when the port is taken, the window is not built or a file to open is no trace. */
export async function startBrowserHost(options: BrowserHostOptions): Promise<BrowserHost> {
  pageFolder();
  const lab = createLab({ kind: 'browser', log: options.log });
  try {
    const links = await linksTo(lab, options.open);
    return await listen(lab, links, options.port);
  } catch (error) {
    await lab.close();
    throw error;
  }
}

async function linksTo(lab: Lab, open: readonly string[]): Promise<string[]> {
  const links: string[] = [];
  for (const item of open) {
    const isLink = item.startsWith('quorum-lab:');
    if (isLink && !parseLink(item))
      throw new Error(
        `"${item}" is no link of Quorum Lab; one looks like quorum-lab://run/<run id>/timeline. Copy it again.`,
      );
    links.push(isLink ? item : formatLink({ runId: await lab.openFile(item), view: 'timeline' }));
  }
  return links;
}

async function listen(lab: Lab, links: string[], port: number): Promise<BrowserHost> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} on 127.0.0.1 is in use. Name another with --port, or leave it out.`)
          : new Error(
              `Port ${port} on 127.0.0.1 cannot be used (${error.code}). Name another with --port, or leave it out.`,
            ),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const admission = new Admission(bound);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: CALL_BYTES_MAX });
  server.on('request', (request, response) => {
    answer(request, response, admission, lab).catch((error: Error) => refuse(response, 500, error.message));
  });
  server.on('upgrade', (request, socket, head) => {
    // Until a WebSocket has it nobody else listens, and a connection reset would end the lab.
    socket.on('error', () => socket.destroy());
    if (request.url !== '/api' || !admission.isOurs(request, true) || !admission.isAdmitted(request)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      serveWindow(webSocket, lab);
      // What the command line named opens in the first window only.
      for (const link of links.splice(0)) webSocket.send(JSON.stringify({ t: 'link', link }));
    });
  });
  return {
    address: `http://127.0.0.1:${bound}/?token=${admission.token}`,
    lab,
    close: async () => {
      server.close();
      for (const client of sockets.clients) client.close(1001, 'the lab was closed');
      await lab.close();
      setTimeout(() => server.closeAllConnections(), CLOSE_MS_MAX).unref();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  admission: Admission,
  lab: Lab,
): Promise<void> {
  if (!admission.isOurs(request, false))
    return refuse(response, 403, 'This address is only for Quorum Lab on this machine.');
  const url = new URL(request.url ?? '/', 'http://lab');
  const token = url.searchParams.get('token');
  if (request.method === 'GET' && url.pathname === '/' && token !== null) {
    const cookie = admission.exchange(token);
    if (cookie === undefined && !admission.isAdmitted(request)) return refuse(response, 403, USED);
    // Not a redirect: one that began at another site would not carry a SameSite=Strict cookie.
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      ...(cookie ? { 'set-cookie': cookie } : {}),
    });
    response.end(
      '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><meta http-equiv="refresh" content="0;url=/"><title>Quorum Lab</title>',
    );
    return;
  }
  if (!admission.isAdmitted(request)) return refuse(response, 403, USED);
  if (request.method === 'POST' && url.pathname === '/upload')
    return takeUpload(request, response, admission, lab);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, 'Only GET and the upload of traces.');
  if (request.method === 'GET' && url.pathname.startsWith('/download/'))
    return giveDownload(url.pathname, response, lab);
  const file = await readPageFile(url.pathname);
  response.writeHead(file.status, { ...file.headers, 'content-length': file.body.length });
  response.end(request.method === 'HEAD' ? undefined : file.body);
}

const USED =
  'This window has not been let in: the address that was printed works once. Start `lab serve` again for a new one.';

/** An exported file, once: it is removed when it has been sent, or the browser has gone. */
async function giveDownload(address: string, response: ServerResponse, lab: Lab): Promise<void> {
  const download = lab.takeDownload(address);
  if (download === undefined)
    return refuse(response, 404, 'This file has been fetched already. Export it again.');
  const { file, name, done } = download;
  try {
    const { size } = await stat(file);
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': size,
      'content-disposition': `attachment; filename="${name}"`,
      'cache-control': 'no-store',
    });
    await pipeline(createReadStream(file), response);
  } finally {
    done();
  }
}

async function takeUpload(
  request: IncomingMessage,
  response: ServerResponse,
  admission: Admission,
  lab: Lab,
): Promise<void> {
  if (!admission.isOurs(request, true)) return refuse(response, 403, 'Uploads come from our own page.');
  const header = request.headers['x-file-name'];
  const name = typeof header === 'string' ? decodeName(header) : 'the file';
  const ofBytes = Number(request.headers['content-length']);
  try {
    const runId = await lab.importTrace(name, request, Number.isSafeInteger(ofBytes) ? ofBytes : undefined);
    json(response, 200, { runId });
  } catch (error) {
    // What is still under way is not waited for.
    if (!request.complete) response.setHeader('connection', 'close');
    if (error instanceof TooLarge)
      return json(response, 413, { error: `${error.message} Open it by name: lab serve FILE.` });
    // An answer like any other: a refused file is no failure of the request, and a browser would report one in its console.
    json(response, 200, { error: (error as Error).message });
  }
}

function decodeName(header: string): string {
  try {
    return decodeURIComponent(header).slice(0, 200);
  } catch {
    return 'the file';
  }
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
