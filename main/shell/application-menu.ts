import { Menu } from 'electron';

/**
 * Electron's own menu has reload, developer tools and a link to the web in it. macOS needs one for copy and paste
 * to work at all, the others need none.
 */
export function setApplicationMenu(): void {
  Menu.setApplicationMenu(
    process.platform === 'darwin'
      ? Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }, { role: 'windowMenu' }])
      : null,
  );
}
