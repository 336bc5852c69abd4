/** The entry of a node process. Forked with `serialization: 'advanced'`; speaks `ToNode` and `FromNode` over IPC. */
import { connectToParent } from './child.ts';
import { NodeProcess } from './node-process.ts';
import type { FromNode, ToNode } from './protocol.ts';

let node: NodeProcess | undefined;

const parent = connectToParent({
  end: (reason) => node?.stop(reason),
  rescue: () => node?.rescue(),
});

function say(message: FromNode): void {
  parent.send(message);
}

process.on('message', (message: ToNode) => {
  switch (message.kind) {
    case 'start':
      if (node !== undefined) throw new Error('this node process has been started already');
      node = new NodeProcess(message);
      node.run().then(() => say({ kind: 'ready' }), parent.fail);
      return;
    case 'operator':
      node?.operator(message.command, message.cause);
      return;
    case 'members':
      node?.readdress(message.members);
      return;
    case 'stop':
      node?.stop('asked to by the lab');
      process.exit(0);
  }
});
