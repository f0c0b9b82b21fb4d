// The debugger of `fn dev --debug`: Node's own inspector.
import inspector from 'node:inspector';

// Listens on $HEARTH_DEBUGGER_PORT before any code of the function runs; whoever gets there may run what he likes.
// True where it does.
export function openWhereWanted() {
  const port = process.env.HEARTH_DEBUGGER_PORT;
  if (!port) return false;
  delete process.env.HEARTH_DEBUGGER_PORT;
  inspector.open(Number(port), '0.0.0.0');
  return true;
}
