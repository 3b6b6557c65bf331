/** The bounds of what a browser keeps: default, unit in the name, reason. */
export const storageLimits = {
  /** Threads that open without a network. Who has more open than this does not remember them either. */
  cachedThreadsMax: 50,
  /** Characters of all of them as JSON: far below what browsers grant a site, and tidied before they would. */
  cachedCharactersMax: 60_000_000,
  /** Characters of one: a thread above it takes longer to read from the disk than from the network. */
  cachedThreadCharactersMax: 20_000_000,
  /** Turns and items that are written together: one more item costs at most as many as this. */
  chunkEntries: 256,
  /** Chunks that are made in one go: the page answers a finger between two. */
  chunksAtOnce: 4,
  /** Threads of which it is remembered what was written; any other is written whole. */
  rememberedThreadsMax: 4,
  /** Threads of the list that a page without a network begins with, and characters of each one's first words. */
  listedThreadsMax: 200,
  listedPreviewCharactersMax: 300,
  /** Characters of a thread's title that are shown: the list has dozens of them. */
  titleCharactersMax: 300,
  /** Texts that were begun and not sent. */
  draftsMax: 50,
  /** Another page may be frozen with the lock in its hand; what is sent carries a key, so that nobody has to wait for it. */
  lockWaitMsMax: 5_000,
  /** Attempts to learn whose session this is, and the pause between them. */
  sessionAttemptsMax: 5,
  sessionPauseMs: 2_000,
} as const;
