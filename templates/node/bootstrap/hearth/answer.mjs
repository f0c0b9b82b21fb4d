// What a handler returned, as { status, fields, data, pieces }: `fields` are names and values in turn, `data` is a whole
// body (text or bytes), `pieces` is one to be read piece by piece, `early` says that its head need not wait for the first,
// `promised` is the length that a Response without a body tells of, which only an answer to HEAD may.
import { Readable } from 'node:stream';

import { take } from './response.mjs';

export class BadAnswer extends TypeError {
  name = 'Bad return value';
}

// Framing and the connection are the server's to decide.
const OWN_FIELDS = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer', 'te', 'date']);
// fetch() has undone these, and leaves what the body was before in its Response.
const UNDONE_FIELDS = new Set(['content-encoding', 'content-length']);

export function answerOf(result) {
  if (result instanceof Response) return ofResponse(result);
  if (result === undefined || result === null) return { status: 204, fields: [] };
  if (typeof result === 'string') return whole('text/plain; charset=utf-8', result);
  const bytes = bytesOf(result);
  if (bytes) return whole('application/octet-stream', bytes);
  const pieces = piecesOf(result);
  if (pieces) return { status: 200, fields: ['content-type', 'text/plain; charset=utf-8'], pieces };
  return whole('application/json', jsonOf(result));
}

export function problem(status, title, detail, layer, code) {
  const data = JSON.stringify({ type: 'about:blank', title, status, code, layer, detail });
  return { status, fields: ['content-type', 'application/problem+json'], data };
}

export function encodePiece(piece) {
  if (typeof piece === 'string') return piece;
  const bytes = bytesOf(piece);
  if (!bytes) throw new BadAnswer(`a piece of a streamed body is a string or bytes, not ${nameOf(piece)}`);
  return bytes;
}

function whole(type, data) {
  return { status: 200, fields: ['content-type', type], data };
}

function ofResponse(response) {
  const { status } = response;
  if (status < 200) throw new BadAnswer(`a Response of status ${status} answers nothing`);
  if (response.bodyUsed) throw new BadAnswer("the Response's body has been read: return a clone() of it");
  const { data, fields } = take(response);
  if (data !== undefined) return { status, fields: withoutOwn(fields ?? flat(response.headers), true), data };
  const promised = lengthIn(response.headers);
  const pieces = response.body && piecesOf(response.body);
  const all = withoutOwn(flat(response.headers), !pieces, response.url !== '');
  return pieces ? { status, fields: all, pieces, early: true } : { status, fields: all, promised };
}

// Another's field, or two of them, would frame the next call's answer.
function lengthIn(headers) {
  const text = headers.get('content-length');
  if (text !== null && !/^\d+$/.test(text)) throw new BadAnswer(`a Response's content-length is a number, not ${text}`);
  return text;
}

function flat(headers) {
  const fields = [];
  for (const [name, value] of headers) {
    for (const one of name === 'set-cookie' ? cookiesIn(value) : [value]) fields.push(name, one);
  }
  return fields;
}

function withoutOwn(fields, isCounted, isFetched = false) {
  const kept = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at].toLowerCase();
    if (OWN_FIELDS.has(name) || (isCounted && name === 'content-length') || (isFetched && UNDONE_FIELDS.has(name))) continue;
    kept.push(fields[at], fields[at + 1]);
  }
  return kept;
}

// Debian's undici joins them by commas. A comma within a date is not before a NAME=.
function cookiesIn(value) {
  return value.split(/,\s*(?=[^;,=\s]+=)/);
}

function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return undefined;
}

// An iterator over what is meant to come piece by piece; an array, a Map or a Set is a value. The `return` of a stream's ends
// it while a piece is awaited, too: that of the iterator which it has itself would wait for the piece.
function piecesOf(value) {
  if (typeof value !== 'object') return undefined;
  if (value instanceof ReadableStream) {
    const reader = value.getReader();
    return { next: () => reader.read(), return: () => reader.cancel() };
  }
  if (value instanceof Readable) {
    const pieces = value[Symbol.asyncIterator]();
    return { next: () => pieces.next(), return: () => value.destroy() };
  }
  if (value[Symbol.asyncIterator]) return value[Symbol.asyncIterator]();
  return typeof value.next === 'function' && value[Symbol.iterator] ? value[Symbol.iterator]() : undefined;
}

function jsonOf(value) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new BadAnswer(`the handler returned ${nameOf(value)} that is not JSON: ${error.message}`);
  }
  if (text === undefined) {
    throw new BadAnswer(`the handler returned a ${nameOf(value)}: return a Response, a string, bytes, something JSON can ` +
      'say, nothing, or an (async) iterator or ReadableStream of strings or bytes');
  }
  return text;
}

function nameOf(value) {
  return typeof value === 'object' ? value?.constructor?.name ?? 'null' : typeof value;
}
