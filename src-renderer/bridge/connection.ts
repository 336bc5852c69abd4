import type { LabBridge } from '../../src-main/api/index.ts';

/** connecting: first attempt; lost: was there and is being sought again. */
export type ConnectionState = 'connecting' | 'connected' | 'lost';

/** What the window works with: the lab's bridge, and whether the lab can be reached at all. */
export interface WindowBridge extends LabBridge {
  readonly connection: ConnectionState;
  onConnection(listener: (state: ConnectionState) => void): () => void;
}
