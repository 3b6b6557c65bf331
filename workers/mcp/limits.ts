/** What this door bounds beside the protocol's own limits. */
export const mcpLimits = {
  /** Bytes of one request: a message of 1,048,576 characters, each of which JSON may write as six. */
  bodyBytesMax: 8 * 1024 * 1024,
  /** Threads, turns or approvals of one page: what a model still reads. */
  threadsPageMax: 50,
  turnsPageMax: 20,
  /** Threads of one look into the list, and after how many that wait `approvals_list` answers: each is a call to an object. */
  approvalThreadsMax: 20,
  /** So often it looks, before it answers with a cursor. */
  approvalPagesMax: 10,
  /** Characters of one item in `thread_read`, and of all items of one answer: some 25,000 tokens. */
  itemCharactersMax: 8_000,
  answerCharactersMax: 100_000,
  /** Characters of one diff, and of all diffs of one `approvals_list`. What is longer says that it is not whole. */
  diffCharactersMax: 60_000,
  diffsCharactersMax: 120_000,
  /** Seconds that `turn_start` waits when it is asked to: SDK clients give up after 60. */
  waitSecondsMax: 50,
  /** Characters of a request key, as many as a UUID with a prefix has. */
  requestKeyCharactersMax: 128,
} as const;
