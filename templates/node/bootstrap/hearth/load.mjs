// Finds the handler that $HEARTH_HANDLER names, and says in one line why it cannot be had.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

export const EXIT_CODE = 121; // what hearthd knows as "the handler does not load"

export class LoadError extends Error {}

// `where` is "handler.js:default" or "handler.js". Returns { call, shutdown }; throws LoadError. With another `query` it is
// loaded anew.
export async function load(where, folder, query = '') {
  const colon = where.lastIndexOf(':');
  const file = colon < 0 ? where : where.slice(0, colon);
  const name = colon < 0 ? 'default' : where.slice(colon + 1);
  const path = join(folder, built(file));
  if (!existsSync(path)) throw new LoadError(`the package has no file ${file}; ${listing(folder)}`);
  const module = await importFile(file, path, query);
  const call = exported(module, name);
  if (call === undefined) throw new LoadError(`${file} does not export ${name}; it exports ${names(module)}`);
  if (typeof call !== 'function') {
    throw new LoadError(`${name} of ${file} is not a function but ${call === null ? 'null' : typeof call}`);
  }
  return { call, shutdown: exported(module, 'shutdown') };
}

// A TypeScript file was built to JavaScript beside itself.
function built(file) {
  const name = file.replace(/\.([mc]?)tsx?$/, '.$1js');
  if (name !== file) process.setSourceMapsEnabled(true);
  return name;
}

async function importFile(file, path, query) {
  try {
    return await import(pathToFileURL(path).href + query);
  } catch (error) {
    throw new LoadError(`${placeOf(error, path) ?? file} does not load: ${reason(error)}`, { cause: error });
  }
}

// FILE:LINE where the handler's file does not parse. Node tells it in the first line of the error's stack, but of a module
// only when it ends by it.
function placeOf(error, path) {
  if (!(error instanceof SyntaxError)) return undefined;
  const told = `${error.stack}\n${spawnSync(process.execPath, ['--check', path], { encoding: 'utf8' }).stderr}`;
  const place = /^(?:file:\/\/)?(\/\S+:\d+)$/m.exec(told);
  return place ? relative(process.cwd(), place[1]) : undefined;
}

function reason(error) {
  const message = `${error?.name ?? 'thrown'}: ${error?.message ?? error}`.split('\n')[0];
  if (error instanceof SyntaxError && /Unexpected token 'export'|import statement outside a module/.test(error.message)) {
    return `${message}; name the file .mjs, or write "type": "module" in package.json`;
  }
  if (error?.code === 'ERR_MODULE_NOT_FOUND' || error?.code === 'MODULE_NOT_FOUND') {
    return `${message}; is it in the dependencies of package.json?`;
  }
  return message;
}

// Of a module, or of CommonJS' module.exports, which arrives as its default.
function exported(module, name) {
  const inner = module.default;
  if (name === 'default') return typeof inner === 'object' && inner && 'default' in inner ? inner.default : inner;
  return module[name] ?? (inner && typeof inner === 'object' ? inner[name] : undefined);
}

function names(module) {
  const all = Object.keys(module).filter((name) => typeof module[name] === 'function');
  return all.length ? all.join(', ') : 'no function';
}

function listing(folder) {
  const files = readdirSync(folder).filter((name) => !name.startsWith('.'));
  return files.length ? `it has ${files.slice(0, 12).join(', ')}` : 'it is empty';
}
