// Listens and serves, a Call for each request.
import { once } from 'node:events';
import { STATUS_CODES, createServer } from 'node:http';

import { problem } from './answer.mjs';
import { Call, report } from './call.mjs';
import { listenAside, publish, stagingOf } from './listen.mjs';
import { current } from './logs.mjs';
import { isAsked, tell } from './quiet.mjs';

const MAX_HEAD = 64 * 1024;
const busy = new WeakSet(); // connections on which an answer is due or under way

export class Server {
  handler = null; // there before the first call is
  stopping = false;
  #http;
  #path;
  #running = 0;
  #idle = null; // called when nothing runs any more
  #sockets = new WeakSet();

  constructor() {
    this.#http = createServer({ maxHeaderSize: MAX_HEAD }, (message, response) => {
      if (isAsked(message)) return this.#tellWhetherQuiet(response);
      this.#running += 1;
      busy.add(message.socket);
      const call = new Call(this, message, response);
      current.run(call, () => call.run());
    });
    this.#http.on('connection', (socket) => this.#sockets.add(socket));
    this.#http.on('clientError', refuse);
    // Who calls is hearthd, which keeps its connections and has deadlines of its own. A frozen replica's timers lie.
    Object.assign(this.#http, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  }

  // At $HEARTH_SOCKET, for nobody yet; else on $PORT.
  async open() {
    this.#path = process.env.HEARTH_SOCKET;
    if (this.#path) return listenAside(this.#http, this.#path);
    this.#http.listen(Number(process.env.PORT ?? 8080), '0.0.0.0', 1024);
    await once(this.#http, 'listening');
  }

  get staging() {
    return stagingOf(this.#path);
  }

  publish() {
    if (this.#path) publish(this.#path);
  }

  #tellWhetherQuiet(response) {
    tell(response, this.#running, (handle) => handle === this.#http || this.#sockets.has(handle));
  }

  // Told by each call.
  ended(socket) {
    busy.delete(socket);
    this.#running -= 1;
    if (!this.stopping) return;
    setImmediate(() => this.#http.closeIdleConnections());
    if (this.#running === 0) this.#idle?.();
  }

  // Calls that run are finished, their answers sent.
  async finish() {
    this.stopping = true;
    this.#http.close();
    this.#http.closeIdleConnections();
    if (this.#running > 0) await new Promise((resolve) => (this.#idle = resolve));
    await this.handler.shutdown?.();
  }

  // Thrown where nobody catches it: within a call that is the call's failure; outside, nobody knows what state is left.
  uncaught(error) {
    const call = current.getStore();
    if (call) return call.fail(error);
    report(error);
    console.error(`the process ends by an error outside of any call: ${String(error?.message ?? error).split('\n')[0]}`);
    process.exit(1);
  }
}

// What is no HTTP/1.1, told where nothing else is being told on its connection.
function refuse(error, socket) {
  if (busy.has(socket) || !socket.writable) return socket.destroy();
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const { data } = problem(status, STATUS_CODES[status], error.reason ?? error.message, 'client', 'invalid');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/problem+json\r\n` +
    `content-length: ${Buffer.byteLength(data)}\r\nconnection: close\r\n\r\n${data}`);
}
