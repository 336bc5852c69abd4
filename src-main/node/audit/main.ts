/** Entry of the audit process: one request, one answer. */
import { audit } from './audit.ts';
import type { AuditRequest, FromAudit } from './protocol.ts';

function answer(message: FromAudit, code: number): void {
  process.send?.(message, () => process.exit(code));
}

// Ctrl+C in a terminal reaches the whole group and is the parent's to handle.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(1));
process.once('message', (request: AuditRequest) => {
  try {
    answer({ kind: 'audited', result: audit(request.traceFile, request.disks) }, 0);
  } catch (error) {
    answer(
      {
        kind: 'failed',
        error: `The nodes' disks could not be compared with the trace: ${(error as Error).message}`,
      },
      1,
    );
  }
});
