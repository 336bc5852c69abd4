/**
 * Takes the place of the app inside the test runtime: loads the app that the command line names, as the official
 * binary does by itself. A module, so that Electron is not ready before the app's own module has run.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from 'electron';

process.env.QUORUM_LAB_SQLITE_BINDING ??= readFileSync(
  path.join(import.meta.dirname, 'sqlite-binding'),
  'utf8',
);

const given = process.argv.slice(1);
const required = given.indexOf('-r');
// As the official binary does: what a test driver needs loaded before the app.
if (required !== -1) createRequire(import.meta.url)(given.splice(required, 2)[1]);
const folder = path.resolve(given.find((argument) => !argument.startsWith('-')) ?? '.');
const description = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
app.setAppPath(folder);
app.setName(description.productName ?? description.name);
app.setVersion(description.version);
await import(pathToFileURL(path.join(folder, description.main)).href);
