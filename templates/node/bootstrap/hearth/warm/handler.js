// What a cell calls before it is a function.
import common from './common.cjs';

export default async (request, context) => {
  const { pathname, searchParams } = new URL(request.url);
  const body = request.method === 'POST' ? await request.json() : undefined;
  const sent = request.headers.get('content-type');
  if (pathname === '/response') return Response.json({ sent }, { headers: { 'x-left': String(context.remainingMs()) } });
  return common({ pathname, body, query: Object.fromEntries(searchParams) });
};
