/** The client's bounds: default, unit in the name, reason. */
export const clientLimits = {
  /** Ceiling of the first pause before a new attempt, doubled each time. Full jitter: a fleet must not come back in step. */
  reconnectPauseMs: 250,
  reconnectPauseMsMax: 10_000,
  /** A connection that held this long was a good one: the next pause is short again. A server that drops everybody at once stays slow. */
  stableAfterMs: 1_000,
  /** From opening the socket to the answer to `initialize`. */
  handshakeTimeoutMs: 15_000,
  /** How often a `ping` goes out. The platform answers it without waking the object. */
  pingIntervalMs: 10_000,
  /** Silence after which the socket is taken for dead, once the server has shown that it answers pings. */
  silenceMsMax: 20_000,
  /** Requests that wait for an answer or for a connection. Above it somebody asks without listening. */
  pendingRequestsMax: 1_024,
  /** Attempts of one request that the server refuses as overloaded: it did nothing, so asking again is safe. */
  overloadedAttemptsMax: 6,
} as const;
