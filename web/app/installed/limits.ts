/** The bounds of an installed page: default, unit in the name, reason. */
export const installedLimits = {
  /** How long a worker may take to say its version. One that does not answer is left alone. */
  versionAnswerMsMax: 2_000,
  /** Between two looks for a new version by somebody who comes back to the page again and again; it may stay open for weeks. */
  updateLookPauseMs: 60_000,
  /** A new worker that is asked takes over within it, or the page is loaded anew without. */
  takeOverMsMax: 4_000,
  /** Between two notes of when the server was heard last: what an offline page says is older by this much at most. */
  heardNotePauseMs: 30_000,
  /** Characters of a device's name in the list of devices. */
  deviceCharactersMax: 60,
  /** How long the connection may be away before the page says so. */
  offlineAfterMs: 1_500,
  /** How long signing out waits for the server to forget this device. */
  unsubscribeMsMax: 3_000,
} as const;
