import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

async function* held(context) {
  context.signal.addEventListener('abort', () => console.log('cancelled'));
  yield 'begun\n';
  while (!existsSync('/run/hearth/gate')) await sleep(5, null, { signal: context.signal });
  yield 'over\n';
}

async function* late() {
  yield 'a piece';
  await sleep(1);
  throw new Error('broken on purpose');
}

function canWrite(path) {
  try {
    writeFileSync(path, 'x');
    return true;
  } catch {
    return false;
  }
}

function fail() {
  throw new Error('broken on purpose');
}

function log(context) {
  console.log('to standard output');
  console.error('to standard error');
  context.log.info('by the logger');
  process.stdout.write('by a plain print\n');
  return 'logged';
}

async function sizeStreamed(request) {
  let size = 0;
  for await (const piece of request.body) size += piece.length;
  return String(size);
}

const answers = {
  '/hello': () => 'hello',
  '/echo': async (request) =>
    new Response(await request.arrayBuffer(), {
      headers: { 'content-type': request.headers.get('content-type') ?? 'application/octet-stream' },
    }),
  '/teapot': () => new Response('short and stout', { status: 418, headers: { 'X-Kind': 'tea' } }),
  '/cookies': () => new Response('two', { headers: [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']] }),
  '/json': () => ({ name: 'Ada' }),
  '/empty': () => {},
  '/says-2': () => new Response('abcdef', { headers: { 'Content-Length': '2' } }),
  '/says-9': () => new Response('abcdef', { headers: { 'Content-Length': '9' } }),
  '/says-two': () => new Response('abcdef', { headers: { 'Content-Length': 'two' } }),
  '/held': (request, context) => held(context),
  '/late': () => late(),
  '/size': async (request) => String((await request.arrayBuffer()).byteLength),
  '/size-streamed': sizeStreamed,
  '/big': () => 'x'.repeat(8 << 20),
  '/context': (request, context) => ({
    call_id: context.callId,
    function: context.function,
    namespace: context.namespace,
    revision: context.revision,
    traceparent: context.traceparent,
    remaining_ms: context.remainingMs(),
  }),
  '/log': (request, context) => log(context),
  '/raise': fail,
  '/env': () => process.env.LEVEL,
  '/tmp': () => ({ tmp: canWrite('/tmp/x'), root: canWrite('/function/x') }),
  '/child': () => execFileSync('grep', ['Sig', '/proc/self/status']),
  '/crash': () => process.reallyExit(3),
};

export default async function handle(request, context) {
  const url = new URL(request.url);
  if (url.pathname.startsWith('/seen/')) {
    return {
      method: request.method,
      path: url.pathname,
      query: url.search.slice(1),
      header: request.headers.get('X-Test'),
    };
  }
  if (url.pathname.startsWith('/people/')) return { ...context.params };
  const answer = answers[url.pathname];
  return answer ? answer(request, context) : new Response('there is no such path', { status: 404 });
}
