/** The bridge's bounds: default, unit in the name, reason. */
export const bridgeLimits = {
  /** One message of the parent. The real server ends a connection at 16 MiB; here the line is dropped and the parent lives. */
  lineBytesMax: 16 * 1024 * 1024,
  /** Requests of the parent that wait for an answer or for a connection, and answers of it that are not confirmed. */
  pendingMax: 1_024,
  /** Text of those requests together: a parent that goes on asking while the server is away must not fill the memory. */
  pendingCharactersMax: 64 * 1024 * 1024,
  /** What the parent has not read. Above it the socket is given up: the log keeps what comes, and it is taken up when the parent reads. */
  unreadBytesMax: 32 * 1024 * 1024,
  /** Messages, prompts and permissions of one editor that are remembered by their ids: far more than a cut can leave unsettled. */
  rememberedMax: 1_024,
  /** How long answers that are on their way are waited for when the parent has closed our input. */
  endMsMax: 5_000,
  /** How long the question may take why a socket did not open. */
  refusalTimeoutMs: 5_000,
} as const;
