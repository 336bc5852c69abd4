/** The entry of the load process. Forked with `serialization: 'advanced'`; speaks `ToLoad` and `FromLoad` over IPC. */
import { connectToParent } from '../child.ts';
import type { FromLoad, ToLoad } from '../protocol.ts';
import { LoadProcess } from './load-process.ts';

let load: LoadProcess | undefined;

const parent = connectToParent({
  end: () => load?.end(),
  rescue: () => load?.end(),
});

function say(message: FromLoad): void {
  parent.send(message);
}

process.on('message', (message: ToLoad) => {
  switch (message.kind) {
    case 'start':
      if (load !== undefined) throw new Error('this load process has been started already');
      load = new LoadProcess(message);
      load.run().then(() => say({ kind: 'ready' }), parent.fail);
      return;
    case 'workload':
      load?.workload(message);
      return;
    case 'call':
      load?.call(message.call, message.node, message.cause, (result) =>
        say({ kind: 'result', id: message.id, result }),
      );
      return;
    case 'members':
      load?.readdress(message.members);
      return;
    case 'measure':
      load?.measure(message.ms, (measured) => say({ kind: 'measured', id: message.id, measured }));
      return;
    case 'stop':
      if (load === undefined) process.exit(0);
      load.stop().then(() => process.exit(0), parent.fail);
  }
});
