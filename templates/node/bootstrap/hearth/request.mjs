// The request as the Fetch API has it, made only as far as the handler looks: most ask for a method, a path and a body.
import { IncomingHeaders } from './headers.mjs';

export class IncomingRequest {
  #message;
  #signal;
  #url;
  #headers;
  #real;
  #used = false;

  // `signal` is called for the AbortSignal when somebody asks for it.
  constructor(message, signal) {
    this.#message = message;
    this.#signal = signal;
  }

  get method() {
    return this.#message.method;
  }
  get url() {
    return (this.#url ??= urlOf(this.#message));
  }
  get headers() {
    return (this.#headers ??= new IncomingHeaders(this.#message));
  }
  get signal() {
    return this.#signal();
  }
  get bodyUsed() {
    return this.#real ? this.#real.bodyUsed : this.#used;
  }
  get body() {
    return this.#fetch().body;
  }

  async arrayBuffer() {
    const bytes = await this.#take();
    const { buffer, byteOffset, byteLength } = bytes;
    return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  }
  async text() {
    return decoder.decode(await this.#take());
  }
  async json() {
    const text = await this.text();
    try {
      return JSON.parse(text);
    } catch (error) {
      // The caller's fault: what a handler does not catch of it is a 400.
      throw Object.assign(new SyntaxError(`the body is not JSON: ${error.message}`), { status: 400 });
    }
  }
  async blob() {
    return new Blob([await this.#take()], { type: this.headers.get('content-type') ?? '' });
  }
  formData() {
    return this.#fetch().formData();
  }
  clone() {
    return this.#fetch().clone();
  }

  // Of the real class, for whatever else it can and for those who hand it on to fetch().
  #fetch() {
    if (this.#real) return this.#real;
    if (this.#used) throw new TypeError('the body has been read');
    const { method } = this;
    const body = method === 'GET' || method === 'HEAD' ? null : streamOf(this.#message);
    this.#real = new Request(this.url, {
      method,
      headers: this.headers,
      signal: this.signal,
      ...(body && { body, duplex: 'half' }),
    });
    return this.#real;
  }

  async #take() {
    if (this.#real) return new Uint8Array(await this.#real.arrayBuffer());
    if (this.#used) throw new TypeError('the body has been read');
    this.#used = true;
    return hasBody(this.#message) ? whole(this.#message) : new Uint8Array();
  }

  static {
    // It is a Request to `instanceof`, and what is not defined above is the real one's, undici's own symbols among it.
    Object.setPrototypeOf(this.prototype, Request.prototype);
    const sample = new Request('http://localhost');
    const rest = ['cache', 'credentials', 'destination', 'duplex', 'integrity', 'keepalive', 'mode', 'redirect',
      'referrer', 'referrerPolicy'];
    for (const name of [...Object.getOwnPropertySymbols(sample), ...rest]) {
      const get = function () {
        return this.#fetch()[name];
      };
      Object.defineProperty(this.prototype, name, { get, configurable: true });
    }
  }
}

const decoder = new TextDecoder(); // takes a byte order mark away, as Request.text() does

// As the caller wrote it: what hearthd was asked for stands in X-Forwarded-Proto and -Host.
function urlOf(message) {
  const { headers, url } = message;
  const origin = `${headers['x-forwarded-proto'] ?? 'http'}://${headers['x-forwarded-host'] ?? headers.host}`;
  try {
    return new URL(origin + url).href;
  } catch {
    return new URL(url.startsWith('/') ? `http://localhost${url}` : 'http://localhost/').href;
  }
}

function hasBody({ headers }) {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}

function whole(message) {
  return new Promise((resolve, reject) => {
    const parts = [];
    message.on('data', (part) => parts.push(part));
    message.on('end', () => resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts)));
    message.on('error', reject);
    if (message.destroyed && !message.readableEnded) reject(message.errored ?? new Error('the caller left'));
  });
}

// Takes a piece when one is wanted and no sooner. Readable.toWeb() counts pieces as if they were bytes, and hoards.
function streamOf(message) {
  const pieces = message.iterator({ destroyOnReturn: false });
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      },
      async cancel() {
        await pieces.return();
        message.resume(); // the rest of the body comes before the connection's next request
      },
    },
    { highWaterMark: 0 },
  );
}
