// Runs in the builder stage, once dependencies are installed: `compile.mjs NODE_MODULES`. Compiles those CommonJS modules that
// what package.json asks for requires, by plain strings, and runs none of them.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import Module, { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { compileFunction } from 'node:vm';

import { NAME, compile, digestOf, pack } from './hearth/compiled.mjs';

const MOST_MODULES = 3000;
const LARGEST_TEXT = 2 * 1024 * 1024;
const MOST_CODE = 32 * 1024 * 1024;
const WHOLE = 64 * 1024; // of a text whose functions are all compiled: of a larger one most are never called
const REQUIRE = /\brequire\s*\(\s*(['"])([^'"\n]+)\1\s*\)/g;
const TYPES = /@(?:type|typedef|param|returns?|template|property|satisfies)\s+\{[^}\n]*\}/g; // in comments: they run nothing
// Code that V8 got from elsewhere can neither import() nor make code that does: https://github.com/nodejs/node/issues/43663
const MAY_IMPORT = /\bimport\s*(?:\(|\/[*/])|\beval\s*\(|\bFunction\s*\(/;

const FOLDER = resolve(process.argv[2]);
const TOP = dirname(FOLDER);
const found = {};
const modules = [];
const queue = [];
const seen = new Set();
let room = MOST_CODE;

const readJson = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
};

// { folder, description }: the nearest package.json above a file.
function packageOf(file) {
  for (let folder = dirname(file); folder.length >= TOP.length; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (statSync(path, { throwIfNoEntry: false })) return { path, description: readJson(path) };
  }
  return { path: '', description: {} };
}

const dependenciesOf = ({ dependencies, optionalDependencies }) => Object.keys({ ...dependencies, ...optionalDependencies });

function want(request, from) {
  if (isBuiltin(request) || seen.size >= MOST_MODULES) return;
  const parent = new Module(from);
  parent.filename = from;
  parent.paths = Module._nodeModulePaths(dirname(from));
  let file;
  try {
    file = Module._resolveFilename(request, parent, false);
  } catch {
    return wantOf(join(FOLDER, request, 'package.json')); // for modules alone, or not there
  }
  if (!file.startsWith(`${FOLDER}/`)) return;
  found[`${request}\0${Module._resolveLookupPaths(request, parent).join('\0')}`] = file; // as Node names it
  if (seen.has(file)) return;
  seen.add(file);
  queue.push(file);
}

function wantOf(description) {
  if (seen.has(description)) return;
  seen.add(description);
  for (const name of dependenciesOf(readJson(description))) want(name, description);
}

function look(file) {
  if (/\.(json|node)$/.test(file)) return;
  const { path, description } = packageOf(file);
  if (/\.mjs$/.test(file) || (/\.js$/.test(file) && description.type === 'module')) return wantOf(path);
  if (statSync(file).size > LARGEST_TEXT) return;
  const text = readFileSync(file, 'utf8');
  for (const [, , request] of text.matchAll(REQUIRE)) want(request, file);
  if (MAY_IMPORT.test(text.replace(TYPES, ''))) return;
  const code = codeOf(text, file);
  if (!code || code.length > room) return;
  room -= code.length;
  modules.push({ file, digest: digestOf(text), mapped: text.includes('sourceMappingURL='), code });
}

// What does not parse is Node's to tell, at the start that wants it.
function codeOf(text, filename) {
  try {
    compileFunction(text, ['exports', 'require', 'module', '__filename', '__dirname']);
    return scriptOf(text, filename).createCachedData();
  } catch {
    return undefined;
  }
}

// With all its functions where it is small. V8 notes the flags with the code, and wants to find the same.
function scriptOf(text, filename) {
  if (text.length <= WHOLE) setFlagsFromString('--no-lazy');
  try {
    return compile(text, filename);
  } finally {
    setFlagsFromString('--lazy');
  }
}

for (const name of dependenciesOf(readJson(join(TOP, 'package.json')))) want(name, join(TOP, 'package.json'));
for (let file = queue.shift(); file; file = queue.shift()) look(file);
if (modules.length > 0) writeFileSync(join(FOLDER, NAME), pack(FOLDER, found, modules));
