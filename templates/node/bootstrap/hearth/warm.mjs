// What a cell does before it waits: it loads a handler and answers calls, so that its function's finds all of that made.
import { once } from 'node:events';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
const ROUNDS = 4;

export async function warmUp(server) {
  await Promise.all(COMMON.map((name) => import(`node:${name}`)));
  await load('common.cjs', FOLDER);
  server.handler = await load('handler.mjs', FOLDER);
  const client = connect(server.staging);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const call of CALLS) {
      client.write(call);
      await once(client, 'data');
    }
  }
  client.destroy();
  await once(client, 'close');
}
