// Standard output and error whose lines say which call they belong to (docs/reference/container.md).
import { AsyncLocalStorage } from 'node:async_hooks';
import { writeSync } from 'node:fs';

export const current = new AsyncLocalStorage(); // the call that runs: { marker, partial }

export function markerOf(callId) {
  return callId ? `\x1f${callId}\x1f` : '';
}

// In the place of what console and the handler write to.
export function install() {
  for (const stream of [process.stdout, process.stderr]) {
    const descriptor = stream.fd;
    stream.write = (chunk, encoding, done) => {
      put(descriptor, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      const callback = typeof encoding === 'function' ? encoding : done;
      if (callback) process.nextTick(callback);
      return true;
    };
  }
}

// Ends what the call left without a line's end.
export function finish(call) {
  for (const [descriptor, rest] of call.partial) {
    if (rest) writeAll(descriptor, `${call.marker}${rest}\n`);
  }
  call.partial.clear();
}

function put(descriptor, text) {
  const call = current.getStore();
  if (!call?.marker) return writeAll(descriptor, text);
  const lines = ((call.partial.get(descriptor) ?? '') + text).split('\n');
  call.partial.set(descriptor, lines.pop());
  if (lines.length) writeAll(descriptor, lines.map((line) => `${call.marker}${line}\n`).join(''));
}

function writeAll(descriptor, text) {
  let bytes = Buffer.from(text);
  while (bytes.length) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes));
    } catch (error) {
      if (error.code !== 'EAGAIN') return; // nobody reads any more
    }
  }
}
