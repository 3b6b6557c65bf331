/** What a workspace may hold. Crossing a bound is a named refusal, never a crash. */
export const workspaceLimits = {
  /** Bytes of one file. 16 MiB: a file is read into memory whole, and an isolate has 128 MB for everything. */
  fileBytesMax: 16 * 1024 * 1024,
  /** Bytes of all files together. 512 MiB: a large repository without its history; an object may store 10 GB. */
  workspaceBytesMax: 512 * 1024 * 1024,
  /** Files in one workspace. 50,000: the shell holds one small entry for each in memory, about 10 MB. */
  filesMax: 50_000,
  /** UTF-8 bytes of one path. 1,024: far above what repositories have, far below what makes rows and frames grow. */
  pathBytesMax: 1_024,
  /** Bytes of one row of a blob. 1,000,000: the platform refuses rows above 2 MB, though it accepts them locally. */
  blobPartBytesMax: 1_000_000,
  /** UTF-8 bytes of a proposal's diffs together. 900,000: the frame that carries them is one row of the log. */
  proposalBytesMax: 900_000,
  /** Bytes that a shell command may hold in changed files. 48 MiB: they live in the isolate's memory until it ends. */
  overlayBytesMax: 48 * 1024 * 1024,
  /** Files, directories and links a shell command may add. 50,000: as many as a workspace holds, all of them in memory. */
  overlayEntriesMax: 50_000,
};

export type WorkspaceLimits = typeof workspaceLimits;
