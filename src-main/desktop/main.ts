/**
 * The desktop app. One instance a data root: a second start hands its traces and links to the first and leaves.
 *
 * Nothing here waits for Electron at the top level: it is ready only after this module has run.
 */
import path from 'node:path';
import { app, dialog, session, shell, type BrowserWindow } from 'electron';
import { formatLink } from '../api/links.ts';
import { openDataRoot, type DataRoot } from '../lab/data-root.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { choosePlace, chooseTrace, tellRefusal } from './dialogs.ts';
import { carryApi } from './ipc.ts';
import { openLog } from './log.ts';
import { setMenu } from './menu.ts';
import { OpenRequests, requestsIn, type OpenRequest } from './open-requests.ts';
import { declareScheme, servePage } from './protocol.ts';
import { saveReport } from './report.ts';
import { lockDown, refusePermissions } from './security.ts';
import { openWindow, showWindow } from './window.ts';

/** Clusters get this long to stop and their traces to close; then the app leaves all the same. */
const CLOSE_MS_MAX = 15_000;

const requests = new OpenRequests();
let window: BrowserWindow | undefined;

function main(): void {
  let dataRoot: DataRoot;
  try {
    dataRoot = openDataRoot();
  } catch (error) {
    dialog.showErrorBox('Quorum Lab', error instanceof Error ? error.message : String(error));
    app.exit(1);
    return;
  }
  // Chromium's own files lie beside ours, and the lock of the one instance with them.
  app.setPath('userData', path.join(dataRoot.folder, 'desktop'));
  if (!app.requestSingleInstanceLock()) {
    app.exit(0);
    return;
  }
  declareScheme();
  lockDown();
  if (app.isPackaged) app.setAsDefaultProtocolClient('quorum-lab');

  app.on('second-instance', (_event, argv, cwd) => {
    requests.add(...requestsIn(argv, cwd));
    if (window) showWindow(window);
  });
  app.on('open-file', (event, file) => {
    event.preventDefault();
    requests.add({ kind: 'trace', file });
  });
  app.on('open-url', (event, link) => {
    event.preventDefault();
    requests.add(...requestsIn([link], '/'));
  });
  app.on('window-all-closed', () => app.quit());
  requests.add(...requestsIn(process.argv.slice(1), process.cwd()));

  void app.whenReady().then(() => start(dataRoot));
}

function start(dataRoot: DataRoot): void {
  const log = openLog(dataRoot.logs);
  log.info({ version: app.getVersion(), electron: process.versions['electron'] }, 'started');
  app.on('render-process-gone', (_event, contents, details) => {
    log.error(details, 'the page is gone');
    if (details.reason !== 'clean-exit' && !contents.isDestroyed()) contents.reload();
  });
  app.on('child-process-gone', (_event, details) => log.warn(details, 'a process of Chromium is gone'));

  const lab = createLab({
    kind: 'desktop',
    openDialog: async () => (window && (await chooseTrace(window))) ?? null,
    saveDialog: async (name) => (window && (await choosePlace(window, name))) ?? null,
    log: (level, text) => log[level](text),
  });
  closeBeforeLeaving(lab, (error) => log.error(error, 'closing the lab'));
  servePage(session.defaultSession);
  refusePermissions(session.defaultSession);
  window = openLabWindow(lab, dataRoot);
  setMenu({
    openTrace: () => {
      if (window) void openChosen(window);
    },
    showLogs: () => void shell.openPath(dataRoot.logs),
  });
}

function openLabWindow(lab: Lab, dataRoot: DataRoot): BrowserWindow {
  const opened = openWindow(path.join(dataRoot.folder, 'window.json'));
  carryApi(opened.webContents, {
    call: (method, params) => lab.call(method, params),
    subscribe: (stream, params, push, onEnd) => lab.subscribe(stream, params, push, onEnd),
    openFile: (file) => lab.openFile(file),
    saveReport: (report) => saveReport(opened, report),
    // The page is there to be shown a place.
    listening: (sendLink) => requests.takenBy((request) => void open(opened, lab, request, sendLink)),
  });
  return opened;
}

async function open(
  shownIn: BrowserWindow,
  lab: Lab,
  request: OpenRequest,
  sendLink: (link: string) => void,
): Promise<void> {
  try {
    sendLink(
      request.kind === 'link'
        ? request.link
        : formatLink({ runId: await lab.openFile(request.file), view: 'timeline' }),
    );
  } catch (error) {
    if (!shownIn.isDestroyed()) await tellRefusal(shownIn, error);
  }
}

async function openChosen(shownIn: BrowserWindow): Promise<void> {
  const file = await chooseTrace(shownIn);
  if (file !== undefined) requests.add({ kind: 'trace', file });
}

/** Clusters stop and traces close before the app leaves. */
function closeBeforeLeaving(lab: Lab, onError: (error: unknown) => void): void {
  let closing = false;
  app.on('will-quit', (event) => {
    event.preventDefault();
    if (closing) return;
    closing = true;
    const deadline = new Promise((resolve) => setTimeout(resolve, CLOSE_MS_MAX));
    void Promise.race([lab.close().catch(onError), deadline]).finally(() => app.exit(0));
  });
}

main();
