// What the node runtime gives a handler beside the request; for the editor and for `npm run check`.
export interface Context {
  readonly callId: string;
  readonly function: string;
  readonly namespace: string;
  readonly revision: number;
  /** As Date.now() counts. */
  readonly deadline: number;
  readonly traceparent: string;
  /** Of the path where an HTTP trigger matched: decoded, by the names that fn.yaml has. */
  readonly params: Readonly<Record<string, string>>;
  /** Aborted when the caller leaves. */
  readonly signal: AbortSignal;
  readonly log: Pick<Console, 'debug' | 'info' | 'warn' | 'error'>;
  remainingMs(): number;
}
