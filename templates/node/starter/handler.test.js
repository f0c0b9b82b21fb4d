// node --test
import assert from 'node:assert/strict';
import { test } from 'node:test';

import handle from './handler.js';

const context = { callId: 'test', log: console };

test('greets whom the body names', async () => {
  const request = new Request('http://localhost/', { method: 'POST', body: '{"name": "Ada"}' });
  assert.deepEqual(await handle(request, context), { message: 'Hello, Ada!' });
});

test('greets whom the query names', async () => {
  assert.deepEqual(await handle(new Request('http://localhost/?name=Grace'), context), { message: 'Hello, Grace!' });
});

test('greets the world otherwise', async () => {
  assert.deepEqual(await handle(new Request('http://localhost/'), context), { message: 'Hello, world!' });
});
