// npm install && npm test
import assert from 'node:assert/strict';
import { test } from 'node:test';

import handle from './dist/handler.js';

const context = { callId: 'test', log: console };

test('greets whom the body names', async () => {
  const request = new Request('http://localhost/', { method: 'POST', body: '{"name": "Ada"}' });
  assert.deepEqual(await handle(request, context), { message: 'Hello, Ada!' });
});

test('greets the world otherwise', async () => {
  assert.deepEqual(await handle(new Request('http://localhost/'), context), { message: 'Hello, world!' });
});
