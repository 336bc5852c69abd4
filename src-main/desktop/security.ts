/** What no page may do, whatever it holds: leave, open windows, embed others, ask for devices. */
import { app, shell, type Session } from 'electron';
import { isOurs } from './protocol.ts';

/** The one permission a window needs: copying an id or a figure. */
const GRANTED = new Set(['clipboard-sanitized-write']);

/** Holds for every page of this process, present and future. Call before any is made. */
export function lockDown(): void {
  // It would overrule a person's --no-sandbox, and as root Chromium's processes then crash in a loop.
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => {
      if (!isOurs(event.url)) event.preventDefault();
    });
    contents.on('will-frame-navigate', (event) => {
      if (!event.isMainFrame || !isOurs(event.url)) event.preventDefault();
    });
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      // A reference in the help pages opens where the person browses, never in here.
      if (url.startsWith('https://')) void shell.openExternal(url);
      return { action: 'deny' };
    });
  });
}

export function refusePermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => answer(GRANTED.has(permission)));
  session.setPermissionCheckHandler((_contents, permission) => GRANTED.has(permission));
  session.setDevicePermissionHandler(() => false);
}
