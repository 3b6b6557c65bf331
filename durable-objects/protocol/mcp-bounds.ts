/** What a configured MCP server may say of itself. */
export const mcpServerBounds = {
  /** Servers of one account: each is asked for its tools before a turn may begin. */
  serversMax: 8,
  urlCharactersMax: 2_048,
  headerCharactersMax: 4_096,
  /** Characters of a tool's name. */
  nameCharactersMax: 128,
  /** Tools of all servers that a model is offered; it chooses badly among more. */
  toolsMax: 64,
  /** Milliseconds that a server may take to say what it has: a turn waits for it, and goes on without. */
  startupTimeoutMs: 10_000,
  /** The most milliseconds that the account may give a call. */
  toolTimeoutMsMax: 600_000,
} as const;
