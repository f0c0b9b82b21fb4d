// What the image starts: loads the handler, listens, serves, and on SIGTERM finishes what runs.
import { start } from './hearth/main.mjs';

await start();
