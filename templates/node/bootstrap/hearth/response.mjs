// The Response that handlers make: undici's own, save that a body of text or bytes, and plain header fields, stay what they
// are until somebody wants more of them. A stream that is made only to be read at once costs more than the call.

const Plain = globalThis.Response;
const NO_BODY = [204, 205, 304];

class KeptResponse extends Plain {
  #data; // the body, where it is text or bytes
  #fields = null; // names and values in turn, until somebody asks for `headers`
  #real = null; // who asked for more of the body got this one's
  #taken = false;

  constructor(body = null, init = undefined) {
    const data = keepable(body);
    const fields = data === undefined ? null : keepableFields(init?.headers, typeof data === 'string');
    super(data === undefined ? body : null, fields ? without(init) : init);
    if (data === undefined) return;
    if (NO_BODY.includes(this.status)) throw new TypeError(`a Response of status ${this.status} has no body`);
    this.#data = data;
    this.#fields = fields;
    if (!fields && typeof data === 'string' && !super.headers.has('content-type')) {
      super.headers.set('content-type', TEXT);
    }
  }

  static json(value, init = undefined) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError('the value is not JSON');
    if (init?.headers === undefined) return new KeptResponse(text, { ...init, headers: JSON_FIELDS });
    const headers = new Headers(init.headers);
    if (!headers.has('content-type')) headers.set('content-type', JSON_FIELDS['content-type']);
    return new KeptResponse(text, { ...init, headers });
  }

  // fetch() answers with a plain one.
  static [Symbol.hasInstance](value) {
    return this === KeptResponse ? value instanceof Plain : super[Symbol.hasInstance](value);
  }

  // { data, fields } of a response, whose body is used by that; each is undefined where it is not at hand.
  static take(response) {
    if (!(#data in response) || response.#data === undefined || response.#real) return {};
    response.#taken = true;
    return { data: response.#data, fields: response.#fields ?? undefined };
  }

  get headers() {
    const fields = this.#fields ?? [];
    this.#fields = null;
    for (let at = 0; at < fields.length; at += 2) super.headers.append(fields[at], fields[at + 1]);
    return super.headers;
  }
  get body() {
    return this.#data === undefined ? super.body : this.#asPlain().body;
  }
  get bodyUsed() {
    return this.#data === undefined ? super.bodyUsed : this.#taken || (this.#real?.bodyUsed ?? false);
  }
  clone() {
    return this.#data === undefined ? super.clone() : this.#asPlain().clone();
  }

  #asPlain() {
    if (this.#taken) throw new TypeError('the body has been read');
    const { status, statusText, headers } = this;
    return (this.#real ??= new Plain(this.#data, { status, statusText, headers }));
  }

  static {
    for (const name of ['text', 'json', 'arrayBuffer', 'blob', 'formData']) {
      const value = async function () {
        return this.#data === undefined ? Plain.prototype[name].call(this) : this.#asPlain()[name]();
      };
      Object.defineProperty(this.prototype, name, { value, configurable: true, writable: true });
    }
    Object.defineProperty(this, 'name', { value: 'Response' });
  }
}

export const take = KeptResponse.take;

export function install() {
  globalThis.Response = KeptResponse;
}

const TEXT = 'text/plain;charset=UTF-8';
const JSON_FIELDS = { 'content-type': 'application/json' };

function keepable(body) {
  if (typeof body === 'string') return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body.slice(0));
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
  return undefined;
}

// Those of a plain object with plain values, which undici would take as they are; null for any other.
function keepableFields(headers, isText) {
  const fields = [];
  let typed = !isText;
  if (headers !== undefined) {
    if (headers === null || Object.getPrototypeOf(headers) !== Object.prototype) return null;
    for (const name of Object.keys(headers)) {
      const value = headers[name];
      if (typeof value !== 'string' || !NAME.test(name) || !VALUE.test(value)) return null;
      fields.push(name, value);
      typed ||= name.length === 12 && name.toLowerCase() === 'content-type';
    }
  }
  if (!typed) fields.push('content-type', TEXT);
  return fields;
}

const NAME = /^[\w-]+$/;
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

function without(init) {
  return init && { status: init.status, statusText: init.statusText };
}
