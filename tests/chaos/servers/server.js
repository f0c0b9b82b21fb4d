const http = require('node:http');

http.createServer((request, response) => {
  if (request.url === '/echo') return void request.pipe(response);
  if (request.url === '/slow') return void setTimeout(() => response.end('slow\n'), 3000);
  response.end('hello\n');
}).listen(process.env.PORT);
