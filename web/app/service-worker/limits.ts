/** The service worker's bounds: default, unit in the name, reason. */
export const workerLimits = {
  /** How long a page waits for the server before the kept one is shown: above it a person takes the network for gone. */
  pageWaitMsMax: 3_000,
  /** Versions of the page that are kept besides the newest: tabs opened before an update still load their parts from them. */
  earlierShellsMax: 2,
  /** How long an open page may take to say what it shows. A frozen one never answers, and nobody looks at it. */
  windowAnswerMsMax: 500,
  /** Open pages that are asked. */
  windowsMax: 20,
  /** Characters of a notification's title and text: what phones show, and some more. */
  titleCharactersMax: 120,
  bodyCharactersMax: 400,
  /** Characters of an address within the page: two ids and two words, where each character of an id may be nine of the address. */
  placeCharactersMax: 1_500,
  /** How long telling the server of a new subscription may take: browsers end a worker that works for minutes. */
  resubscribeMsMax: 20_000,
} as const;
