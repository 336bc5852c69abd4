/**
 * better-sqlite3 for Node-API 9. Its prebuilt binary wants Node-API 10 and aborts where there is only 9; built
 * with the experimental Node-API flag from the package's own source it runs in both.
 */
import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from './cache.ts';
import { runCommand } from './command.ts';

const BINDING = 'better_sqlite3.node';
const WANTED = "'NAPI_VERSION=10'";
const EXPERIMENTAL = [
  'NAPI_VERSION=2147483647',
  'NAPI_EXPERIMENTAL',
  'NODE_API_EXPERIMENTAL_NO_WARNING',
  'NODE_API_EXPERIMENTAL_NOGC_ENV_OPT_OUT',
];

/** Node's headers: beside the Node that npm provided, else beside the one that runs this. */
async function headersFolder(root: string): Promise<string> {
  const beside = [
    path.join(root, 'node_modules', `node-linux-${process.arch}`),
    path.resolve(process.execPath, '../..'),
  ];
  for (const folder of beside) {
    const header = path.join(folder, 'include/node/node_api.h');
    if (await readFile(header).catch(() => undefined)) return folder;
  }
  throw new Error(`Node's headers are in none of ${beside.join(', ')}: install the npm packages again.`);
}

/** Path of the built binding. Takes a minute the first time; needs python3, make and a C++ compiler. */
export async function provideSqliteBinding(root: string, say: (line: string) => void): Promise<string> {
  const source = path.join(root, 'node_modules/better-sqlite3');
  const { version } = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')) as {
    version: string;
  };
  const folder = await cached(`better-sqlite3-${version}-node-api-9-${process.arch}`, async (unfinished) => {
    say(`building better-sqlite3 ${version} for Node-API 9 (about a minute)`);
    const work = path.join(unfinished, 'source');
    await cp(source, work, {
      recursive: true,
      dereference: true,
      filter: (file) => !file.includes('prebuilds'),
    });
    const gyp = path.join(work, 'binding.gyp');
    const recipe = await readFile(gyp, 'utf8');
    if (!recipe.includes(WANTED))
      throw new Error(`better-sqlite3 ${version} no longer says ${WANTED} in binding.gyp`);
    await writeFile(gyp, recipe.replace(WANTED, EXPERIMENTAL.map((define) => `'${define}'`).join(', ')));
    const nodeGyp = path.join(root, 'node_modules/node-gyp/bin/node-gyp.js');
    await runCommand(
      process.execPath,
      [nodeGyp, 'rebuild', '--release', '--force_build=1', `--nodedir=${await headersFolder(root)}`],
      { cwd: work, env: { ...process.env, NODE_PATH: path.join(root, 'node_modules') } },
    );
    await rename(path.join(work, 'build/Release', BINDING), path.join(unfinished, BINDING));
  });
  return path.join(folder, BINDING);
}
