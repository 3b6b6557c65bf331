/** The bounds of the ACP door: default, unit in the name, reason. */
export const acpLimits = {
  /** Sessions that one connection follows; each is a folded thread in the Worker's memory. An editor shows a handful. */
  sessionsMax: 32,
  /** Requests of one connection that wait for their answer: prompts wait for as long as their turns. */
  requestsAtOnceMax: 128,
  /** UTF-16 units sent since the client last said something, or acknowledged: the door's own copy of `limits.unreadSilentCharactersMax`, because a Worker has 128 MB. */
  unreadCharactersMax: 24 * 1024 * 1024,
  /** Keys of prompts that one session of a connection remembers, so that it does not hear its own words: more than a person says in a day. */
  ownPromptsMax: 1_024,
  /** Sessions on one page of `session/list`. */
  listPageSessions: 50,
  /** Characters of a command's output that an update carries while it runs: each replaces the one before. The whole comes when it has ended. */
  liveOutputCharactersMax: 4_096,
  /** Characters of a title of a tool call: one line of a card. */
  titleCharactersMax: 200,
} as const;
