// A cell: the runtime up, and not yet a function. hearthd says once, at $HEARTH_CELL, which one it is to be.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { unlinkSync } from 'node:fs';
import { createServer } from 'node:net';

import { listenAside, publish } from './listen.mjs';

const LONGEST = 4 * 1024 * 1024; // of a handover
const READY = '{"ready": true}\n';
const SAMPLE = '{"env": {"NAME": "value"}, "folder": "/", "handler": "handler.js"}';

class Wrong extends Error {}

// Returns once this process is a function, with its environment, in its folder; the result is to be called when it listens.
// Without a right handover the process ends.
export async function become() {
  const connection = await accept(process.env.HEARTH_CELL);
  delete process.env.HEARTH_CELL;
  connection.on('error', () => {}); // who has left will look for the socket itself
  try {
    const { line, rest } = await readLine(connection);
    const handover = parse(line);
    const size = handover.package ?? 0;
    if (rest.length > size) throw new Wrong('more came behind its handover');
    if (size > 0) await unpack(handover.folder, size, rest, connection);
    Object.assign(process.env, handover.env);
    process.chdir(handover.folder); // anew: what was here before is beneath the package
  } catch (error) {
    console.error(`this cell ends: ${error.message}`);
    process.exit(1);
  }
  connection.unref(); // it is there for hearthd alone
  return () => connection.write(READY);
}

async function accept(path) {
  const server = createServer({ pauseOnConnect: true });
  await listenAside(server, path);
  publish(path);
  parse(SAMPLE); // so that it is compiled
  const [connection] = await once(server, 'connection');
  server.close();
  unlinkSync(path);
  return connection;
}

// { line, rest }: what came up to the first line's end, and behind it. The connection is paused then.
function readLine(connection) {
  return new Promise((resolve, reject) => {
    let read = null;
    const take = (piece) => {
      read = read ? Buffer.concat([read, piece]) : piece;
      const end = piece.includes(10) ? read.indexOf(10) : -1;
      if (end >= 0) resolve({ line: read.toString('utf8', 0, end), rest: read.subarray(end + 1) });
      else if (read.length > LONGEST) reject(new Wrong('its handover has no end'));
      else return;
      stop();
    };
    const leave = () => reject(new Wrong('hearthd left before its handover was whole'));
    const stop = () => connection.pause().off('data', take).off('close', leave);
    connection.on('data', take).on('close', leave).resume();
  });
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

// The package, a tar of `size` bytes of which `rest` has come.
async function unpack(folder, size, rest, connection) {
  const words = ['--extract', '--file=-', '--preserve-permissions', `--directory=${folder}`];
  const tar = spawn('tar', words, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = once(tar, 'exit');
  tar.stdin.on('error', () => {}); // its exit code tells
  let left = size;
  const give = async (piece) => {
    left -= piece.length;
    if (left < 0) throw new Wrong('more came behind its package');
    if (!tar.stdin.write(piece)) await Promise.race([once(tar.stdin, 'drain'), ended]);
  };
  await give(rest);
  if (left > 0) {
    for await (const piece of connection.iterator({ destroyOnReturn: false })) {
      await give(piece);
      if (left === 0) break;
    }
  }
  if (left > 0) throw new Wrong('hearthd left before the package was whole');
  tar.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Wrong('the package cannot be unpacked');
}
