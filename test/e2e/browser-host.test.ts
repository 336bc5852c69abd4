/** What the browser host lets in: raw requests, as other programs and other sites on this machine may send them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const cli = path.join(root, 'src-main/cli/main.ts');

let home: string;
let host: ChildProcess;
let port: number;
let token: string;
let cookie: string;

function serve(...args: string[]): ChildProcess {
  return spawn(process.execPath, [cli, 'serve', ...args], {
    cwd: root,
    env: { ...process.env, QUORUM_LAB_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

function ask(
  method: string,
  place: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, method, path: place, headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      },
    );
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: '' });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const webSocket = (headers: Record<string, string>) =>
  ask('GET', '/api', {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  });

beforeAll(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'quorum-lab-e2e-'));
  host = serve('--json');
  let text = '';
  host.stdout?.setEncoding('utf8');
  for await (const chunk of host.stdout ?? []) {
    text += String(chunk);
    if (text.includes('}')) break;
  }
  const { address } = JSON.parse(text) as { address: string };
  const url = new URL(address);
  expect(url.hostname).toBe('127.0.0.1');
  port = Number(url.port);
  token = url.searchParams.get('token') ?? '';
});
afterAll(async () => {
  host.kill('SIGTERM');
  await once(host, 'exit');
  rmSync(home, { recursive: true, force: true });
});

describe('the browser host', () => {
  it('lets nobody in who has no cookie, and changes a token for one once', async () => {
    expect((await ask('GET', '/')).status).toBe(403);
    expect((await ask('GET', '/?token=wrong')).status).toBe(403);
    const admitted = await ask('GET', `/?token=${token}`);
    expect(admitted.status).toBe(200);
    const [set = ''] = admitted.headers['set-cookie'] ?? [];
    expect(set).toMatch(/^quorum-lab-\d+=[\w-]{40,}; HttpOnly; SameSite=Strict; Path=\/$/);
    expect(set).toContain(`quorum-lab-${port}=`);
    cookie = set.slice(0, set.indexOf(';'));
    expect((await ask('GET', `/?token=${token}`)).status).toBe(403);
    const page = await ask('GET', '/', { cookie });
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; /);
    expect(page.headers['content-security-policy']).not.toMatch(/unsafe|\*/);
    // A second load, with the used token still in its address.
    expect((await ask('GET', `/?token=${token}`, { cookie })).status).toBe(200);
  });

  it('answers to its own names only, so that no other name can be pointed at it', async () => {
    for (const name of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`]) {
      expect((await ask('GET', '/', { cookie, host: name })).status).toBe(403);
    }
    expect((await ask('GET', '/', { cookie, host: `localhost:${port}` })).status).toBe(200);
  });

  it('gives no file from outside the window', async () => {
    for (const place of [
      '/../package.json',
      '/%2e%2e/%2e%2e/package.json',
      '/..%2fmain%2fmain.js',
      '/assets/%00.js',
    ]) {
      expect((await ask('GET', place, { cookie })).status).toBe(404);
    }
  });

  it('opens a WebSocket for its own page alone', async () => {
    const origin = `http://127.0.0.1:${port}`;
    expect((await webSocket({ cookie, origin })).status).toBe(101);
    expect((await webSocket({ origin })).status).toBe(403);
    expect((await webSocket({ cookie })).status).toBe(403);
    expect((await webSocket({ cookie, origin: 'http://evil.example' })).status).toBe(403);
    expect((await webSocket({ cookie, origin: `http://127.0.0.1:${port + 1}` })).status).toBe(403);
  });

  it('takes uploads from its own page alone, and says by name what is no trace', async () => {
    const origin = `http://127.0.0.1:${port}`;
    const body = 'x'.repeat(500);
    expect((await ask('POST', '/upload', { origin }, body)).status).toBe(403);
    expect((await ask('POST', '/upload', { cookie }, body)).status).toBe(403);
    expect((await ask('POST', '/upload', { cookie, origin: 'http://evil.example' }, body)).status).toBe(403);
    const refused = await ask('POST', '/upload', { cookie, origin, 'x-file-name': 'my%20notes.txt' }, body);
    expect(JSON.parse(refused.body)).toMatchObject({
      error: expect.stringMatching(/^my notes\.txt is not a trace/) as string,
    });
    expect((await ask('DELETE', '/', { cookie })).status).toBe(405);
  });

  it('goes on when a connection is torn down in the middle of a refusal', async () => {
    for (let time = 0; time < 20; time++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(
        `GET /api HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
        () => socket.resetAndDestroy(),
      );
      await once(socket, 'close');
    }
    expect((await ask('GET', '/', { cookie })).status).toBe(200);
    expect(host.exitCode).toBe(null);
  });
});

describe('lab serve says in one sentence, with exit 2,', () => {
  it.each([
    [
      'that a port is in use',
      () => ['--port', String(port)],
      /^Port \d+ on 127\.0\.0\.1 is in use\. Name another with --port/,
    ],
    ['that a port is none', () => ['--port', '99999'], /^--port must be a whole number from 0 to 65535/],
    ['that a trace is none', () => [cli], /main\.ts is not a trace/],
    ['that a file is missing', () => ['missing.qlab'], /^There is no file .*missing\.qlab/],
    ['that a link is none', () => ['quorum-lab://run/nonsense'], /is no link of Quorum Lab/],
  ])('%s', async (_what, args, sentence) => {
    const { code, stdout, stderr } = await ended(serve(...args()));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
