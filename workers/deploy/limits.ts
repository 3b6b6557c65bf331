/** The bounds of a deployment: default, unit in the name, reason. */
export const deployLimits = {
  /** Of the Worker, compressed. Half of it is in use; the platform takes 10 MB, and a start-up of a second, which comes first. */
  bundleBytesMax: 2 * 1024 * 1024,
  /** The share of the first people and objects. */
  firstSharePercent: 10,
  /** Threads that are tried at that share: each is on the new version by chance, so that of these one is in nine of ten times. */
  acceptanceRunsAtFirst: 22,
  /** One command. Twenty-two threads with a real model are minutes. */
  commandMsMax: 45 * 60_000,
} as const;
