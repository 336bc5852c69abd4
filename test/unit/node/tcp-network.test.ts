import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Envelope, Request } from '../../../src-main/node/host/ports.ts';
import { frameOf } from '../../../src-main/node/transport/frame.ts';
import { ConnectorHandshake } from '../../../src-main/node/transport/handshake.ts';
import { OutgoingLink } from '../../../src-main/node/transport/outgoing-link.ts';
import { TcpNetwork } from '../../../src-main/node/transport/tcp-network.ts';
import { JournalRecorder, message } from './fake-ports.ts';

const secret = new Uint8Array(32).fill(9);
const open: { end(reason: string): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.end('the test is over');
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface TestNode {
  readonly network: TcpNetwork;
  readonly recorder: JournalRecorder;
  readonly arrived: Envelope[];
  readonly requests: Request[];
  readonly port: number;
}

interface NodePlan {
  readonly id: string;
  readonly port: number;
  readonly incarnation?: number;
  readonly runId?: string;
  readonly key?: Uint8Array;
}

async function startNode(
  { id, port, incarnation = 1, runId = 'run', key = secret }: NodePlan,
  members: NodePlan[],
): Promise<TestNode> {
  const recorder = new JournalRecorder([]);
  const self = { runId, secret: key, id, incarnation };
  const network = new TcpNetwork({ self, members, clients: ['load'], recorder });
  const arrived: Envelope[] = [];
  const requests: Request[] = [];
  await network.start(port, {
    arrive: (envelope) => void arrived.push(envelope),
    request: (one) => void requests.push(one),
  });
  open.push(network);
  return { network, recorder, arrived, requests, port };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('waited 10 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function post(node: TestNode, seq: number, to = 'n2', from = 'n1'): string | undefined {
  const sent = { ...message('Ping', to, from), body: { seq } };
  const refusal = node.network.send(node.network.pack(sent), { incarnation: 1, seq, message: sent });
  node.network.flush();
  return refusal;
}

const linkReasons = (node: TestNode, state: 'up' | 'down'): string[] =>
  node.recorder.of('link').flatMap((event) => (event.state === state ? [event.reason] : []));

async function pair(): Promise<{ n1: TestNode; n2: TestNode; members: NodePlan[] }> {
  const members = [
    { id: 'n1', port: await freePort() },
    { id: 'n2', port: await freePort() },
  ];
  const [first, second] = members as [NodePlan, NodePlan];
  const n1 = await startNode(first, members);
  const n2 = await startNode(second, members);
  await until(() => linkReasons(n1, 'up').length > 0 && linkReasons(n2, 'up').length > 0);
  return { n1, n2, members };
}

/** A peer that knows the secret but may say anything once it is let in. */
async function impostor(port: number, after: Buffer): Promise<string> {
  const handshake = new ConnectorHandshake({ runId: 'run', secret, id: 'n1', incarnation: 1 }, 'peer', 'n2');
  const socket = connect({ host: '127.0.0.1', port });
  let rest = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32LE(0)) {
      const payload = rest.subarray(8, 8 + rest.readUInt32LE(0));
      rest = rest.subarray(8 + payload.length);
      const step = handshake.take(payload);
      if (step.state === 'going-on') socket.write(frameOf(step.send));
      if (step.state === 'proved') socket.write(after);
    }
  });
  socket.write(frameOf(handshake.hello));
  return new Promise((resolve) => socket.on('close', () => resolve('closed')));
}

