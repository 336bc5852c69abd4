const NAMES: Record<string, string> = { raft: 'Raft', paxos: 'Multi-Paxos' };

/** `Raft`; a protocol this window does not know keeps its own word. */
export function protocolName(protocol: string): string {
  return NAMES[protocol] ?? protocol;
}
