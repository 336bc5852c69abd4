import type { MachineAnswer, MachineRequest } from '../../consensus/replica.ts';
import type { Machine } from './ports.ts';

/** Does what a replica asks of the state machine, but for a restore, which waits its turn among the entries to apply. */
export function obeyMachineRequest(
  machine: Machine,
  request: Exclude<MachineRequest, { kind: 'restore-snapshot' }>,
): MachineAnswer {
  const { kind, index } = request;
  switch (kind) {
    case 'save-snapshot':
      return { kind: 'snapshot-saved', index, bytes: machine.saveSnapshot(index) };
    case 'read-chunk': {
      const { offset, bytesMax, peer } = request;
      const chunk = machine.readChunk(index, offset, bytesMax);
      if (chunk === undefined) return { kind: 'chunk-gone', index, peer };
      return { kind: 'chunk', index, offset, peer, data: chunk.data, total: chunk.total };
    }
    case 'keep-snapshot': {
      const reason = machine.keepSnapshot(index, request.parts);
      return reason === undefined
        ? { kind: 'snapshot-kept', index }
        : { kind: 'snapshot-refused', index, reason };
    }
  }
}
