/**
 * Every bound of the house: default, unit (in the name), reason. Crossing one is a named refusal or a closed socket that can resume,
 * never a crash and never silence.
 */
import { inputCharactersMax } from "#protocol/errors";

export const limits = {
  /** Bytes of one incoming WebSocket message. The real server answers 8 MiB and dies at 16 MiB. */
  incomingMessageBytesMax: 8 * 1024 * 1024,
  /** Characters of one user input; the real server's own number and error. */
  inputCharactersMax,
  /** Characters in one stored text cell. Four bytes a character at worst keeps a row under the platform's 2 MB. */
  textCellCharactersMax: 256 * 1024,
  /** Milliseconds between two appended batches of streamed text; below it nobody sees a difference, above it text stutters. */
  deltaIntervalMs: 30,
  /** Characters that one streamed batch may gather before it is appended regardless of the interval. */
  deltaCharactersMax: 16 * 1024,
  /** Frames and characters of one delivery from a thread to a connection: large enough to catch up fast, small enough for RPC. */
  deliveryFramesMax: 500,
  deliveryCharactersMax: 1_000_000,
  /** Model responses in one turn. A loop that needs more has lost its way. */
  turnStepsMax: 200,
  /** Tokens that the requests of one turn may count together. A turn that needs more has lost its way, expensively. */
  turnTokensMax: 20_000_000,
  /** Milliseconds that a turn may work; what it waits for people does not count. */
  turnActiveMsMax: 2 * 60 * 60_000,
  /** Turns of one account that may work at once. What a crowd of people needs, and far from what a runaway script would take. */
  turnsAtOnceMax: 64,
  /** A place among them is lost unless it is renewed, which the heartbeat does: three may fail. */
  turnSlotLeaseMs: 120_000,
  /** Pause before a turn looks for a place again; and how long it does so before it fails. */
  turnSlotPauseMs: 500,
  turnSlotWaitMsMax: 15 * 60_000,
  /** Failed attempts of one model request before the turn fails; the real client's default. */
  modelRetriesMax: 5,
  /** First pause before a retry, doubled each time, with jitter; and its ceiling. */
  retryPauseMs: 200,
  retryPauseMsMax: 10_000,
  /** Milliseconds a shell command may run. */
  commandTimeoutMs: 60_000,
  /** Characters of a command's output that the model sees, cut in the middle. */
  modelOutputCharactersMax: 32 * 1024,
  /** Characters of a command's output kept in its item. */
  itemOutputCharactersMax: 512 * 1024,
  /** UTF-8 bytes of the diff of a whole turn; a longer one is not sent, each of its parts was. */
  turnDiffBytesMax: 4_000_000,
  /** Tokens a model's window is taken to hold when nobody says. */
  contextTokensDefault: 200_000,
  /** Share of the window that may be used before the past is made shorter; the rest is for the answer and for tool output. */
  contextShareMax: 0.8,
  /** Share of the window that a shortened past may take, the running turn not counted. */
  compactedShareMax: 0.2,
  /** AGENTS.md files that are read for a turn. */
  guidesMax: 50,
  /** Characters of all AGENTS.md files together that go into the instructions. */
  guideCharactersMax: 32 * 1024,
  /** Tools that a client may bring to a thread; models choose badly among more. */
  clientToolsMax: 128,
  /** Characters of the diff that a review is asked about, cut in the middle: a quarter of a usual window. */
  reviewDiffCharactersMax: 256 * 1024,
  /** Shell commands of a person that wait in one turn. */
  userCommandsMax: 16,
  /** Messages that wait in one thread's queue; the real server's number. */
  queuedSubmissionsMax: 100,
  /** A running turn is looked at this often, so that a lost object comes back by itself. */
  heartbeatMs: 30_000,
  /** Rows of streamed text stay this long after their turn, for clients on their way back; then the completed item says it all. */
  deltaRetentionMs: 10 * 60_000,
  /** Pause between two attempts to reach the Directory, doubled up to the ceiling. */
  outboxPauseMs: 500,
  outboxPauseMsMax: 60_000,
  /** Pause between two attempts to reach a connection that is still attached, doubled up to the ceiling. */
  deliveryPauseMs: 500,
  deliveryPauseMsMax: 60_000,
  /** Sockets and connections attached to one thread. */
  subscribersMax: 1_000,
  /** Threads attached to one socket, and UTF-8 bytes of all that a socket has to remember: its attachment may hold 16 KiB. */
  threadsPerSocketMax: 128,
  sessionStateBytesMax: 15_500,
  /** Requests of one socket that wait for their answer; the next one is told to come back later. */
  requestsInFlightMax: 256,
  /** Notification methods one client may opt out of. */
  optOutMethodsMax: 32,
  /** Entries of one page of a list. */
  pageEntriesMax: 500,
  /** A deleted thread leaves its storage after this long, so that its clients hear of it first. */
  deletedRetentionMs: 5_000,
  /** An ephemeral thread is forgotten this long after its last client left; the real server's number. */
  ephemeralRetentionMs: 60_000,
} as const;

/** What a workspace may hold. */
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

/** What the memory may hold, and what of it a turn is given. */
export const memoryLimits = {
  /** Characters of a fragment's title, of when it applies, and of what it says: short enough to be read, and to be wrong cheaply. */
  titleCharactersMax: 80,
  whenCharactersMax: 160,
  contentCharactersMax: 600,
  /** Keys of one fragment, and characters of one key. */
  keysMax: 12,
  keyCharactersMax: 60,
  /** Turns that a fragment names as its source; the oldest stay, because they are what it was made of. */
  provenanceMax: 16,
  /** Task clusters in one fragment's statistics; the rest is counted together. */
  clustersMax: 32,
  /** Fragments of one scope that are not tombstones; also what one shard holds, so that it stays far below KV's 25 MiB. */
  fragmentsPerScopeMax: 200,
  /** Fragments that one turn may leave behind. */
  fragmentsPerTurnMax: 3,
  /** Operations of one run of the optimizer. */
  operationsPerRunMax: 50,
  /** Share of a scope that one run may change or delete: a bad run spoils a fifth at worst. */
  changedShareMax: 0.2,
  /** A run can be undone, and a tombstone or an unused fragment stays, this long. */
  retentionMs: 30 * 24 * 60 * 60_000,
  /** Best matches that are weighed for a turn; fragments and tokens that it is given. */
  candidatesMax: 12,
  fragmentsShownMax: 2,
  tokensShownMax: 600,
  /** Characters and different terms of a question to the memory: what is longer says the same again, and costs time on the hot path. */
  queryCharactersMax: 4_000,
  queryTermsMax: 32,
  /** Scopes in one manifest. 2,000 rows of about 200 bytes: read in a few milliseconds. */
  scopesMax: 2_000,
  /** Old generations of shards that are kept, and how long at least after they were replaced: readers may still hold their manifest. */
  generationsKept: 3,
  generationRetentionMs: 10 * 60_000,
  /** Meta-prompts that are kept side by side, each best at something. */
  paretoMax: 4,
} as const;
