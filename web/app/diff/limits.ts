/** The bounds of what a diff shows at once: default, unit in the name, reason. Everything beyond stands behind a button that says how much it is. */
export const diffLimits = {
  /** Files of one diff. */
  filesShown: 100,
  /** Changed lines of one file, and of all before it, beyond which it is folded at first: nobody reads more in one go. */
  fileLinesOpen: 400,
  allLinesOpen: 1_200,
  /** Lines of one hunk that are drawn at once: a second of a phone's work at most. */
  hunkLinesShown: 500,
  /** Lines of a patch that the talk shows at a glance; the review has all of them. */
  glanceLinesMax: 500,
  /** Characters of a line: a bundle is one line of megabytes. */
  lineCharactersShown: 1_000,
  /** And of each step of "show more". */
  lineCharactersStep: 100_000,
  /** Characters of a line whose words are compared: the cost grows with the square of what differs. */
  markedCharactersMax: 1_000,
  /** Words that may differ between two lines before they count as two other lines. */
  markedEditsMax: 120,
  /** Folded lines that are shown at once. */
  contextLinesStep: 20,
  /** Bytes of a file that is fetched for them. */
  contextBytesMax: 2_000_000,
  /** Below this width (px) two columns of text cannot be read. */
  splitWidthMin: 640,
  /** Characters of a line that a comment quotes. */
  quotedCharactersMax: 300,
  /** Signs of one text that cannot be seen and get a mark of their own each; of more, all are spelled as plain text. */
  invisibleSignsMax: 500,
  /** Lines that a comment may be moved to by keyboard. */
  commentLinesMax: 500,
  /** Turns of the history, newest first. */
  turnsShown: 30,
  /** How long a "no" waits for the words that belong to it to be in the log. */
  reasonWaitMs: 3_000,
} as const;
