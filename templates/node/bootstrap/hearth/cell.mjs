// A cell: the runtime up, and not yet a function. hearthd says once, at $HEARTH_CELL, which one it is to be.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';

import { listenAside, publish, stagingOf } from './listen.mjs';

const LONGEST = 4 * 1024 * 1024; // of a handover
const QUEUED = 2 * 1024 * 1024; // of a package
const READY = '{"ready": true}\n';
const SAMPLE = '{"env": {"HEARTH_CELL_SAMPLE": "value"}, "folder": "/", "handler": "handler.js"}\n';
const REHEARSALS = 3;

class Wrong extends Error {}

// Returns once this process is a function, with its environment, in its folder; the result is to be called when it listens.
// Without a right handover the process ends. `settle` is called last before one can come.
export async function become(settle) {
  const path = process.env.HEARTH_CELL;
  delete process.env.HEARTH_CELL;
  const server = createServer({ pauseOnConnect: true });
  await listenAside(server, path);
  await rehearse(server, stagingOf(path));
  settle();
  publish(path);
  const [connection] = await once(server, 'connection');
  server.close();
  unlinkSync(path);
  connection.on('error', () => {}); // who has left will look for the socket itself
  try {
    await take(connection);
  } catch (error) {
    console.error(`this cell ends: ${error.message}`);
    process.exit(1);
  }
  connection.unref(); // it is there for hearthd alone
  return () => connection.write(READY);
}

async function take(connection) {
  const { line, rest } = await readLine(connection);
  const handover = parse(line);
  const size = handover.package ?? 0;
  if (rest.length > size) throw new Wrong('more came behind its handover');
  if (size > 0) await unpack(handover.folder, size, rest, connection);
  Object.assign(process.env, handover.env);
  process.chdir(handover.folder); // anew: what was here before is beneath the package
}

// A handover from this very process, so that what the real one needs is compiled. Leaves nothing behind.
async function rehearse(server, path) {
  const folder = process.cwd();
  for (let count = 0; count < REHEARSALS; count += 1) {
    const caller = connect(path);
    const [connection] = await once(server, 'connection');
    caller.write(SAMPLE);
    await take(connection);
    connection.write(READY);
    await once(caller, 'data');
    caller.destroy();
    connection.destroy();
    await Promise.all([once(caller, 'close'), once(connection, 'close')]);
  }
  process.chdir(folder);
  delete process.env.HEARTH_CELL_SAMPLE;
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
  return Object.entries(env).every(([name, value]) => name !== '' && !name.includes('=') && !name.includes('\0') &&
    typeof value === 'string' && !value.includes('\0'));
}

// The package, a tar of `size` bytes of which `rest` has come.
async function unpack(folder, size, rest, connection) {
  const words = ['--extract', '--file=-', '--blocking-factor=128', '--preserve-permissions', `--directory=${folder}`];
  const tar = spawn('tar', words, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = once(tar, 'exit');
  tar.stdin.on('error', () => {}); // its exit code tells
  const poured = await Promise.race([pour(connection, tar.stdin, size, rest).then(() => true), ended.then(() => false)]);
  tar.stdin.end();
  const [code] = await ended;
  if (code !== 0 || !poured) throw new Wrong('the package cannot be unpacked');
}

// Moves `left` bytes, of which `rest` has come. What is queued keeps both sides busy, and is bounded.
function pour(from, into, left, rest) {
  return new Promise((resolve, reject) => {
    const take = (piece) => {
      left -= piece.length;
      into.write(piece);
      if (left <= 0) {
        stop();
        if (left < 0) reject(new Wrong('more came behind its package'));
        else resolve();
      } else if (into.writableLength > QUEUED) {
        from.pause();
        into.once('drain', () => from.resume());
      }
    };
    const leave = () => reject(new Wrong('hearthd left before the package was whole'));
    const stop = () => from.pause().off('data', take).off('close', leave);
    from.on('data', take).on('close', leave);
    take(rest);
    if (left > 0) from.resume();
  });
}
