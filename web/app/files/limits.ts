/** The bounds of the workspace browser: default, unit in the name, reason. */
export const filesLimits = {
  /** Bytes of one file that is sent up. A message holds 8 MiB, and base64 makes four bytes of three. */
  uploadFileBytesMax: 5 * 1024 * 1024,
  /** Files of one upload: what `npm run agent` takes along. More is a repository, and comes by git. */
  uploadFilesMax: 5_000,
  /** Bytes of one upload: a page holds the list, and reads each file when its turn comes. */
  uploadBytesMax: 64 * 1024 * 1024,
  /** Requests at once. More of them are not faster. */
  requestsInFlightMax: 8,
  /** Bytes of a file that are shown as text. What is behind them is downloaded. */
  shownBytesMax: 512 * 1024,
  /** Lines that are drawn; each is an element. */
  shownLinesMax: 5_000,
  /** Characters of one line: a longer one is data that nobody reads, and slows every browser. */
  shownLineCharactersMax: 2_000,
  /** Bytes of a file that is no text, in hexadecimal: enough to see what it is. */
  shownHexBytesMax: 512,
  /** Bytes of an image that is shown. */
  shownImageBytesMax: 8 * 1024 * 1024,
  /** Entries of one folder that are drawn; the search finds the others. */
  shownEntriesMax: 2_000,
  /** Bytes of all files of one archive: it is made in the page's memory. */
  archiveBytesMax: 256 * 1024 * 1024,
  /** Files of one archive: the format counts to 65,535. */
  archiveFilesMax: 50_000,
  /** From the last letter to the search. */
  searchPauseMs: 150,
} as const;
