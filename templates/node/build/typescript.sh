#!/bin/sh
# Runs in the builder stage, in /function: every .ts becomes .js beside its source map in /out; all else goes there as it is.
# Types are stripped, not checked: `npx tsc --noEmit` in the folder checks them.
set -eu
version=0.25.12
tools=/cache/esbuild-$version
export NODE_EXTRA_CA_CERTS="${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"
if [ ! -x "$tools/node_modules/.bin/esbuild" ]; then
  # Another build of the namespace may do the same at this moment: whoever is first puts it in its place.
  mkdir -p "$tools.$$"
  npm install --prefix "$tools.$$" --cache /cache/npm --no-fund --no-audit --no-progress "esbuild@$version" >&2
  mv -T "$tools.$$" "$tools" 2>/dev/null || rm -rf "$tools.$$"
fi
mkdir -p /out
cp -a . /out
find . -path ./node_modules -prune -o -name '*.d.ts' -o \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -print >/tmp/sources
# Modules as package.json says they are, like everywhere in Node; `export` in a package that says nothing means modules.
format=esm
if [ -f package.json ] && grep -Eq '"type"[[:space:]]*:[[:space:]]*"commonjs"' package.json; then format=cjs; fi
xargs -r "$tools/node_modules/.bin/esbuild" --format=$format --target=node18 --platform=node --sourcemap=inline \
  --outbase=. --outdir=/out --log-level=warning </tmp/sources
if [ ! -f package.json ]; then printf '{"type": "module"}\n' >/out/package.json; fi
