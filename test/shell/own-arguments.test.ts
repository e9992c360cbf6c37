import { expect, it } from 'vitest';
import { ownArguments } from '../../main/shell/own-arguments.ts';

it('takes what comes after the folder that Electron was started with', () => {
  const argv = ['/opt/electron', '--no-sandbox', '/src/latchkey', '--port', '0'];
  expect(ownArguments(argv, '/src/latchkey')).toEqual(['--port', '0']);
});

it('takes all that the packaged program was given', () => {
  const argv = ['/opt/Latchkey/latchkey-desktop', '--port', '0', '--ready-file=/tmp/ready.json'];
  expect(ownArguments(argv, '/opt/Latchkey/resources/app.asar')).toEqual(argv.slice(1));
});

it("leaves Chromium's own switches to the packaged program's Chromium", () => {
  const argv = ['/opt/Latchkey/latchkey-desktop', '--ozone-platform=wayland', '--port', '0', '-psn_0_1'];
  expect(ownArguments(argv, '/opt/Latchkey/resources/app.asar')).toEqual(['--port', '0']);
});
