/** The application menu. Keys that the page itself knows stay with the page. */
import { Menu, type MenuItemConstructorOptions } from 'electron';

export interface MenuActions {
  openTrace(): void;
  showLogs(): void;
}

export function setMenu(actions: MenuActions): void {
  const onMac = process.platform === 'darwin';
  const template: MenuItemConstructorOptions[] = [
    ...(onMac ? [{ role: 'appMenu' } as const] : []),
    {
      label: '&File',
      submenu: [
        { label: '&Open trace…', accelerator: 'CmdOrCtrl+O', click: () => actions.openTrace() },
        { type: 'separator' },
        { role: onMac ? 'close' : 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: [{ label: 'Show &logs', click: () => actions.showLogs() }] },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
