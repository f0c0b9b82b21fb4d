// A server at the path of a unix socket, which is there for nobody until it accepts.
import { chmodSync, renameSync, rmSync } from 'node:fs';

export function listen(server, path) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const staging = `${path}.${process.pid}`;
    rmSync(staging, { force: true });
    server.listen({ path: staging, backlog: 1024 }, () => {
      chmodSync(staging, 0o666); // its folder says who may come here
      renameSync(staging, path);
      server.off('error', reject);
      resolve();
    });
  });
}
