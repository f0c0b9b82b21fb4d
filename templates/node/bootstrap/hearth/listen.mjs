// Listening at the path of a unix socket that is there for nobody until it is published.
import { chmodSync, renameSync, rmSync } from 'node:fs';

export function stagingOf(path) {
  return `${path}.${process.pid}`;
}

export function listenAside(server, path) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const staging = stagingOf(path);
    rmSync(staging, { force: true });
    server.listen({ path: staging, backlog: 1024 }, () => {
      chmodSync(staging, 0o666); // its folder says who may come here
      server.off('error', reject);
      resolve();
    });
  });
}

export function publish(path) {
  renameSync(stagingOf(path), path);
}
