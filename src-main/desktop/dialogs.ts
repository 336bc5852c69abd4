/** The system's own dialogs. */
import { dialog, type BrowserWindow } from 'electron';

/** Path of the trace that the person chose; undefined when they chose none. */
export async function chooseTrace(window: BrowserWindow): Promise<string | undefined> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: 'Open trace',
    properties: ['openFile'],
    filters: [
      { name: 'Traces, exports and histories', extensions: ['qlab', 'ndjson', 'jsonl', 'edn', 'log', 'txt'] },
      { name: 'Quorum Lab traces', extensions: ['qlab'] },
      { name: 'All files', extensions: ['*'] },
    ],
  });
  return filePaths[0];
}

/** Where the person wants the file; undefined when nowhere. It has asked whether a file may be replaced. */
export async function choosePlace(window: BrowserWindow, name: string): Promise<string | undefined> {
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    title: 'Export trace',
    defaultPath: name,
    properties: ['showOverwriteConfirmation', 'createDirectory'],
  });
  return canceled || filePath === '' ? undefined : filePath;
}

/** Where the person wants a report; undefined when they want it nowhere. The system asks before it overwrites a file. */
export async function chooseReportFile(
  window: BrowserWindow,
  name: string,
  format: 'html' | 'pdf',
): Promise<string | undefined> {
  const { filePath } = await dialog.showSaveDialog(window, {
    title: 'Save report',
    defaultPath: name,
    properties: ['createDirectory', 'showOverwriteConfirmation'],
    filters: [{ name: format === 'pdf' ? 'PDF documents' : 'HTML pages', extensions: [format] }],
  });
  return filePath === undefined || filePath === '' ? undefined : filePath;
}

/** Says why a file that the system asked us to open could not be. */
export async function tellRefusal(window: BrowserWindow, error: unknown): Promise<void> {
  await dialog.showMessageBox(window, {
    type: 'error',
    title: 'Quorum Lab',
    message: 'The trace could not be opened.',
    detail: error instanceof Error ? error.message : String(error),
    buttons: ['Close'],
  });
}
