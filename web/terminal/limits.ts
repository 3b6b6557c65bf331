/** What the commands of this folder take along, and how much of it at once. */
export const terminalLimits = {
  /** A workspace for code, not for data: what is larger is left out and named. */
  filesMax: 5_000,
  fileBytesMax: 1024 * 1024,
  folderBytesMax: 64 * 1024 * 1024,
  /** Requests at once. The server holds each in memory; more of them are not faster. */
  uploadsInFlightMax: 32,
  uploadBytesInFlightMax: 8 * 1024 * 1024,
  /** Lines of a command's output that are shown: the beginning and the end say most. */
  outputLinesFirst: 12,
  outputLinesLast: 6,
  /** Lines of a diff that are shown before it is asked for. */
  patchLinesMax: 400,
  /** Characters of one page of an import, and of one line: a socket's message holds 8 MiB, and quotes within a line take room twice. */
  importPageCharacters: 1_000_000,
  importLineCharactersMax: 6 * 1024 * 1024,
} as const;
