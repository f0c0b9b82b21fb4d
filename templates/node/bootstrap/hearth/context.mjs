// What a call knows beside its request.

const shared = {
  function: process.env.HEARTH_FUNCTION ?? '',
  namespace: process.env.HEARTH_NAMESPACE ?? 'default',
  revision: Number(process.env.HEARTH_REVISION ?? 0),
};

const log = {
  debug: (...words) => console.debug(...words),
  info: (...words) => console.info(...words),
  warn: (...words) => console.warn(...words),
  error: (...words) => console.error(...words),
};

export class Context {
  #signal;

  constructor(headers, timeout, signal) {
    const left = headers['hearth-deadline-ms'];
    this.callId = headers['hearth-call-id'] ?? '';
    this.deadline = Date.now() + (/^\d+$/.test(left) ? Number(left) : timeout); // as Date.now() counts
    this.traceparent = headers.traceparent ?? '';
    this.#signal = signal;
  }

  get function() {
    return shared.function;
  }
  get namespace() {
    return shared.namespace;
  }
  get revision() {
    return shared.revision;
  }
  get log() {
    return log;
  }
  // Aborted when the caller leaves; the request's own.
  get signal() {
    return this.#signal();
  }
  remainingMs() {
    return Math.max(0, this.deadline - Date.now());
  }
}
