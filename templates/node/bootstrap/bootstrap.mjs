// What a container of the node runtime runs: loads the handler, then serves its calls until SIGTERM.
import { main } from './hearth/main.mjs';

await main();
