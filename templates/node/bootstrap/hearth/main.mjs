// The replica's process: load, listen, serve, and on SIGTERM finish what runs.
import { join } from 'node:path';

import { become } from './cell.mjs';
import { useCompiled } from './compiled.mjs';
import { openWhereWanted } from './debugger.mjs';
import { EXIT_CODE, LoadError, load } from './load.mjs';
import * as logs from './logs.mjs';
import * as response from './response.mjs';
import { Server } from './server.mjs';
import { report } from './call.mjs';
import { settle, warmUp } from './warm.mjs';

export async function main() {
  logs.install();
  response.install();
  // The first process of a container ignores what it does not handle, and a handler may load for long.
  let stop = () => process.exit(128 + 15);
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop());
  const server = new Server();
  let ready = () => {};
  const isCell = 'HEARTH_CELL' in process.env;
  if (isCell) {
    await server.open();
    await warmUp(server);
    ready = await become(settle);
  }
  if (!openWhereWanted()) useCompiled(join(process.cwd(), 'node_modules'));
  server.handler = await loadOrEnd();
  process.on('uncaughtException', (error) => server.uncaught(error));
  process.on('unhandledRejection', (error) => server.uncaught(error));
  stop = async () => {
    stop = () => {};
    await server.finish();
    process.exit(0); // whatever timers the handler has left
  };
  if (!isCell) await server.open();
  server.publish();
  ready();
}

async function loadOrEnd() {
  try {
    return await load(process.env.HEARTH_HANDLER ?? '', process.cwd());
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    if (error.cause) report(error.cause);
    console.error(error.message);
    process.exit(EXIT_CODE);
  }
}
