import type { Context } from './hearth.js';

interface Given {
  name?: string;
}

export default async function handle(request: Request, context: Context): Promise<object> {
  const url = new URL(request.url);
  const given: Given =
    request.method === 'POST' ? await request.json() : Object.fromEntries(url.searchParams);
  context.log.info('greeting', given.name);
  return { message: `Hello, ${given.name ?? 'world'}!` };
}
