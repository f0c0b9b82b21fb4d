// What a cell does before it waits: it loads a handler and answers calls, so that its function's finds all of that made.
import { once } from 'node:events';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { openWhereWanted } from './debugger.mjs';
import { load } from './load.mjs';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'warm');
// What functions and what they build on import most. Node's own come before any module of a package.
const COMMON = ['assert', 'async_hooks', 'child_process', 'crypto', 'dns', 'fs/promises', 'http', 'https', 'os', 'querystring',
  'stream/promises', 'string_decoder', 'timers/promises', 'tls', 'tty', 'util', 'zlib'];
const HEAD = 'Host: cell\r\nHearth-Call-Id: warm\r\nHearth-Deadline-Ms: 1000\r\nX-Forwarded-Host: cell\r\n';
const CALLS = [
  `GET /whole?name=a HTTP/1.1\r\n${HEAD}\r\n`,
  `POST /response HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
];
const CONNECTIONS = 4; // a Socket is made for each, as hearthd's first will be
const ROUNDS = 4;      // of CALLS, on each
const LOADS = 4;

export async function warmUp(server) {
  // What has run once then runs the next time as if it had run often: V8 notes at once what it sees.
  setFlagsFromString('--no-lazy-feedback-allocation');
  await Promise.all(COMMON.map((name) => import(`node:${name}`)));
  await load('common.cjs', FOLDER);
  server.handler = await load('handler.js', FOLDER);
  for (let count = 0; count < CONNECTIONS; count += 1) await callOn(connect(server.staging));
  for (let count = 0; count < LOADS; count += 1) await load('handler.js', FOLDER, `?${count}`);
  openWhereWanted();
}

async function callOn(client) {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const call of CALLS) {
      client.write(call);
      await once(client, 'data');
    }
  }
  client.destroy();
  await once(client, 'close');
}

// The function gets V8 as it always is, and a heap without what the warming left there: it is not collected during its first call.
export function settle() {
  setFlagsFromString('--lazy-feedback-allocation');
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  setFlagsFromString('--no-expose-gc');
}
