// One call of the handler, in an asynchronous context of its own.
import { once } from 'node:events';
import { STATUS_CODES } from 'node:http';
import { inspect } from 'node:util';

import { BadAnswer, answerOf, encodePiece, problem } from './answer.mjs';
import { Context } from './context.mjs';
import { current, finish } from './logs.mjs';
import { IncomingRequest } from './request.mjs';

export class Call {
  over = false;
  partial = null; // unfinished lines of output, as logs.mjs keeps them
  #server;
  #message;
  #response;
  #marker;
  #abort = null;
  #left = false;
  #pieces = null; // until they have ended
  #begun = false;

  constructor(server, message, response) {
    this.#server = server;
    this.#message = message;
    this.#response = response;
    response.on('close', () => current.run(this, () => this.#closed()));
  }

  // What its lines of output begin with.
  get marker() {
    if (this.#marker === undefined) {
      const id = this.#message.headers['hearth-call-id'];
      this.#marker = id ? `\x1f${id}\x1f` : '';
    }
    return this.#marker;
  }

  async run() {
    const signal = () => this.#signal();
    const request = new IncomingRequest(this.#message, signal);
    const context = new Context(this.#message, signal);
    try {
      const result = this.#server.handler.call(request, context);
      const answer = answerOf(typeof result?.then === 'function' ? await result : result);
      if (answer.pieces) await this.#sendPieces(answer);
      else this.#sendWhole(answer);
    } catch (error) {
      this.fail(error);
    }
  }

  // Answers with the failure where nothing was sent yet; else breaks off, so that nobody takes the answer for whole.
  fail(error) {
    if (this.#left && isAbort(error)) return;
    const answer = failure(error);
    if (answer.status >= 500 && !(error instanceof Response)) report(error);
    if (!this.#begun) this.#sendWhole(answer);
    else if (!this.#response.writableEnded) this.#response.destroy();
  }

  #sendWhole({ status, fields, data = '', promised = null }) {
    if (this.#begun || this.#left) return;
    if (status !== 204 && status !== 304) {
      const length = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
      fields.push('content-length', (this.#message.method === 'HEAD' && promised) || length);
    }
    this.#head(status, fields);
    this.#response.end(data);
  }

  async #sendPieces({ status, fields, pieces, early }) {
    this.#pieces = pieces;
    try {
      if (this.#left) return;
      if (early && this.#head(status, fields)) this.#response.flushHeaders();
      let next = await pieces.next(); // what fails before it is an honest 500
      if (!next.done) encodePiece(next.value);
      if (!early) this.#head(status, fields);
      this.#response.strictContentLength = true; // where the handler has promised a length
      while (!next.done && !this.#left && this.#wantsBody(status)) {
        const piece = encodePiece(next.value);
        if (piece.length && !this.#response.write(piece)) await this.#room();
        next = await pieces.next();
      }
      this.#response.end();
    } finally {
      await this.#endPieces();
    }
  }

  async #endPieces() {
    const pieces = this.#pieces;
    this.#pieces = null;
    await pieces?.return?.();
  }

  #wantsBody(status) {
    return this.#message.method !== 'HEAD' && status !== 204 && status !== 304;
  }

  // False where the call is answered already, by its failure.
  #head(status, fields) {
    if (this.#begun) return false;
    if (this.#server.stopping) fields.push('connection', 'close');
    this.#response.writeHead(status, fields); // throws where a field cannot be sent
    this.#begun = true;
    return true;
  }

  // Returns when the caller has caught up, or left.
  async #room() {
    if (this.#left) return;
    const enough = new AbortController();
    const { signal } = enough;
    await Promise.race([once(this.#response, 'drain', { signal }), once(this.#response, 'close', { signal })]);
    enough.abort();
  }

  #signal() {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#left) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  #closed() {
    this.#left = !this.#response.writableFinished;
    if (this.#left) {
      this.#abort?.abort();
      this.#endPieces().catch((error) => this.fail(error));
    }
    this.over = true;
    finish(this);
    this.#server.ended(this.#message.socket);
  }
}

const LEFT = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

function isAbort(error) {
  return error?.name === 'AbortError' || LEFT.has(error?.code);
}

// A Response of text or bytes can be thrown. An error with a `status` of 400 to 499 is the caller's fault, as many packages
// of Node have it.
function failure(error) {
  if (error instanceof Response) {
    const answer = answerOf(error);
    if (!answer.pieces) return answer;
  }
  const message = String(error?.message ?? error);
  const { status } = error ?? {};
  if (Number.isInteger(status) && status >= 400 && status < 500) {
    return problem(status, STATUS_CODES[status] ?? 'Client Error', message, 'client', 'invalid');
  }
  return problem(500, error instanceof Error ? error.name : 'Error', message, 'function', 'internal');
}

const OURS = /\n +at .*(\/usr\/lib\/hearth\/|node:internal\/).*/g;

// To the log, with its stack but without our part of it.
export function report(error) {
  if (error instanceof BadAnswer) return console.error(error.message);
  console.error(inspect(error).replace(OURS, ''));
}
