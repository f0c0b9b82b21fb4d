// Runs in the builder stage, in /function: every TypeScript file becomes JavaScript beside its source map in /out; all else
// goes there as it is. Types are taken away, not checked.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PACKAGE = process.cwd();
const OUT = '/out';
const HERE = dirname(fileURLToPath(import.meta.url));
const SOURCE = /\.[mc]?tsx?$/;
const LEFT_OUT = /\.d\.[mc]?ts$|\.(test|spec)\.[mc]?tsx?$/;
const ASKED = Symbol('a resolution that we ask for ourselves');

// esbuild, of the version and the digests that our lock file says; downloaded once for all builds of the namespace.
async function esbuild() {
  const lock = readFileSync(join(HERE, 'package-lock.json'));
  const tools = `/cache/typescript-${createHash('sha256').update(lock).digest('hex').slice(0, 16)}`;
  if (!existsSync(tools)) {
    console.log('Installing esbuild, once');
    const staging = `${tools}.${process.pid}-${Date.now()}`;
    mkdirSync(staging);
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(HERE, file), join(staging, file));
    const quiet = ['--no-audit', '--no-fund', '--no-progress', '--no-update-notifier', '--loglevel=error'];
    try {
      execFileSync('npm', ['ci', '--cache=/cache/npm', ...quiet], { cwd: staging, stdio: ['ignore', 'inherit', 'inherit'] });
    } catch {
      rmSync(staging, { recursive: true });
      console.error('esbuild could not be installed: npm says why above, and TypeScript needs it');
      process.exit(1);
    }
    putInPlace(staging, tools);
  }
  return (await import(pathToFileURL(join(tools, 'node_modules/esbuild/lib/main.js')))).default;
}

// Another build of the namespace may do the same at this moment: whoever is first is right.
function putInPlace(staging, place) {
  try {
    renameSync(staging, place);
  } catch (error) {
    if (!existsSync(place)) throw error;
    rmSync(staging, { recursive: true });
  }
}

function sourcesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourcesIn(path);
    return entry.isFile() && SOURCE.test(entry.name) && !LEFT_OUT.test(entry.name) ? [path] : [];
  });
}

const built = (path) => path.replace(/\.([mc]?)tsx?$/, '.$1js');

// Modules or CommonJS, as Node and TypeScript tell it: by the name, else by the nearest package.json. Where there is none
// at all, modules.
function formatOf(path) {
  if (/\.mts$/.test(path)) return 'esm';
  if (/\.cts$/.test(path)) return 'cjs';
  for (let folder = dirname(path); folder.startsWith(PACKAGE); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file)).type === 'module' ? 'esm' : 'cjs';
  }
  return 'esm';
}

// Each file stays a file of its own: imports of the package's own files are pointed at what these become, however
// they are written ("./words", "./words.ts", "./words.js", an alias of tsconfig.json); what is in no file of the package is
// left as it stands.
const filesStayApart = {
  name: 'files stay apart',
  setup(build) {
    build.onResolve({ filter: /./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === ASKED) return undefined;
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: ASKED });
      if (found.errors.length || !found.path.startsWith(`${PACKAGE}/`)) {
        const warnings = path.startsWith('.') ? [{ text: `the package has no file ${path}` }] : [];
        return { path, external: true, warnings };
      }
      if (!/\.[mc]?[jt]sx?$/.test(found.path)) return found; // JSON becomes a part of who imports it
      const target = relative(dirname(importer), built(found.path));
      return { path: target.startsWith('.') ? target : `./${target}`, external: true };
    });
  },
};

cpSync(PACKAGE, OUT, { recursive: true, verbatimSymlinks: true });
const sources = sourcesIn(PACKAGE);
const groups = new Map();
for (const path of sources) {
  const extension = /\.[mc]?/.exec(built(path).slice(path.lastIndexOf('.')))[0];
  const key = `${formatOf(path)} ${extension}js`;
  groups.set(key, [...(groups.get(key) ?? []), path]);
}
const { build } = await esbuild();
for (const [key, entryPoints] of groups) {
  const [format, extension] = key.split(' ');
  const settings = {
    entryPoints, format, outExtension: { '.js': extension }, outbase: PACKAGE, outdir: OUT, bundle: true,
    plugins: [filesStayApart], platform: 'node', target: `node${process.versions.node.split('.')[0]}`, sourcemap: true,
    sourcesContent: false, logLevel: 'warning', absWorkingDir: PACKAGE,
  };
  await build(settings).catch(() => process.exit(1)); // it has said why
}
if (!existsSync(join(PACKAGE, 'package.json'))) writeFileSync(join(OUT, 'package.json'), '{"type": "module"}\n');
