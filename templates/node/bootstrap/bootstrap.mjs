// What a container of the node runtime runs: loads the handler, then serves its calls until SIGTERM.
import { main } from './hearth/main.mjs';

main(); // not awaited: the end of a module is one more thing to do, which a cell has behind it when it is handed over
