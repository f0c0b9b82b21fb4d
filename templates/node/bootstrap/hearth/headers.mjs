// A request's header fields as the Fetch API has them, filled only when more than single fields is asked for: what undici
// does to fill one costs as much as half a call.

export class IncomingHeaders extends Headers {
  #message; // null once filled

  constructor(message) {
    super();
    this.#message = message;
  }

  get(name) {
    const value = this.#message?.headers[`${name}`.toLowerCase()];
    return typeof value === 'string' ? value : super.get.call(this.#filled(), name);
  }
  has(name) {
    return this.get(name) !== null;
  }

  #filled() {
    const fields = this.#message?.rawHeaders ?? [];
    this.#message = null;
    for (let at = 0; at < fields.length; at += 2) super.append(fields[at], fields[at + 1]);
    return this;
  }

  static {
    const all = ['append', 'delete', 'set', 'forEach', 'keys', 'values', 'entries', 'getSetCookie', Symbol.iterator];
    for (const name of all) {
      const plain = Headers.prototype[name];
      if (!plain) continue; // Debian's undici has no getSetCookie()
      const value = function (...words) {
        return plain.apply(this.#filled(), words);
      };
      Object.defineProperty(this.prototype, name, { value, configurable: true, writable: true });
    }
  }
}
