/** The page's bounds: unit in the name, reason. */
export const appLimits = {
  /** Revisions of one decision that are read; a turn has a handful, and each is a request. The newest are kept. */
  decisionRevisionsMax: 40,
  /** Fragments of one page of the memory: what one screen and a little scrolling shows. */
  memoryPageEntries: 20,
  /** Entries of one page of an export; the most that the server gives. */
  memoryExportPageEntries: 100,
  /** Pages of an export before it is taken for endless: twenty thousand fragments, far above what an account may hold. */
  memoryExportPagesMax: 200,
  /** Characters of a fragment's words, as the server bounds them: said while one types, and not after it was sent. */
  fragmentTitleCharactersMax: 80,
  fragmentWhenCharactersMax: 160,
  fragmentContentCharactersMax: 600,
  /** Pause after the last key before the memory is searched. */
  memorySearchPauseMs: 250,
} as const;
