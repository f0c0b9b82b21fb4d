// A cell: the runtime up, and not yet a function. hearthd says once, at $HEARTH_CELL, which one it is to be.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { unlinkSync } from 'node:fs';
import { createServer } from 'node:net';

import { listen } from './listen.mjs';

const LONGEST = 4 * 1024 * 1024; // of a handover
const READY = '{"ready": true}\n';

class Wrong extends Error {}

// Returns once this process is a function, with its environment, in its folder; the result is to be called when it listens.
// Without a right handover the process ends.
export async function become() {
  const path = process.env.HEARTH_CELL;
  delete process.env.HEARTH_CELL;
  const server = createServer({ pauseOnConnect: true });
  await listen(server, path);
  const [connection] = await once(server, 'connection');
  server.close();
  unlinkSync(path);
  try {
    const pieces = connection.iterator({ destroyOnReturn: false });
    const { handover, rest } = await read(pieces);
    await unpack(handover, rest, pieces);
    Object.assign(process.env, handover.env);
    process.chdir(handover.folder); // anew: what was here before is beneath the package
  } catch (error) {
    console.error(`this cell ends: ${error.message}`);
    process.exit(1);
  }
  connection.on('error', () => {}); // who has left since will look for the socket itself
  return () => connection.write(READY);
}

async function read(pieces) {
  let text = Buffer.alloc(0);
  let end;
  while ((end = text.indexOf('\n')) < 0) {
    if (text.length > LONGEST) throw new Wrong('its handover has no end');
    const { value, done } = await pieces.next();
    if (done) throw new Wrong('hearthd left before its handover was whole');
    text = Buffer.concat([text, value]);
  }
  return { handover: parse(text.toString('utf8', 0, end)), rest: text.subarray(end + 1) };
}

function parse(line) {
  let handover;
  try {
    handover = JSON.parse(line);
  } catch {
    // told below
  }
  if (!isRight(handover)) throw new Wrong('what it was handed is no handover');
  return handover;
}

function isRight(handover) {
  const { env, folder, package: size = 0 } = handover ?? {};
  if (typeof folder !== 'string' || !Number.isSafeInteger(size) || size < 0) return false;
  if (typeof env !== 'object' || env === null || Array.isArray(env)) return false;
  return Object.entries(env).every(([name, value]) => /^[^=\0]+$/.test(name) && typeof value === 'string' &&
    !value.includes('\0'));
}

// The package's bytes, a tar, follow the line.
async function unpack({ folder, package: size = 0 }, rest, pieces) {
  if (rest.length > size) throw new Wrong('more came behind its handover');
  if (size === 0) return;
  const words = ['--extract', '--file=-', '--preserve-permissions', `--directory=${folder}`];
  const tar = spawn('tar', words, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = once(tar, 'exit');
  tar.stdin.on('error', () => {}); // its exit code tells
  for (let left = size, piece = rest; ; ) {
    left -= piece.length;
    if (left < 0) throw new Wrong('more came behind its package');
    if (piece.length && !tar.stdin.write(piece)) await Promise.race([once(tar.stdin, 'drain'), ended]);
    if (left === 0) break;
    const next = await pieces.next();
    if (next.done) throw new Wrong('hearthd left before the package was whole');
    piece = next.value;
  }
  tar.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Wrong('the package cannot be unpacked');
}
