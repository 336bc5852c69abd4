/**
 * Takes the place of the app inside the test runtime: loads the app that the command line names, as the official
 * binary does by itself.
 */
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { app } = require('electron');

process.env.QUORUM_LAB_SQLITE_BINDING ??= readFileSync(path.join(__dirname, 'sqlite-binding'), 'utf8');

const at = process.argv.findIndex((argument, index) => index > 0 && !argument.startsWith('-'));
const folder = path.resolve(process.argv[at] ?? '.');
const description = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
app.setAppPath(folder);
app.setName(description.productName ?? description.name);
app.setVersion(description.version);
import(pathToFileURL(path.join(folder, description.main)).href).catch((error) => {
  console.error(error);
  app.exit(1);
});
