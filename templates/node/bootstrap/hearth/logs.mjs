// Standard output and error whose lines say which call they belong to (docs/reference/container.md).
import { AsyncLocalStorage } from 'node:async_hooks';

export const current = new AsyncLocalStorage(); // the Call that runs

const streams = [process.stdout, process.stderr];
const writers = streams.map((stream) => stream.write.bind(stream)); // synchronous: the streams are pipes or files
const LONGEST_LINE = 64 * 1024;

// What a call has printed without a line's end yet, of each stream.
export class Partial {
  lines = streams.map(() => '');
}

export function install() {
  streams.forEach((stream, at) => {
    stream.write = (chunk, encoding, done) => {
      put(at, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      const told = typeof encoding === 'function' ? encoding : done;
      if (told) process.nextTick(told);
      return true;
    };
  });
}

// Ends what the call left without a line's end.
export function finish(call) {
  call.partial?.lines.forEach((rest, at) => rest && writers[at](`${call.marker}${rest}\n`));
  call.partial = null;
}

function put(at, text) {
  const call = current.getStore();
  if (!call?.marker) return writers[at](text);
  const { lines } = (call.partial ??= new Partial());
  const whole = (lines[at] + text).split('\n');
  lines[at] = whole.pop();
  if (lines[at].length > LONGEST_LINE || (lines[at] && call.over)) {
    whole.push(lines[at]);
    lines[at] = '';
  }
  if (whole.length) writers[at](whole.map((line) => `${call.marker}${line}\n`).join(''));
}
