/** The bounds of what the talk draws: default, unit in the name, reason. */
export const talkLimits = {
  /** Characters of one block of Markdown that are parsed; a longer one is shown as it was written. Hostile signs cost quadratic time. */
  parsedCharactersMax: 12_000,
  /**
   * Within a block: signs that may begin or end an emphasis, signs of all other notation, signs in a row that could be an address, marks of
   * quotes and lists in a row, and how deep it nests. The parser's time grows with the square of each, the page's stack with the last.
   */
  parsedEmphasesMax: 500,
  parsedMarksMax: 1_000,
  parsedWordCharactersMax: 1_000,
  parsedContainersMax: 40,
  parsedDepthMax: 60,
  /** Characters of one message that are parsed; what follows is shown as it was written. All of it is drawn in one go. */
  parsedMessageCharactersMax: 100_000,
  /** Characters of a command, or of its output while that is folded. */
  shortCharactersMax: 4_000,
  /** Characters of one text that are shown unasked: a browser lays out a line of 5 MB for seconds. */
  shownCharactersMax: 40_000,
  /** Characters that are shown on demand; beyond it there is the export of the thread. */
  expandedCharactersMax: 1_000_000,
  /** Lines of a command's output before and behind what is folded. */
  outputLinesBefore: 4,
  outputLinesBehind: 8,
  /** Lines of output that are shown whole: not many more than the folded form takes. */
  unfoldedLinesMax: 16,
  /** Characters of a finished message that a screen reader is told unasked; the rest is there to be read. */
  announcedCharactersMax: 400,
  /** Files and changed lines of a change that waits whose diff is shown unasked: what fits above the field. */
  askedFilesShown: 4,
  askedLinesShown: 60,
  /** Pixels from the end within which one reads the end. */
  endPx: 48,
  /** Frames of the screen within which the rows around one that is aimed at are measured. */
  aimFrames: 12,
  /** How long the row that a link led to is marked. */
  markedMs: 4_000,
  /** From the talk on: the code of the review, once what one came for is there. */
  reviewLoadedAfterMs: 1_000,
  /** Rows that are drawn beyond what can be seen, on either side. */
  overscanRows: 6,
  /** Pixels that they are high together, but for the first: two screens of a phone. */
  overscanPx: 1_600,
  /** Files that are named before a revert; the rest is counted. */
  namedFilesMax: 8,
} as const;