describe('The network over TCP', () => {
  it('carries messages in order, with the ids of their send events', async () => {
    const { n1, n2 } = await pair();
    for (let seq = 1; seq <= 50; seq++) expect(post(n1, seq)).toBeUndefined();
    await until(() => n2.arrived.length === 50);
    expect(n2.arrived.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_none, at) => at + 1));
    expect(n2.arrived[0]).toEqual({
      incarnation: 1,
      seq: 1,
      message: { ...message('Ping'), body: { seq: 1 } },
    });
  });

  it('says why a message cannot leave while there is no connection', async () => {
    const members = [
      { id: 'n1', port: await freePort() },
      { id: 'n2', port: await freePort() },
    ];
    const n1 = await startNode({ id: 'n1', port: members[0]?.port ?? 0 }, members);
    expect(post(n1, 1)).toBe('no connection to n2');
    expect(post(n1, 2, 'n7')).toBe('no node n7 is known here');
  });

  it('connects again at once when a node comes back', async () => {
    const { n1, n2, members } = await pair();
    n2.network.end('killed');
    await until(() => linkReasons(n1, 'down').length > 0);
    const again = await startNode({ id: 'n2', port: n2.port, incarnation: 2 }, members);
    await until(() => post(n1, 9) === undefined && again.arrived.length > 0);
  });

  it('drops what a node that does not read leaves queued beyond the bound, and says so', async () => {
    const { n1 } = await pair();
    const body = { text: 'x'.repeat(1 << 20) };
    const refusals = Array.from({ length: 12 }, (_none, at) => {
      const sent = { ...message('Big'), body };
      return n1.network.send(n1.network.pack(sent), { incarnation: 1, seq: at + 1, message: sent });
    });
    expect(refusals[0]).toBeUndefined();
    expect(refusals.at(-1)).toMatch(/bytes are queued to n2 already/);
  });

  it.each([
    ['another run', { runId: 'elsewhere' }, /run elsewhere, not run/],
    ['another secret', { key: new Uint8Array(32) }, /does not know the secret of this run/],
  ])('does not let in a node of %s, which hears why', async (_name, changes, reason) => {
    const members = [
      { id: 'n1', port: await freePort() },
      { id: 'n2', port: await freePort() },
    ];
    const [first, second] = members as [NodePlan, NodePlan];
    const n1 = await startNode(first, members);
    const stranger = await startNode({ ...second, ...changes }, members);
    await until(() => linkReasons(stranger, 'down').some((said) => reason.test(said)));
    expect(linkReasons(n1, 'up')).toEqual([]);
  });

  it('does not let in an id that is no member', async () => {
    const { n2 } = await pair();
    const reasons: string[] = [];
    const link = new OutgoingLink(
      { runId: 'run', secret, id: 'n9', incarnation: 1 },
      'peer',
      { id: 'n2', port: n2.port },
      {
        up: () => reasons.push('up'),
        down: (reason) => void reasons.push(reason),
        payload: () => undefined,
      },
    );
    open.push(link);
    link.start();
    await until(() => reasons.length > 0);
    expect(reasons).toEqual(['no peer n9 is known here']);
  });

  it('connects to nodes that are added to the address book, and ends the links to those that are gone', async () => {
    const { n1, n2, members } = await pair();
    const third = { id: 'n3', port: await freePort() };
    const n3 = await startNode(third, [...members, third]);
    await until(() => linkReasons(n3, 'down').some((said) => said === 'no peer n3 is known here'));
    expect(post(n1, 1, 'n3')).toBe('no node n3 is known here');
    for (const { network } of [n1, n2]) network.readdress([...members, third]);
    await until(() => post(n1, 2, 'n3') === undefined && n3.arrived.length > 0);
    await until(() => post(n3, 1, 'n2', 'n3') === undefined && n2.arrived.length > 0);
    n1.network.readdress(members);
    expect(post(n1, 3, 'n3')).toBe('no node n3 is known here');
    expect(linkReasons(n1, 'down')).toContain('n3 is not in the address book any more');
    await until(
      () => linkReasons(n3, 'down').filter((said) => said === 'no peer n3 is known here').length > 1,
    );
    expect(post(n1, 4, 'n2')).toBeUndefined();
  });

  it('connects to the new address of a node that moved', async () => {
    const { n1, n2, members } = await pair();
    n2.network.end('killed');
    await until(() => linkReasons(n1, 'down').length > 0);
    const moved = { id: 'n2', port: await freePort(), incarnation: 2 };
    const book = [...members.filter(({ id }) => id !== 'n2'), moved];
    const again = await startNode(moved, book);
    n1.network.readdress(book);
    await until(() => post(n1, 9) === undefined && again.arrived.length > 0);
  });

  const spoiled = frameOf(Buffer.from('spoiled'));
  spoiled[12] = (spoiled[12] ?? 0) ^ 1;
  const tooLong = Buffer.alloc(8);
  tooLong.writeUInt32LE(0x7fffffff, 0);
  it.each([
    ['a bad checksum', spoiled, /inbound: a frame of 7 bytes with a bad checksum/],
    ['an absurd length', tooLong, /inbound: a frame of 2147483647 bytes, where 1 to \d+ are allowed/],
    [
      'rubbish in a good frame',
      frameOf(Buffer.from('rubbish with more than twelve bytes')),
      /inbound: a message/,
    ],
  ])('closes a connection that sends %s, and records the reason', async (_name, bytes, reason) => {
    const port = await freePort();
    const members = [
      { id: 'n1', port: await freePort() },
      { id: 'n2', port },
    ];
    const n2 = await startNode({ id: 'n2', port }, members);
    expect(await impostor(port, bytes)).toBe('closed');
    await until(() => linkReasons(n2, 'down').some((said) => reason.test(said)));
    expect(n2.arrived).toEqual([]);
  });

  it('closes a connection that is no client of ours without a word', async () => {
    const port = await freePort();
    await startNode({ id: 'n2', port }, [{ id: 'n2', port }]);
    const socket = connect({ host: '127.0.0.1', port });
    const heard: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk));
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    expect(heard).toEqual([]);
  });

  it('refuses a port in use with a sentence that names it', async () => {
    const { n1, members } = await pair();
    await expect(startNode({ id: 'n1', port: n1.port }, members)).rejects.toThrow(
      `n1 cannot listen on port ${n1.port} of 127.0.0.1: another process uses it. End that process or give the node another port`,
    );
  });
});
