/** The client's bounds: default, unit in the name, reason. */
export const clientLimits = {
  /** Ceiling of the first pause before a new attempt, doubled each time. Full jitter: a fleet must not come back in step. */
  reconnectPauseMs: 250,
  reconnectPauseMsMax: 10_000,
  /** A connection that held this long was a good one: the next pause is short again. A server that drops everybody at once stays slow. */
  stableAfterMs: 1_000,
  /** From opening the socket to the answer to `initialize`. */
  handshakeTimeoutMs: 15_000,
  /** Silence after which a `ping` goes out. The platform answers it without waking the object. */
  pingAfterMs: 10_000,
  /** From there to giving the socket up: with the silence before it, a dead one is found within 20 s, also by a busy machine. */
  pongTimeoutMs: 9_000,
  /** The same when a person has just come back, and looks: a network that lives answers within it even over a satellite. */
  probeTimeoutMs: 3_000,
  /** UTF-16 units read after which the server is told, so that it knows a slow reader from one that does not read; its `limits.acknowledgeCharacters`. */
  acknowledgeCharacters: 256 * 1024,
  /** Requests that wait for an answer or for a connection. Above it somebody asks without listening. */
  pendingRequestsMax: 1_024,
  /** Attempts of one request that the server refuses as overloaded: it did nothing, so asking again is safe. */
  overloadedAttemptsMax: 6,
  /** A cache that does not answer is none: the network is asked instead. Reading 10,000 items takes a third of it on a phone. */
  cacheReadMsMax: 2_000,
  /** From a turn's end to writing its thread: the frames that follow it come along. */
  cacheRestMs: 500,
  /** How often a thread at work is written: what a reload reads anew is at most this much. */
  cacheWriteMs: 5_000,
  /** Messages that wait to be sent, in all threads. Above it nobody reads what they write. */
  unsentMessagesMax: 500,
} as const;
