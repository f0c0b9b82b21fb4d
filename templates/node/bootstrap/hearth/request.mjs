// The request as the Fetch API has it, made only as far as the handler looks: most ask for a method, a path and a body.
import { Readable } from 'node:stream';

export class BadRequest extends Error {
  name = 'BadRequest';
}

export class IncomingRequest {
  #message;
  #signal;
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
    return `http://${this.#message.headers.host ?? 'localhost'}${this.#message.url}`;
  }
  get headers() {
    return (this.#headers ??= headersOf(this.#message));
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
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }
  async text() {
    return (await this.#take()).toString();
  }
  async json() {
    const text = await this.text();
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new BadRequest(`the body is not JSON: ${error.message}`);
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
    const hasBody = this.method !== 'GET' && this.method !== 'HEAD';
    this.#real = new Request(this.url, {
      method: this.method,
      headers: this.headers,
      signal: this.#signal(),
      ...(hasBody && { body: Readable.toWeb(this.#message), duplex: 'half' }),
    });
    return this.#real;
  }
  static real(request) {
    return request.#fetch();
  }

  async #take() {
    if (this.#real) return Buffer.from(await this.#real.arrayBuffer());
    if (this.#used) throw new TypeError('the body has been read');
    this.#used = true;
    const parts = [];
    for await (const part of this.#message) parts.push(part);
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }
}

// It is a Request to `instanceof`, and what is not defined above is the real one's.
Object.setPrototypeOf(IncomingRequest.prototype, Request.prototype);
for (const key of [
  ...Object.getOwnPropertySymbols(new Request('http://localhost')),
  ...['cache', 'credentials', 'destination', 'duplex', 'integrity', 'isHistoryNavigation', 'isReloadNavigation',
    'keepalive', 'mode', 'redirect', 'referrer', 'referrerPolicy'],
]) {
  Object.defineProperty(IncomingRequest.prototype, key, {
    get() {
      return IncomingRequest.real(this)[key];
    },
  });
}

function headersOf(message) {
  const headers = new Headers();
  const raw = message.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) headers.append(raw[i], raw[i + 1]);
  return headers;
}
