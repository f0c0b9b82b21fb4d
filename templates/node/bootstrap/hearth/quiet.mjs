// Whether anything of the function's own still runs while no call does: hearthd asks before it freezes the replica.
import { readFileSync, readdirSync } from 'node:fs';

const PATH = '/.hearth/quiet';
let workers = 0;
process.on('worker', (worker) => {
  workers += 1;
  worker.once('exit', () => (workers -= 1));
});

// No client can ask: the gateway takes the field away.
export const isAsked = (message) => message.url === PATH && message.headers['hearth-ask'] !== undefined;

// 204, or 409 and a word of what still runs. `ours`: the handles of the server itself.
export function tell(response, running, ours) {
  const why = running > 0 ? 'a call' : stirring(ours);
  response.writeHead(why ? 409 : 204, { connection: 'close', ...(why && { 'content-type': 'text/plain' }) });
  response.end(why);
}

// What is unref'd says of itself that it is no reason to stay, such as the idle connections of fetch and of agents.
function stirring(ours) {
  if (process.getActiveResourcesInfo().includes('Timeout')) return 'a timer';
  if (hasChildren()) return 'a child process';
  if (workers > 0) return 'a worker thread';
  if (process._getActiveRequests().length > 0) return 'input or output under way';
  const handle = process._getActiveHandles().find((one) => !ours(one) && !(one.fd <= 2)); // standard streams
  return handle ? (NAMES[handle.constructor?.name] ?? 'an open handle') : '';
}

const NAMES = { Socket: 'an open connection', TLSSocket: 'an open connection', Server: 'a server of its own',
  FSWatcher: 'a watched file' };

// Ours, and orphans of ours, which go to the container's init.
function hasChildren() {
  const parents = [process.pid, ...(process.ppid === 1 ? [1] : [])];
  return readdirSync('/proc').some((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && parents.includes(parentOf(pid)));
}

// Nothing where it has just ended, or has and nobody has asked how.
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}
