/** What an export or import leaves behind that was ended before it was done. */
import { rmSync } from 'node:fs';

/** Where an import lays the events before they become a trace: beside it, so that whoever ends the import can remove both. */
export function spoolFolderOf(part: string): string {
  return `${part}.spools`;
}

/** @param part the name under which the file grew */
export function removeUnfinished(part: string): void {
  for (const side of ['', '-journal', '.making', '.making-journal']) rmSync(part + side, { force: true });
  rmSync(spoolFolderOf(part), { recursive: true, force: true });
}
