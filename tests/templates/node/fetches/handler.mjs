// What the node runtime has of the Fetch API beyond what every runtime's conformance function shows.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

let bomb = false;
setInterval(() => {
  if (bomb) throw new Error('nobody called for this');
}, 5);

async function requestIsReal(request) {
  assert(request instanceof Request);
  assert.equal(request.bodyUsed, false);
  assert.deepEqual([...request.headers].find(([name]) => name === 'x-test'), ['x-test', 'value']);
  assert.equal(request.headers.get('X-TEST'), 'value');
  assert.equal(request.headers.get('constructor'), null);
  assert.equal(request.headers.has('x-none'), false);
  assert.equal(request.redirect, 'follow');
  const copy = new Request(request, { headers: { ...Object.fromEntries(request.headers), 'x-more': '1' } });
  assert.equal(copy.headers.get('x-more'), '1');
  return copy.text();
}

async function responseIsReal() {
  const response = new Response('text', { status: 201, statusText: 'Made', headers: { A: 'b' } });
  assert(response instanceof Response);
  assert.equal(response.constructor.name, 'Response');
  assert.deepEqual([response.status, response.statusText, response.ok], [201, 'Made', true]);
  assert.deepEqual([...response.headers], [['a', 'b'], ['content-type', 'text/plain;charset=UTF-8']]);
  response.headers.set('a', 'c');
  assert.equal(response.clone().headers.get('a'), 'c');
  assert.equal(await response.clone().text(), 'text');
  assert.equal(response.bodyUsed, false);
  assert.equal(await response.text(), 'text');
  assert.equal(response.bodyUsed, true);
  await assert.rejects(response.text());

  assert.equal(new Response('x', { headers: { 'Content-Type': 'a/b' } }).headers.get('content-type'), 'a/b');
  assert.equal(new Response(new Uint8Array([1])).headers.get('content-type'), null);
  assert.deepEqual(new Uint8Array(await new Response(new Uint8Array([1, 2])).arrayBuffer()), new Uint8Array([1, 2]));
  assert.equal(await new Response(new Response('piped').body).text(), 'piped');
  assert.equal(new Response().body, null);
  assert.deepEqual(await Response.json({ a: 1 }).json(), { a: 1 });
  assert.equal(Response.json(1, { status: 202, headers: [['a', 'b']] }).headers.get('content-type'), 'application/json');
  assert.equal(Response.redirect('http://x/', 302).status, 302);
  assert.equal(await new Response(new URLSearchParams({ a: 'b' })).text(), 'a=b');

  assert.throws(() => new Response('x', { status: 204 }), TypeError);
  assert.throws(() => new Response('x', { status: 99 }), RangeError);
  class Own extends Response {}
  assert(new Own() instanceof Response && !(response instanceof Own));
  return 'as it should be';
}

// A Response that fetch() got, handed on as it is.
async function proxied() {
  const server = createServer((request, response) => {
    response.setHeader('content-encoding', 'gzip');
    response.end(gzipSync('unpacked '.repeat(1000)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/`);
  assert(answer instanceof Response);
  server.close();
  return answer;
}

let made = 0;
async function* endless() {
  for (made = 0; ; made += 1) yield 'x'.repeat(1 << 20);
}

function* numbers() {
  for (let number = 0; number < 3; number += 1) yield `${number}\n`;
}

function short() {
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(Buffer.from('five.'));
      controller.close();
    },
  });
  return new Response(stream, { headers: { 'content-length': '10' } });
}

const ended = [];
const quiet = {
  stream: () =>
    new ReadableStream({ start: (controller) => controller.enqueue('begun'), cancel: () => ended.push('stream') }),
  response: () => new Response(quiet.stream()),
  readable: () => {
    const readable = new Readable({ read() {}, destroy: (error, done) => done(ended.push('readable') && error) });
    readable.push('begun');
    return readable;
  },
  iterator: () => {
    const pieces = ['begun'];
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => (pieces.length ? { value: pieces.pop() } : new Promise(() => {})),
        return: () => ended.push('iterator'),
      }),
    };
  },
};

async function quietTooLate(context) {
  await once(context.signal, 'abort');
  return new Response(new ReadableStream({ cancel: () => ended.push('late') }));
}

async function rejectsAside() {
  Promise.reject(new Error('nobody waited for this'));
  await sleep(10_000);
}

async function throwsAside() {
  setTimeout(() => {
    throw new Error('a timer threw this');
  }, 1);
  await sleep(10_000);
}

const answers = {
  '/request': requestIsReal,
  '/response': responseIsReal,
  '/url': (request) => request.url,
  '/json': (request) => request.json(),
  '/form': async (request) => (await request.formData()).get('name'),
  '/cloned': async (request) => (await request.clone().text()) + (await request.text()),
  '/proxied': proxied,
  '/endless': endless,
  '/made': () => made,
  '/numbers': numbers,
  '/short': short,
  '/stream': quiet.stream,
  '/in-response': quiet.response,
  '/readable': quiet.readable,
  '/iterator': quiet.iterator,
  '/too-late': (request, context) => quietTooLate(context),
  '/ended': () => ended,
  '/no-body': () => new Response(null, { headers: { 'Content-Length': '5' } }),
  '/two-lengths': () => new Response(quiet.stream(), { headers: [['Content-Length', '5'], ['Content-Length', '5']] }),
  '/status': () => {
    throw Object.assign(new Error('no such tea'), { status: 404 });
  },
  '/thrown': () => {
    throw new Response('out of tea', { status: 503, headers: { 'retry-after': '7' } });
  },
  '/rejects': rejectsAside,
  '/throws': throwsAside,
  '/function': () => () => {},
  '/cycle': () => {
    const cycle = {};
    return (cycle.self = cycle);
  },
  '/half-line': () => {
    process.stdout.write('a line without ');
    process.stdout.write('its end');
    return 'said';
  },
  '/injects': () => new Response('x', { headers: { a: 'b\r\nc: d' } }),
  '/bomb': () => {
    bomb = true;
    return 'soon';
  },
};

export default (request, context) => answers[new URL(request.url).pathname](request, context);
export const other = () => 'the other';
