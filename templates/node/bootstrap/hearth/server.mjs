// Serves: one Call for each request, each in an asynchronous context of its own.
import { once } from 'node:events';
import { createServer } from 'node:http';

import { BadAnswer, answerOf, encodePiece, problem } from './answer.mjs';
import { Context } from './context.mjs';
import { current, finish, markerOf } from './logs.mjs';
import { BadRequest, IncomingRequest } from './request.mjs';

export class Server {
  #running = 0;
  #idle = null; // resolves when nothing runs any more

  constructor(handler, timeout) {
    this.handler = handler;
    this.timeout = timeout;
    this.stopping = false;
    this.http = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (message, response) => {
      this.#running += 1;
      const call = new Call(this, message, response);
      current.run(call, () => call.run());
    });
    this.http.keepAliveTimeout = 0; // who calls is hearthd, and keeps its connections
    this.http.on('clientError', (error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
  }

  ended() {
    this.#running -= 1;
    if (!this.stopping) return;
    setImmediate(() => this.http.closeIdleConnections());
    if (this.#running === 0) this.#idle();
  }

  // Calls that run are finished, their answers sent.
  async finish() {
    this.stopping = true;
    this.http.close();
    this.http.closeIdleConnections();
    await new Promise((resolve) => {
      this.#idle = resolve;
      if (this.#running === 0) resolve();
    });
    await this.handler.shutdown?.();
  }

  // Thrown where nobody caught it: within a call it is that call's failure, outside it is the process's end.
  uncaught(error) {
    const call = current.getStore();
    if (call && !call.over) return call.fail(error);
    console.error(error);
    if (call) return; // a call's leftovers
    console.error(`the process ended: ${String(error?.message ?? error).split('\n')[0]}`);
    process.exit(1);
  }
}

class Call {
  over = false;
  partial = new Map(); // unfinished lines of output
  #abort = null;
  #left = false;

  constructor(server, message, response) {
    this.server = server;
    this.message = message;
    this.response = response;
    this.marker = markerOf(message.headers['hearth-call-id']);
    response.on('close', () => this.#closed());
  }

  async run() {
    const signal = () => this.#signal();
    const request = new IncomingRequest(this.message, signal);
    const context = new Context(this.message.headers, this.server.timeout, signal);
    try {
      await this.#send(answerOf(await this.server.handler.call(request, context)));
    } catch (error) {
      if (error instanceof Response && !this.response.headersSent) {
        await this.#send(answerOf(error)).catch((another) => this.fail(another));
      } else {
        this.fail(error);
      }
    }
  }

  // Answers with the failure where nothing was sent yet; else breaks off, so that nobody takes the answer for whole.
  fail(error) {
    if (this.over || (this.#left && isAbort(error))) return;
    if (!(error instanceof BadRequest)) console.error(error instanceof BadAnswer ? error.message : error);
    if (this.response.headersSent) {
      this.response.destroy();
    } else {
      const answer = failure(error);
      this.#head(answer);
      this.response.end(answer.data);
    }
  }

  async #send(answer) {
    if (this.over || this.response.headersSent) return;
    if (!answer.pieces) {
      this.#head(answer);
      this.response.end(answer.data);
      return;
    }
    const pieces = answer.pieces[Symbol.asyncIterator]?.() ?? answer.pieces[Symbol.iterator]();
    try {
      // What fails before the first piece is an honest 500.
      let { value, done } = await pieces.next();
      if (!done) value = encodePiece(value);
      this.#head(answer);
      if (this.message.method === 'HEAD') done = true;
      while (!done && !this.#left) {
        if (value.length && !this.response.write(value)) await this.#room();
        ({ value, done } = await pieces.next());
        if (!done) value = encodePiece(value);
      }
      this.response.end();
    } finally {
      await pieces.return?.();
    }
  }

  #head(answer) {
    const { response } = this;
    response.statusCode = answer.status;
    for (const [name, value] of answer.headers) response.appendHeader(name, value);
    const bodiless = answer.status === 204 || answer.status === 304;
    if (!answer.pieces && !bodiless && !response.hasHeader('content-length')) {
      response.setHeader('content-length', Buffer.byteLength(answer.data ?? ''));
    }
    if (this.server.stopping) response.setHeader('connection', 'close');
    if (answer.pieces) response.flushHeaders();
  }

  async #room() {
    if (!this.#left) await Promise.race([once(this.response, 'drain'), once(this.response, 'close')]);
  }

  #signal() {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#left) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  #closed() {
    this.#left = !this.response.writableFinished;
    if (this.#left) current.run(this, () => this.#abort?.abort());
    this.over = true;
    current.run(this, () => finish(this));
    this.server.ended();
  }
}

function isAbort(error) {
  return error?.name === 'AbortError';
}

function failure(error) {
  if (error instanceof BadRequest) return problem(400, 'Bad Request', error.message, 'client', 'invalid');
  const title = error instanceof Error ? error.name : 'thrown';
  return problem(500, title, String(error?.message ?? error), 'function', 'internal');
}
