export default async function handle(request, context) {
  const url = new URL(request.url);
  const given = request.method === 'POST' ? await request.json() : Object.fromEntries(url.searchParams);
  context.log.info('greeting', given.name);
  return { message: `Hello, ${given.name ?? 'world'}!` };
}
