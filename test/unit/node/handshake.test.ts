import { describe, expect, it } from 'vitest';
import { ConnectorHandshake, ListenerHandshake } from '../../../src-main/node/transport/handshake.ts';
import type { HandshakeStep, Role, Self } from '../../../src-main/node/transport/handshake.ts';

const secret = new Uint8Array(32).fill(5);
const n1: Self = { runId: 'run-1', secret, id: 'n1', incarnation: 3 };
const n2: Self = { runId: 'run-1', secret, id: 'n2', incarnation: 7 };
const knows = (role: Role, id: string): boolean => (role === 'peer' ? ['n1', 'n3'] : ['load']).includes(id);

/** Lets the two ends talk until one has come to a verdict; `tamper` may change what goes over the wire. */
function shake(
  connector: ConnectorHandshake,
  listener: ListenerHandshake,
  tamper: (payload: Buffer, round: number) => Buffer = (payload) => payload,
): { connector: HandshakeStep | undefined; listener: HandshakeStep | undefined } {
  let toListener: Buffer | undefined = connector.hello;
  let said: { connector: HandshakeStep | undefined; listener: HandshakeStep | undefined } = {
    connector: undefined,
    listener: undefined,
  };
  for (let round = 0; toListener !== undefined; round++) {
    const listened = listener.take(tamper(toListener, 2 * round));
    said = { ...said, listener: listened };
    if (listened.send === undefined) break;
    const connected = connector.take(tamper(listened.send, 2 * round + 1));
    said = { ...said, connector: connected };
    toListener = connected.state === 'going-on' ? connected.send : undefined;
  }
  return said;
}

describe('The handshake', () => {
  it('lets two nodes of one run prove themselves to each other', () => {
    const said = shake(new ConnectorHandshake(n1, 'peer', 'n2'), new ListenerHandshake(n2, knows));
    expect(said.connector).toMatchObject({ state: 'proved', other: { id: 'n2', incarnation: 7 } });
    expect(said.listener).toMatchObject({
      state: 'proved',
      other: { role: 'peer', id: 'n1', incarnation: 3 },
    });
  });

  it('lets a known client in', () => {
    const load: Self = { ...n1, id: 'load' };
    const said = shake(new ConnectorHandshake(load, 'client', 'n2'), new ListenerHandshake(n2, knows));
    expect(said.listener).toMatchObject({ state: 'proved', other: { role: 'client', id: 'load' } });
  });

  const refusals: [string, Self, Role, string, RegExp][] = [
    ['of another run', { ...n1, runId: 'run-2' }, 'peer', 'n2', /run run-2, not run-1/],
    ['with an unknown id', { ...n1, id: 'n9' }, 'peer', 'n2', /no peer n9 is known here/],
    ['that poses as a client', { ...n1, id: 'n1' }, 'client', 'n2', /no client n1 is known here/],
    ['that is this node itself', n2, 'peer', 'n2', /n2 is connected to itself/],
    ['that looks for another node', n1, 'peer', 'n3', /n3 was looked for, this is n2/],
  ];
  it.each(refusals)('refuses one %s, and tells it why', (_name, self, role, to, reason) => {
    const said = shake(new ConnectorHandshake(self, role, to), new ListenerHandshake(n2, knows));
    expect(said.listener).toMatchObject({ state: 'refused', reason: expect.stringMatching(reason) });
    expect(said.connector).toMatchObject({ state: 'refused', reason: expect.stringMatching(reason) });
  });

  it('ends at the connector when the listener does not know the secret', () => {
    const impostor = new ListenerHandshake({ ...n2, secret: new Uint8Array(32) }, knows);
    const said = shake(new ConnectorHandshake(n1, 'peer', 'n2'), impostor);
    expect(said.connector).toEqual({
      state: 'refused',
      reason: 'the other end does not know the secret of this run',
    });
  });

  it('ends at the listener when the connector does not know the secret', () => {
    const listener = new ListenerHandshake(n2, knows);
    const said = shake(new ConnectorHandshake(n1, 'peer', 'n2'), listener, (payload, round) =>
      round === 2 ? Buffer.alloc(32) : payload,
    );
    expect(said.listener).toMatchObject({
      state: 'refused',
      reason: 'n1 does not know the secret of this run',
    });
  });

  it('is not passed by echoing what the other end says', () => {
    const echoed = new ConnectorHandshake(n1, 'peer', 'n2');
    expect(echoed.take(echoed.hello)).toEqual({
      state: 'refused',
      reason: 'the socket is connected to itself',
    });
    const listener = new ListenerHandshake(n2, knows);
    const challenge = listener.take(new ConnectorHandshake(n1, 'peer', 'n2').hello).send ?? Buffer.alloc(0);
    expect(listener.take(challenge.subarray(challenge.length - 32))).toMatchObject({ state: 'refused' });
  });

  it('is not passed by replaying an earlier one', () => {
    const taped: Buffer[] = [];
    shake(new ConnectorHandshake(n1, 'peer', 'n2'), new ListenerHandshake(n2, knows), (payload, round) => {
      if (round % 2 === 0) taped.push(payload);
      return payload;
    });
    const listener = new ListenerHandshake(n2, knows);
    const [hello, proof] = taped;
    expect(listener.take(hello ?? Buffer.alloc(0)).state).toBe('going-on');
    expect(listener.take(proof ?? Buffer.alloc(0)).state).toBe('refused');
  });

  it('answers nothing to what is no hello', () => {
    const said = new ListenerHandshake(n2, knows).take(Buffer.from('GET / HTTP/1.1'));
    expect(said).toEqual({ state: 'refused', reason: 'something that is no client of Quorum Lab' });
  });
});
