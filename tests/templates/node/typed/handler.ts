// Imports of the package's own files in every way that TypeScript takes.
import { readFile } from 'node:fs/promises';
import { bare } from './lib/bare';
import { built } from './lib/built.js';
import { own } from './lib/own.ts';
import { aliased } from '@lib/aliased';
import { indexed } from './words';
import { plain } from './lib/plain.mjs';
import { common } from './lib/common.cjs';
import data from './data.json';
import type { Missing } from './nowhere.js';

enum Kind {
  Tea = 'tea',
}

export default async function handle(request: Request): Promise<unknown> {
  if (request.url.endsWith('/raise')) throw fail({ kind: Kind.Tea });
  const { late } = await import('./lib/late');
  const read = await readFile(new URL('./read.txt', import.meta.url), 'utf8');
  return [bare, built, own, aliased, indexed, plain, common, late, data.name, read.trim(), Kind.Tea];
}

function fail(what: { kind: Kind; missing?: Missing }): Error {
  return new TypeError(`broken ${what.kind}`); // line 25
}
