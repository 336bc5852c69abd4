import { closeSync, fsyncSync, openSync } from 'node:fs';

/** What was made, renamed or removed in a folder survives a power loss only once the folder is synced. Windows needs and allows no such thing. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
