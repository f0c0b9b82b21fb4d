// What a build compiled of a package's dependencies, beside them: V8's code of their CommonJS modules, and where each finds what
// it requires. A module is run from it only while its file is the very one that was compiled; all else Node loads as ever.
import { createHash } from 'node:crypto';
import { existsSync, openSync, readFileSync, readSync } from 'node:fs';
import Module from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

export const NAME = '.hearth-compiled';
const HEAD = Module.wrapper[0]; // of the function that a module's text is the body of

export const digestOf = (text) => createHash('sha256').update(text).digest('base64');

// The options' `cachedData` is what an equal call's `createCachedData()` returned. Lines and columns are the file's own.
export const compile = (text, filename, options) =>
  new Script(Module.wrap(text), { filename, columnOffset: -HEAD.length, ...options });

// `found`: what Node's own memory of found files has to hold; `modules`: [{ file, digest, mapped, code }].
export function pack(folder, found, modules) {
  const index = { node: process.version, folder, everywhere: Module.globalPaths.join(), found, modules: {} };
  let at = 0;
  for (const { file, digest, mapped, code } of modules) {
    index.modules[file] = { at, size: code.length, digest, ...(mapped && { mapped }) };
    at += code.length;
  }
  const head = Buffer.from(JSON.stringify(index));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(head.length);
  return Buffer.concat([size, head, ...modules.map(({ code }) => code)]);
}

// From now on what is loaded of the `folder` node_modules comes from what lies there, if anything does.
export function useCompiled(folder) {
  if (process.execArgv.length > 0 || process.env.NODE_OPTIONS) return; // of what they ask for, we know nothing
  const kept = open(join(folder, NAME));
  if (kept?.node !== process.version || kept.folder !== folder) return;
  if (kept.everywhere === Module.globalPaths.join()) Object.assign(Module._pathCache, kept.found);
  Module._extensions['.js'] = loader(kept, Module._extensions['.js']);
}

function open(path) {
  if (!existsSync(path)) return undefined;
  const file = openSync(path);
  const read = (at, size) => {
    const bytes = Buffer.allocUnsafeSlow(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, at));
  };
  const size = read(0, 4);
  if (size.length < 4) return undefined; // the package brought files for node_modules: what was found before may be wrong
  const base = 4 + size.readUInt32LE();
  return { ...JSON.parse(read(4, base - 4)), code: ({ at, size: length }) => read(base + at, length) };
}

function loader({ modules, code }, native) {
  const { wrap } = Module;
  const { _compile } = Module.prototype;
  let usable = true; // V8 takes what another V8 made, or one with other flags, for none of it
  return function load(module, filename) {
    const known = usable && Object.hasOwn(modules, filename) ? modules[filename] : undefined;
    // Whoever changes what is compiled, or how, is given the text.
    if (!known || module._compile !== _compile || Module.wrap !== wrap) return native(module, filename);
    if (known.mapped && process.sourceMapsEnabled !== false) return native(module, filename);
    const text = readFileSync(filename, 'utf8');
    if (digestOf(text) !== known.digest) return native(module, filename);
    const script = compile(text, filename, { cachedData: code(known) });
    usable = !script.cachedDataRejected;
    const { exports } = module;
    script.runInThisContext().call(exports, exports, requireOf(module), module, filename, dirname(filename));
  };
}

// As Node makes one for each module.
function requireOf(module) {
  const require = (request) => module.require(request);
  require.resolve = (request, options) => Module._resolveFilename(request, module, false, options);
  require.resolve.paths = (request) => Module._resolveLookupPaths(request, module);
  require.main = process.mainModule;
  require.extensions = Module._extensions;
  require.cache = Module._cache;
  return require;
}
