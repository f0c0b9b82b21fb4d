// What a call knows beside its request.
import { unescape } from 'node:querystring';
import { formatWithOptions } from 'node:util';

const NUMBER = /^\d+$/;
const PARAMETER = /^hearth-param-/i;

// What the environment says, read when a call first asks: until then this process may be a cell.
let own;
function who() {
  if (own) return own;
  const { HEARTH_FUNCTION, HEARTH_NAMESPACE, HEARTH_REVISION, HEARTH_TIMEOUT_MS } = process.env;
  own = {
    function: HEARTH_FUNCTION ?? '',
    namespace: HEARTH_NAMESPACE ?? 'default',
    revision: NUMBER.test(HEARTH_REVISION) ? Number(HEARTH_REVISION) : 0,
    timeout: NUMBER.test(HEARTH_TIMEOUT_MS) ? Number(HEARTH_TIMEOUT_MS) : 30_000, // where a call brings none
  };
  return own;
}

function level(name) {
  return (...words) => void process.stderr.write(`${name} ${formatWithOptions({}, ...words)}\n`);
}

// Its lines belong to the call that writes them, as do console's.
const log = { debug: level('DEBUG'), info: level('INFO'), warn: level('WARN'), error: level('ERROR') };

export class Context {
  #message; // whose headers Node reads when they are first asked for
  #signal;
  #begun = performance.now();
  #deadline;
  #params;

  constructor(message, signal) {
    this.#message = message;
    this.#signal = signal;
  }

  get callId() {
    return this.#message.headers['hearth-call-id'] ?? '';
  }
  get traceparent() {
    return this.#message.headers.traceparent ?? '';
  }
  // Of the path where an HTTP trigger matched: decoded, by the names that fn.yaml has.
  get params() {
    return (this.#params ??= paramsOf(this.#message.rawHeaders));
  }
  get function() {
    return who().function;
  }
  get namespace() {
    return who().namespace;
  }
  get revision() {
    return who().revision;
  }
  get log() {
    return log;
  }
  // Aborted when the caller leaves; the request's own.
  get signal() {
    return this.#signal();
  }
  // When hearthd gives the call up, as Date.now() counts.
  get deadline() {
    return (this.#deadline ??= Math.round(Date.now() + this.remainingMs()));
  }
  remainingMs() {
    const left = this.#message.headers['hearth-deadline-ms'];
    return Math.max(0, (NUMBER.test(left) ? Number(left) : who().timeout) - (performance.now() - this.#begun));
  }
}

function paramsOf(fields) {
  const params = Object.create(null);
  for (let at = 0; at < fields.length; at += 2) {
    if (PARAMETER.test(fields[at])) params[fields[at].replace(PARAMETER, '')] = unescape(fields[at + 1]);
  }
  return params;
}
