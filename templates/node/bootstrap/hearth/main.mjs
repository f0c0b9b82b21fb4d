// The replica's process.
import { chmodSync, renameSync, rmSync } from 'node:fs';

import { EXIT_CODE, LoadError, load, report } from './load.mjs';
import { install } from './logs.mjs';
import { Server } from './server.mjs';

export async function start() {
  install();
  // The first process of a container ignores what it does not handle, and a handler may load for long.
  let stop = () => process.exit(128 + 15);
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop());
  process.setSourceMapsEnabled(true);
  const handler = await loadOrEnd();
  const server = new Server(handler, Number(process.env.HEARTH_TIMEOUT_MS ?? 30_000));
  process.on('uncaughtException', (error) => server.uncaught(error));
  process.on('unhandledRejection', (error) => server.uncaught(error));
  await listen(server.http);
  stop = async () => {
    stop = () => {};
    await server.finish();
    process.exit(0); // whatever timers the handler has left
  };
}

async function loadOrEnd() {
  try {
    return await load(process.env.HEARTH_HANDLER || 'handler.js:default', process.cwd());
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    report(error);
    process.exit(EXIT_CODE);
  }
}

// At $HEARTH_SOCKET, which is there for nobody until it accepts; else on $PORT.
function listen(http) {
  const path = process.env.HEARTH_SOCKET;
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    if (!path) return http.listen(Number(process.env.PORT ?? 8080), '0.0.0.0', 1024, resolve);
    const staging = `${path}.${process.pid}`;
    rmSync(staging, { force: true });
    http.listen({ path: staging, backlog: 1024 }, () => {
      chmodSync(staging, 0o666); // its folder says who may come here
      renameSync(staging, path);
      resolve();
    });
  });
}
