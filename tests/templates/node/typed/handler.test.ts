import handle from './dist/handler.js'; // a test's import of what only a check on the author's machine makes

handle(new Request('http://localhost'));
