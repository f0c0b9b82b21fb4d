// What a handler returned, as status, headers and a body: whole (a string or bytes), in pieces, or none.

export class BadAnswer extends Error {
  name = 'Bad return value';
}

const NO_BODY = new Set([204, 205, 304]);

// { status, headers: [[name, value]], data, pieces }
export function answerOf(result) {
  if (result instanceof Response) return ofResponse(result);
  if (result === undefined || result === null) return { status: 204, headers: [] };
  if (typeof result === 'string') return whole('text/plain; charset=utf-8', result);
  const bytes = bytesOf(result);
  if (bytes) return whole('application/octet-stream', bytes);
  if (isPieces(result)) {
    return { status: 200, headers: [['content-type', 'text/plain; charset=utf-8']], pieces: result };
  }
  return whole('application/json', jsonOf(result));
}

export function problem(status, title, detail, layer, code) {
  const body = JSON.stringify({ type: 'about:blank', title, status, code, layer, detail });
  return { status, headers: [['content-type', 'application/problem+json']], data: body };
}

// A piece of a streamed body as bytes.
export function encodePiece(piece) {
  if (typeof piece === 'string') return piece;
  const bytes = bytesOf(piece);
  if (!bytes) throw new BadAnswer(`a piece of a streamed body is a string or bytes, not ${nameOf(piece)}`);
  return bytes;
}

function whole(type, data) {
  return { status: 200, headers: [['content-type', type]], data };
}

function ofResponse(response) {
  const headers = [];
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie') headers.push([name, value]);
  }
  for (const cookie of cookiesOf(response.headers)) headers.push(['set-cookie', cookie]);
  const { status } = response;
  if (status < 200) throw new BadAnswer(`a Response of status ${status} answers nothing`);
  if (NO_BODY.has(status) || response.bodyUsed) return { status, headers };
  const source = sourceOf(response);
  if (source !== undefined) return { status, headers, data: source };
  return response.body ? { status, headers, pieces: response.body } : { status, headers, data: '' };
}

// Debian's undici has no getSetCookie() and joins them by commas; a comma within a date is not before a NAME=.
function cookiesOf(headers) {
  return headers.getSetCookie?.() ?? headers.get('set-cookie')?.split(/,\s*(?=[^;,=\s]+=)/) ?? [];
}

// The string or bytes that a Response was made of, where undici still has it: a stream over it costs more than the call.
const kState = Object.getOwnPropertySymbols(new Response('')).find((symbol) => symbol.description === 'state');
function sourceOf(response) {
  const source = kState && response[kState]?.body?.source;
  return typeof source === 'string' || source instanceof Uint8Array ? source : undefined;
}

function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return undefined;
}

function isPieces(value) {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Map) && !(value instanceof Set) &&
    (typeof value[Symbol.asyncIterator] === 'function' || typeof value[Symbol.iterator] === 'function');
}

function jsonOf(value) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new BadAnswer(`what the handler returned is not JSON: ${error.message}`);
  }
  if (text === undefined) throw new BadAnswer(`the handler returned ${nameOf(value)}, which is no answer`);
  return text;
}

function nameOf(value) {
  return typeof value === 'object' ? value?.constructor?.name ?? 'null' : typeof value;
}
