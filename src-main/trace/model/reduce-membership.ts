/** Folds what a node says of configurations, leases, transfers and snapshots into its state. Pure. */
import type { Configuration } from '../../consensus/replica.ts';
import type { TraceEvent } from './events.ts';
import { isMember } from './members.ts';
import type { NodeState } from './state.ts';

type Said<Kind extends TraceEvent['kind']> = Extract<TraceEvent, { kind: Kind }>;

export function reduceConfiguration(node: NodeState, event: Said<'configuration'>): void {
  const { stage, index, configuration } = event;
  if (stage === 'committed') {
    // An older one may be committed while the next is in force already.
    if ((node.configuration?.index ?? 0) > index) return;
    node.configuration = { configuration, index, committed: true };
    partFromOthers(node, configuration);
    return;
  }
  const committed = stage === 'restored' || (stage === 'rolled-back' && index <= node.commit);
  node.configuration = { configuration, index, committed };
}

/** A leader follows nobody any more who is no member. */
function partFromOthers({ progress }: NodeState, configuration: Configuration): void {
  for (const peer of Object.keys(progress)) {
    if (!isMember(configuration, peer)) Reflect.deleteProperty(progress, peer);
  }
}

export function reduceLease(node: NodeState, { held, forMs, atNs }: Said<'lease'>): void {
  node.lease = held ? { sinceNs: atNs, forMs } : null;
}

export function reduceTransfer(node: NodeState, { stage, to, atNs }: Said<'transfer'>): void {
  if (stage === 'ended') node.transfer = null;
  else if (stage === 'started') node.transfer = { to, sinceNs: atNs, asked: false };
  else node.transfer = { to, sinceNs: node.transfer?.sinceNs ?? atNs, asked: true };
}

export function reduceSnapshot(node: NodeState, event: Said<'snapshot'>): void {
  const { stage, index, term, peer, atNs } = event;
  const follower = peer === undefined ? undefined : node.progress[peer];
  switch (stage) {
    case 'saved':
      node.snapshot = { index, term };
      break;
    case 'sending':
      if (follower) follower.sending = { index, sinceNs: atNs };
      break;
    case 'sent':
      if (follower) follower.sending = null;
      break;
    case 'receiving':
      node.incoming = { from: peer ?? '', index, bytes: event.bytes ?? 0, total: event.total ?? 0 };
      break;
    case 'abandoned':
      // To a follower, who will be sent it again, or from the leader.
      if (peer === undefined) node.incoming = null;
      break;
    case 'installed':
      install(node, event);
      break;
  }
}

/** The log gives way to the leader's snapshot; the state follows with `restore`. */
function install(node: NodeState, { index, term, hash }: Said<'snapshot'>): void {
  node.incoming = null;
  node.snapshot = { index, term };
  node.log = [];
  node.compacted = index;
  node.lastIndex = index;
  node.lastHash = hash;
  node.commit = index;
  node.durableIndex = Math.min(node.durableIndex, index);
}
