import { describe, expect, it } from 'vitest';
import {
  binaryObstacle,
  displayObstacle,
  sandboxObstacle,
  type Machine,
} from '../../../src-main/desktop/launcher/can-start.ts';

interface Given {
  platform?: NodeJS.Platform;
  environment?: Record<string, string>;
  isRoot?: boolean;
  files?: Record<string, string>;
  programs?: Record<string, { code: number; output: string }>;
}

function machine(given: Given = {}): Machine {
  return {
    platform: given.platform ?? 'linux',
    environment: given.environment ?? {},
    isRoot: given.isRoot ?? false,
    fileExists: (file) => given.files?.[file] !== undefined,
    readFile: (file) => given.files?.[file],
    run: (program) => Promise.resolve(given.programs?.[program]),
  };
}

describe('the question whether Electron can start', () => {
  it('finds no display where neither X nor Wayland is named', () => {
    expect(displayObstacle(machine())?.reason).toContain('no display');
    expect(displayObstacle(machine({ platform: 'darwin' }))).toBeUndefined();
  });

  it('finds no display where the one named does not answer', () => {
    expect(displayObstacle(machine({ environment: { DISPLAY: ':7' } }))?.reason).toContain('DISPLAY=:7');
    expect(
      displayObstacle(machine({ environment: { DISPLAY: ':7.0' }, files: { '/tmp/.X11-unix/X7': '' } })),
    ).toBeUndefined();
    expect(
      displayObstacle(
        machine({ environment: { DISPLAY: ':7' }, files: { '/proc/net/unix': '… @/tmp/.X11-unix/X7\n' } }),
      ),
    ).toBeUndefined();
  });

  it('accepts a Wayland display, and leaves a display on another host to Electron', () => {
    const wayland = { WAYLAND_DISPLAY: 'wayland-0', XDG_RUNTIME_DIR: '/run/user/1000' };
    expect(
      displayObstacle(machine({ environment: wayland, files: { '/run/user/1000/wayland-0': '' } })),
    ).toBeUndefined();
    expect(displayObstacle(machine({ environment: { DISPLAY: 'far:0' } }))).toBeUndefined();
  });

  it('refuses root on Linux, and names the switch that only a person may add', async () => {
    const obstacle = await sandboxObstacle(machine({ isRoot: true }), undefined);
    expect(obstacle?.remedy).toContain('--no-sandbox');
    expect(await sandboxObstacle(machine({ platform: 'win32' }), undefined)).toBeUndefined();
  });

  it('asks the system whether users may have namespaces', async () => {
    const may = machine({ programs: { unshare: { code: 0, output: '' } } });
    const mayNot = machine({ programs: { unshare: { code: 1, output: 'Operation not permitted' } } });
    const saysNot = machine({ files: { '/proc/sys/user/max_user_namespaces': '0\n' } });
    expect(await sandboxObstacle(may, undefined)).toBeUndefined();
    expect((await sandboxObstacle(mayNot, undefined))?.reason).toContain('namespaces');
    expect((await sandboxObstacle(saysNot, undefined))?.reason).toContain('namespaces');
  });

  it('names the libraries that are missing and the packages that bring them', async () => {
    const output =
      '\tlibnss3.so => not found\n\tlibgtk-3.so.0 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n';
    const obstacle = await binaryObstacle(
      machine({ programs: { '/e/electron': { code: 127, output: '' }, ldd: { code: 0, output } } }),
      '/e/electron',
    );
    expect(obstacle?.reason).toBe('Electron lacks the libraries libnss3.so, libgtk-3.so.0');
    expect(obstacle?.remedy).toContain('apt-get install libnss3 libgtk-3-0');
  });

  it('says so when the binary does not run for another reason', async () => {
    const broken = machine({ programs: { '/e/electron': { code: 126, output: 'Exec format error\n' } } });
    expect((await binaryObstacle(broken, '/e/electron'))?.reason).toContain('Exec format error');
    const sound = machine({ programs: { '/e/electron': { code: 0, output: '45.4.1' } } });
    expect(await binaryObstacle(sound, '/e/electron')).toBeUndefined();
  });
});
