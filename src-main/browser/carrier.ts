/** The API over one WebSocket. */
import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { Lab } from '../lab/lab.ts';

const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const requestSchema = z.discriminatedUnion('t', [
  z.strictObject({ t: z.literal('call'), id, method: z.string().max(40), params: z.unknown() }),
  z.strictObject({ t: z.literal('subscribe'), id, stream: z.string().max(40), params: z.unknown() }),
  z.strictObject({ t: z.literal('ack'), id }),
  z.strictObject({ t: z.literal('unsubscribe'), id }),
]);

const SUBSCRIPTIONS_MAX = 32;

interface Subscription {
  end(): void;
  taken: (() => void) | undefined;
}

/** Serves one window until its socket closes. Snapshots wait for the window's `ack` of the one before. */
export function serveWindow(socket: WebSocket, lab: Lab): void {
  const subscriptions = new Map<number, Subscription>();
  const send = (message: object) => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  };

  const subscribe = (number: number, stream: string, params: unknown) => {
    if (subscriptions.has(number)) throw new Error('A subscription needs a number of its own.');
    if (subscriptions.size >= SUBSCRIPTIONS_MAX)
      throw new Error(`A window may hold ${SUBSCRIPTIONS_MAX} subscriptions.`);
    const subscription: Subscription = { end: () => undefined, taken: undefined };
    subscriptions.set(number, subscription);
    try {
      subscription.end = lab.subscribe(
        stream,
        params,
        (value) =>
          new Promise((resolve) => {
            subscription.taken = resolve;
            send({ t: 'snapshot', id: number, value });
          }),
        (reason) => {
          subscriptions.delete(number);
          send({ t: 'end', id: number, reason });
        },
      );
    } catch (error) {
      subscriptions.delete(number);
      throw error;
    }
  };

  const unsubscribe = (number: number) => {
    subscriptions.get(number)?.end();
    subscriptions.delete(number);
  };

  socket.on('message', (data, isBinary) => {
    const request = isBinary ? undefined : parse(data.toString());
    if (!request) {
      socket.close(1008, 'not of the API');
      return;
    }
    switch (request.t) {
      case 'call':
        lab.call(request.method, request.params).then(
          (value) => send({ t: 'answer', id: request.id, value }),
          (error: Error) => send({ t: 'error', id: request.id, message: error.message }),
        );
        break;
      case 'subscribe':
        try {
          subscribe(request.id, request.stream, request.params);
        } catch (error) {
          send({ t: 'end', id: request.id, reason: (error as Error).message });
        }
        break;
      case 'ack':
        subscriptions.get(request.id)?.taken?.();
        break;
      case 'unsubscribe':
        unsubscribe(request.id);
        break;
    }
  });
  socket.on('close', () => {
    for (const number of [...subscriptions.keys()]) unsubscribe(number);
  });
  socket.on('error', () => socket.terminate());
}

function parse(text: string): z.infer<typeof requestSchema> | undefined {
  try {
    return requestSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
