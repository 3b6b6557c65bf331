/**
 * Every bound of the house: default, unit (in the name), reason. Crossing one is a named refusal or a closed socket that can resume,
 * never a crash and never silence.
 */
import { hunksChosenMax } from "#protocol/approval-bounds";
import { declarationBounds, questionBounds } from "#protocol/declaration-bounds";
import { inputCharactersMax } from "#protocol/errors";
import { mcpServerBounds } from "#protocol/mcp-bounds";

export const limits = {
  /** Bytes of one incoming WebSocket message. The real server answers 8 MiB and dies at 16 MiB. */
  incomingMessageBytesMax: 8 * 1024 * 1024,
  /** Characters of one user input; the real server's own number and error. */
  inputCharactersMax,
  /** Characters in one stored text cell. Four bytes a character at worst keeps a row under the platform's 2 MB. */
  textCellCharactersMax: 256 * 1024,
  /**
   * UTF-16 units on one socket that a client which acknowledges has not acknowledged: the largest answer, a file of `fileBytesMax` in base64, and
   * what is said meanwhile. The socket is closed, and the client resumes. An isolate has 128 MB for all its objects.
   */
  unreadCharactersMax: 24 * 1024 * 1024,
  /** From here on frames of threads wait for the client; a thread that somebody comes back to is not sent faster than it is read. */
  unreadHeldCharacters: 1024 * 1024,
  /** Milliseconds that they wait for one acknowledgement; a line that does not carry that much in this time carries no stream. */
  acknowledgeMsMax: 30_000,
  /** The same since the last word of a client that does not acknowledge, as Codex's: also most of an hour of a model that talks without a pause. */
  unreadSilentCharactersMax: 24 * 1024 * 1024,
  /** A client acknowledges when it has read so many more; `clientLimits` has the same number. */
  acknowledgeCharacters: 256 * 1024,
  /** Milliseconds between two appended batches of streamed text; below it nobody sees a difference, above it text stutters. */
  deltaIntervalMs: 30,
  /** The same for what a command says: many lines at once are read no better than a few times a second, and each batch is a row. */
  outputDeltaIntervalMs: 100,
  /** Characters that one streamed batch may gather before it is appended regardless of the interval. */
  deltaCharactersMax: 16 * 1024,
  /** Characters, files or bytes of one page of a thread that is being forked: an RPC message holds 32 MiB. */
  forkPageCharactersMax: 1_000_000,
  forkPageFilesMax: 5_000,
  forkPageBytesMax: 4_000_000,
  /** A fork, or an import since its last page, that is not done after this long has died on the way, and what it had is thrown away. */
  forkDurationMsMax: 15 * 60_000,
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
  /** Hunks that one approval may name. */
  hunksChosenMax,
  /** Hunks that were left out of an approval and that the model is told by place; of more it is told how many. */
  leftOutHunksToldMax: 50,
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
  /** Bytes of those that a repository's base branch is asked for: what fills the bound above in any script, and one that is too long to its end. */
  guideBytesMax: 256 * 1024,
  /** Tools that a client may bring to a thread; models choose badly among more. */
  clientToolsMax: 128,
  /** Characters of the diff that a review is asked about, cut in the middle: a quarter of a usual window. */
  reviewDiffCharactersMax: 256 * 1024,
  /** Shell commands of a person that wait in one turn. */
  userCommandsMax: 16,
  /** Characters of a goal's objective; the real server's number. It is part of every request to the model. */
  goalObjectiveCharactersMax: 4_000,
  /** Commands of `command/exec` that run in one workspace at once; each holds an overlay in the isolate's memory. */
  commandExecutionsMax: 4,
  /** UTF-8 bytes of each stream of a `command/exec` unless it asks for another number, the real server's; and the most there is. */
  commandStreamBytesDefault: 1024 * 1024,
  commandStreamBytesMax: 16 * 1024 * 1024,
  /** Bytes of one `command/exec/outputDelta`, the real server's number. */
  commandDeltaBytesMax: 64 * 1024,
  /** Bytes of input that one `command/exec` may be given; they wait in memory until the input is closed. */
  commandInputBytesMax: 4 * 1024 * 1024,
  /** Files that a search finds at most; the real server's number. */
  foundFilesMax: 50,
  /** Characters of a search's query: each is compared with each of every path. */
  searchQueryCharactersMax: 256,
  /** Searches that one socket keeps while somebody types, and roots of each. They are in its attachment. */
  searchSessionsMax: 8,
  searchRootsMax: 16,
  /** Watches that one socket has (they are in its attachment), and all on one workspace: each is looked at with every change. */
  watchesPerSocketMax: 32,
  watchesMax: 256,
  /** Characters of a client's name for a watch. */
  watchIdCharactersMax: 128,
  /** Paths that one `fs/changed` tells of; the rest comes with the next. */
  changedPathsMax: 1_000,
  /** UTF-8 bytes of an account's configuration, as JSON: every `config/read` carries it. */
  configBytesMax: 64 * 1024,
  /** Edits of one `config/batchWrite`, and keys of one path. */
  configEditsMax: 256,
  configDepthMax: 16,
  /** Ids of one `app/read`; the real server's number. */
  appIdsMax: 100,
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
  /** Characters of one message that can be found; the index takes about four times the room. */
  saidCharactersMax: 16 * 1024,
  /** Messages and other items that a thread tells of at once. */
  saidItemsPerNewsMax: 200,
  /** Characters of a term that is searched for. */
  searchTermCharactersMax: 1_000,
  /** Characters before and after a place that was found. */
  snippetCharactersAround: 60,
  /** Sections of one account, characters of a section's name, UTF-8 bytes of its icon and of its colour. People make them by hand. */
  sectionsMax: 500,
  sectionNameCharactersMax: 200,
  sectionAppearanceBytesMax: 1_024,
  /** Threads of one section: a move may give each of them another number. */
  sectionThreadsMax: 2_000,
  /** Connections of one account that hear what happens in its threads. */
  connectionsPerAccountMax: 1_000,
  /** Announcements that are kept for connections that have not heard them; one that falls further behind is closed, and begins anew with a list. */
  announcementsPerConnectionMax: 1_000,
  /** Pause after announcements for each connection that hears them, up to the ceiling: what comes meanwhile travels together. */
  announcementIntervalMs: 2,
  announcementIntervalMsMax: 100,
  /** Announcements of one delivery. */
  announcementsPerDeliveryMax: 100,
  /** Announcements that a thread tells at once; of a longer past only the newest matter to anybody. */
  announcementsPerNewsMax: 200,
  /** Threads that a connection left last: announcements of what it heard there may still be under way. */
  leftThreadsMax: 4,
  /** Sockets and connections attached to one thread. */
  subscribersMax: 1_000,
  /** Threads attached to one socket, and UTF-8 bytes of all that a socket has to remember: its attachment may hold 16 KiB. */
  threadsPerSocketMax: 128,
  sessionStateBytesMax: 15_500,
  /** Requests of one socket that wait for their answer; the next one is told to come back later. */
  requestsInFlightMax: 256,
  /** Items that are read by their ids at once; the real server's number. */
  itemsReadMax: 100,
  /** Notification methods one client may opt out of: more than there are, and in the socket's attachment. */
  optOutMethodsMax: 128,
  /** Entries of one page of a list. */
  pageEntriesMax: 500,
  /** A deleted thread leaves its storage after this long, so that its clients hear of it first. */
  deletedRetentionMs: 5_000,
  /** What a model may declare before a step, the warnings it may cost, and ceilings of the costs it may claim. */
  declaration: declarationBounds,
  question: questionBounds,
  declarationWarningsMax: 16,
  /** Characters of a declaration's arguments: some ten times what its bounds leave of it. */
  declarationCharactersMax: 256 * 1024,
  declaredTokensMax: 10_000_000,
  declaredSecondsMax: 24 * 60 * 60,
  /** In units of gain, where 1 is the turn's goal: ten goals are more than anything may cost. */
  declaredPriceMax: 10,
  /** Answers of people to approvals that are kept with a decision: more than a turn has, and each counts for one action. */
  verdictsMax: 64,
  /** Characters of what a model said that its assumptions are read from, cut in the middle; below the least nothing is argued. */
  extractionTraceCharactersMax: 12_000,
  extractionTraceCharactersMin: 40,
  /** Characters of the step that is about to be done, told with it. */
  extractionStepCharactersMax: 2_000,
  /** Tokens that reading them may put out, what the model thinks meanwhile included; a declaration takes about a thousand. */
  extractionTokensMax: 8_000,
  /** And how long it may take: nobody waits for it, but it keeps the object awake. */
  extractionMsMax: 20_000,
  /** Characters of one page of an export. A single entry may be longer: an item holds up to half a million. */
  exportPageCharactersMax: 1_000_000,
  /** Characters of a copy of a thread that is imported: one transaction reads it, within the seconds that an object may compute. */
  importCharactersMax: 128 * 1024 * 1024,
  /** Characters of one label of a drawn decision tree. */
  drawnLabelCharactersMax: 120,
  /** Keys of the last annotations of a tree: a client retries its last one. */
  annotationKeysMax: 64,
  /** Assumptions on one path of the decision tree. PCE's default; deeper, nobody reads it. */
  decisionTreeDepthMax: 3,
  /** Observations of one assumption. After so many it is not the evidence that is missing. */
  evidencePerAssumptionMax: 32,
  /** Look-ups and questions of one turn; in a thread that talks with its person one question more. */
  decisionProbesMax: 6,
  decisionQuestionsMax: 1,
  decisionQuestionsInteractiveMax: 2,
  /** Resolved assumptions of a kind that are fitted at most, and how many new ones it takes to fit again. */
  calibrationSamplesMax: 2_000,
  calibrationRefitAfter: 30,
  /** An ephemeral thread is forgotten this long after its last client left; the real server's number. */
  ephemeralRetentionMs: 60_000,
} as const;

/** The flags of an account. */
export const flagLimits = {
  /** Milliseconds that a turn waits for them; then it has the defaults. */
  readMsMax: 250,
  /** Milliseconds that a thread holds what it read. With the platform's cache below a change is heard within a minute. */
  heldMsMax: 30_000,
  /** Seconds that the platform's cache may answer: the least that it takes. */
  cacheSeconds: 30,
} as const;

/** Who may come in, and how often. */
export const accessLimits = {
  /** UTF-8 bytes of a token's subject. Encoded it is at most three times as long, and is part of every object's name. */
  subjectBytesMax: 256,
  /** Characters of a credential; signed tokens with many claims have a few thousand. */
  credentialCharactersMax: 8 * 1024,
  /** Tokens that the operator made and that are remembered; all of them are listed at once. */
  tokensMax: 1_000,
  /** Characters of a token's label: one line of a list. */
  tokenLabelCharactersMax: 128,
  /** Days a token may live, when it is to expire at all. */
  tokenDaysMax: 3_650,
  /** A token's last use is written at most this often: a read must not become a write. */
  tokenUseIntervalMs: 10 * 60_000,
  /** A browser session lives this long, and no longer than what it was opened with. */
  sessionLifetimeMs: 7 * 24 * 60 * 60_000,
  /** Browser sessions of one account: more than a person has browsers. */
  sessionsPerAccountMax: 32,
  /** Sockets of one account that stand on one credential; the oldest gives way. */
  socketsPerCredentialMax: 1_000,
  /** Sockets that are closed at the same time, each with a call to its object; then the next ones. */
  socketsClosedAtOnceMax: 200,
  /** Pause before a socket that could not be closed is tried again: several tries fit into the promised minute. */
  closeRetryPauseMs: 5_000,
  /** The alarm looks again after a day at the latest, so that an end in a thousand years can be kept as it is. */
  alarmMsMax: 24 * 60 * 60_000,
  /** Attempts to sign in from one address within the window; who mistypes needs three. */
  signInsMax: 10,
  signInWindowMs: 60_000,
  /** Addresses that are counted at once; beyond that all new ones wait for the next window. */
  signInAddressesMax: 1_000,
  /** Bytes of a request to sign in or to make a token. */
  bodyBytesMax: 16 * 1024,
  /** Seconds that a signed token's clock may be off: the real server's default, and what may be configured at most. */
  clockSkewSecondsDefault: 30,
  clockSkewSecondsMax: 300,
  /** Bytes of a secret that signs or that operates: the real server's number. */
  secretBytesMin: 32,
  /** Milliseconds for which the keys of Cloudflare Access are kept, and that fetching them may take. */
  accessKeysMsMax: 10 * 60_000,
  accessKeysTimeoutMs: 5_000,
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

/** What is taken from GitHub, and what is asked of it. */
export const githubApiLimits = {
  /** Bytes of one webhook's body; GitHub sends none that is larger. */
  webhookBytesMax: 25 * 1024 * 1024,
  /** Characters of a text out of a webhook that are kept: GitHub's own bound for the body of a comment, an issue or a pull request. */
  webhookTextCharactersMax: 65_536,
  /** A delivery is remembered this long: GitHub sends one again for three days. */
  deliveryRetentionMs: 7 * 24 * 60 * 60_000,
  /** Deliveries that wait in one repository. A repository with more has a loop, not a team. */
  deliveriesWaitingMax: 1_000,
  /** Two clicks on one button are one when they are this near: they carry no time, and two hooks tell of one click within seconds. */
  clickWindowMs: 10 * 60_000,
  /** Effects that wait in one repository, and characters of one: it is one row. */
  effectsWaitingMax: 1_000,
  effectCharactersMax: 900_000,
  /**
   * What came of a delivery's effects is remembered this long: longer than the delivery itself, so that nothing happens twice by one that
   * comes again when it is forgotten.
   */
  effectRetentionMs: 30 * 24 * 60 * 60_000,
  /** Proposals of one repository, the undecided aside; of an older one nothing is known but what GitHub and its thread keep. */
  proposalsMax: 10_000,
  /** Characters of what a proposal changes, without the contents: with three bytes each still one row, and one effect. */
  proposalCharactersMax: 600_000,
  /** The newest diffs of a thread whose hashes and commits are known to be no secrets where they are shown. */
  proposalsSparedMax: 20,
  /** Rows that go at once, so that no request waits for a long sweep. */
  forgottenAtOnceMax: 1_000,
  /** Bytes of the files of one commit: they come in one call between two objects, which holds 32 MiB. */
  commitBytesMax: 24 * 1024 * 1024,
  /** Bytes of files in one GraphQL commit: as base64 in one JSON text; above it blob by blob. */
  graphqlCommitBytesMax: 8 * 1024 * 1024,
  /** Attempts of one effect or one delivery that failed for reasons that pass. With the pauses below about 20 minutes. */
  attemptsMax: 10,
  /** An effect that could not happen for a day is given up: nobody waits for it any more. An hour longer than an account waits for tokens. */
  effectLifetimeMs: 25 * 60 * 60_000,
  /** The longest pause before a turn is asked for again that the account has no room for: somebody may have made some. */
  roomPauseMsMax: 15 * 60_000,
  /** First pause before another attempt, doubled each time, with jitter; and its ceiling. */
  retryPauseMs: 1_000,
  retryPauseMsMax: 5 * 60_000,
  /** Pause after a refusal for too many requests that says no time: GitHub asks for at least a minute. And the longest that is believed. */
  rateLimitPauseMs: 60_000,
  rateLimitPauseMsMax: 60 * 60_000,
  /** GitHub ends a request after 10 s; a little more for the way there and back. */
  requestTimeoutMs: 15_000,
  /** Bytes of one answer: a blob of the largest file of a workspace as base64, and room around it. */
  answerBytesMax: 24 * 1024 * 1024,
  /** Pages of 100 that a list is followed for. */
  pagesMax: 10,
  /** What turns used is counted for a day, the longest that a budget is for. */
  useRetentionMs: 24 * 60 * 60_000,
  /** Two edits of one comment or check run are this far apart: GitHub allows about 80 writes a minute for all of an installation. */
  editIntervalMs: 5_000,
  /** A permission that only triggers something is believed this long; for an approval it is asked anew. */
  permissionCacheMs: 60_000,
  /** Files and bytes of a repository that a workspace lists: what it may hold, less some room for what is made in it. */
  listedFilesMax: 45_000,
  listedBytesMax: 448 * 1024 * 1024,
  /** Listed files of one step on the way into a workspace: one transaction, and one row of the log. */
  listedPageFilesMax: 2_000,
  /** Files and bytes of a repository that are copied into a workspace at once; the others are listed and read when they are wanted. */
  snapshotFilesMax: 2_000,
  snapshotBytesMax: 32 * 1024 * 1024,
  /** Bytes of one file that is copied at once. */
  snapshotFileBytesMax: 1024 * 1024,
  /** Bytes of blobs in one answer between two objects, and how many are asked for. */
  blobPageBytesMax: 8 * 1024 * 1024,
  blobPageFilesMax: 50,
  /** Files that one command reads of those that were not copied: a search through all of a repository must not use up what its turn may read. */
  readsPerCommandMax: 64,
  /** And files and bytes that one turn does. Each is a request, and GitHub allows an installation 5,000 an hour. */
  readsPerTurnMax: 1_000,
  readBytesPerTurnMax: 64 * 1024 * 1024,
  /** Commits that are looked through for one of ours after an answer was lost. */
  commitsSearchedMax: 30,
  /** How far back failed deliveries are looked for, how often one is asked for again, and the first pause between, doubled each time. */
  catchUpMs: 3 * 24 * 60 * 60_000,
  redeliveriesMax: 3,
  redeliveryPauseMs: 10 * 60_000,
} as const;

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
  /** Fragments of a thread's own turns that it keeps until they are published: those of four turns. */
  ownFragmentsMax: 12,
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
  /** Milliseconds that a turn waits for what the memory published; then it goes without. */
  readMsMax: 500,
  /** Seconds that the platform's cache may answer for the manifest: a fragment that was forgotten is shown no longer than that. */
  manifestCacheSeconds: 60,
  /** Paths of the workspace that tell what kind of task a turn is. */
  clusterPathsMax: 1_000,
  /** Commands and changed paths of a turn that the memory hears of, the newest; and characters of what a command said, cut in the middle. */
  reportedCommandsMax: 50,
  reportedChangesMax: 200,
  reportedOutputCharactersMax: 2_000,
  /** Characters of a repository's name. It is part of keys and of manifests; addresses are far shorter. */
  repositoryCharactersMax: 200,
  /** Turns of one report. */
  reportedTurnsMax: 20,
  /** The manifest is written at most once in this time: KV takes one write a second for a key, and readers are up to a minute behind anyway. */
  publishIntervalMs: 30_000,
  /** After a failure of KV or of another object it is tried again, doubling up to the second. */
  retryPauseMs: 1_000,
  retryPauseMsMax: 60_000,
  /** Turns that are remembered as heard. A report that comes again after its turn was forgotten would count again, so this is months. */
  turnsRememberedMax: 100_000,
  /** Turns whose resolved assumptions are kept, so that a later report can take them back; older ones stay counted for good. */
  resolvedTurnsMax: 5_000,
  /** The optimizer runs after so many outcomes, or so long after the first change that it has not seen; scopes that one run looks at. */
  optimizeAfterOutcomes: 50,
  optimizeAfterMs: 30 * 60_000,
  scopesPerRunMax: 20,
  /** Records of runs: their plans and before-images; the oldest leave. */
  runsMax: 1_000,
  /** Turns that wait for a model to learn from them, what of each is kept, and how many one run of the optimizer takes. */
  turnsPendingMax: 50,
  pendingCommandsMax: 20,
  pendingOutputCharactersMax: 1_000,
  turnsPerModelRunMax: 5,
  /** Milliseconds and characters that a model's plan may take. */
  planMsMax: 60_000,
  planCharactersMax: 20_000,
  /** Fragments that a model is shown beside a turn, so that it does not say again what is known. Empirical-MCTS: 10. */
  nearestMax: 10,
  /** Fragments of an account that it offers to all accounts at most. */
  offersPerAccountMax: 200,
  /** Messages to the memory of all accounts that go in one call. */
  messagesPerCallMax: 100,
  /** A memory that has other work to do sweeps itself when nobody did for so long: not every server has a cron. */
  sweepIntervalMs: 25 * 60 * 60_000,
  /** Accounts that are swept at the same time. */
  accountsSweptAtOnce: 10,
  /** Entries of one page of fragments or runs, and what is answered when nobody says. */
  pageEntriesMax: 100,
  pageEntriesUsual: 25,
  /** Comparisons of meta-prompts that are kept for rating them anew. */
  comparisonsMax: 2_000,
} as const;

/** What is read of people's texts on GitHub, and what is written there. */
export const githubTextLimits = {
  /** Characters of a comment or of the body of an issue: GitHub's own bound, for what it sends and for what it takes. */
  bodyCharactersMax: 65_536,
  /** Characters of a line that is a command, and of a request, which may go on: what a person writes, not what one pastes. */
  commandCharactersMax: 2_000,
  requestCharactersMax: 16_000,
  /** Characters of what a turn is told of an issue, of its opening text, of a comment, of a hunk under one; and comments. */
  contextCharactersMax: 64_000,
  openingCharactersMax: 32_000,
  commentCharactersMax: 8_000,
  contextHunkCharactersMax: 4_000,
  contextCommentsMax: 50,
  /** Characters of Markdown that are cleaned for one turn. */
  cleanedCharactersMax: 128 * 1024,
  /** Blocks around one another, and marks of Markdown in one paragraph, that are read: what is beyond costs time and tells nobody anything. */
  blockDepthMax: 100,
  marksMax: 2_000,
  /** Characters of a link's definition that is spread over lines; CommonMark ends labels at 999. */
  definitionCharactersMax: 2_000,
  /** Characters of a title, of a login and of a path where they are shown. */
  titleCharactersMax: 256,
  loginCharactersMax: 64,
  pathCharactersMax: 1_024,
  /** Characters of the destination of a link that are kept: longer ones carry texts, not addresses. */
  linkCharactersMax: 500,
  /** Digits of a proposal's hash that are shown: with `ok:` before them they fit into the 20 of a check run's button. */
  hashDigitsShown: 16,
  /** Suggestions on one pull request, and lines and characters of one; more is no longer a suggestion but a patch. */
  suggestionsMax: 10,
  suggestionLinesMax: 20,
  suggestionCharactersMax: 8_000,
  /** Steps of a plan and characters of a sentence in the sticky comment: it is to be read on a telephone. */
  planStepsMax: 20,
  sentenceCharactersMax: 600,
  /** Characters of a label's name: GitHub's own bound. */
  labelCharactersMax: 50,
  /** Questions that one comment asks, options of one, and characters of all their texts: a person answers them on a telephone. */
  questionsMax: 4,
  questionOptionsMax: 12,
  questionCharactersMax: 2_000,
  /**
   * Of what a model said last, and of its plan, that a repository keeps of a thread, in one row: far more than is shown, for a secret that
   * begins where it is shown has to be whole to be known for one.
   */
  saidCharactersMax: 16_000,
  viewedStepsMax: 100,
  viewedStepCharactersMax: 4_000,
  /** Characters of a commit's first line, as git's own tools break it; and paths that were left out which a turn is told by name. */
  headlineCharactersMax: 72,
  pathsNamedMax: 20,
  /** Characters of a thread's name: the repository, the number and a title, which GitHub cuts at 256. */
  threadNameCharactersMax: 400,
  /** What one person, and all of a repository together, may have turns for. A person who asks all day long stays below; a loop does not. */
  personTurnsPerHour: 20,
  personTokensPerDay: 4_000_000,
  repositoryTurnsPerHour: 60,
  repositoryTokensPerDay: 20_000_000,
  /** People whose yes a diff may need: for the last of them the others are asked after anew. And people of one list of the policy. */
  approvalsRequiredMax: 10,
  policyIdsMax: 500,
} as const;

/** How often objects tell what they count, and how long it is known that they did. */
export const metricsLimits = {
  /** Milliseconds from the first frame that was not reported to its report, so that a turn's beginning is one report and not ten. */
  reportPauseMs: 1_000,
  /** Milliseconds between two reports of one thread. Prometheus asks every 15 s. */
  reportIntervalMs: 10_000,
  /** Milliseconds for which objects without a log gather what they count. Lost if the object dies meanwhile. */
  countersIntervalMs: 5_000,
  /** Frames that one report folds; a long past is told in pieces. */
  framesPerReportMax: 2_000,
  /** After a failure it is tried again, doubling up to the second. */
  retryPauseMs: 1_000,
  retryPauseMsMax: 60_000,
  /**
   * A source that did not report for so long is forgotten, and believed when it comes again. It would count twice if the answer to its last report
   * had been lost for as long; it asks for that answer every minute.
   */
  sourceRetentionMs: 7 * 24 * 60 * 60_000,
  sourcesForgottenAtOnceMax: 100,
  /** Objects that the reports are spread over, and the most there may be: a scrape asks each of them. */
  shardsUsual: 4,
  shardsMax: 256,
  /** Milliseconds that a scrape waits for a shard; without all of them it gives no sum. */
  readMsMax: 5_000,
} as const;

/** What rings people's devices, and how often. */
export const pushLimits = {
  /** Devices of one account. More than a person has; the one that heard nothing for longest gives way. */
  subscriptionsMax: 20,
  /** Characters of an endpoint; browsers' have 200 to 700. And of a device's name. */
  endpointCharactersMax: 2_048,
  deviceCharactersMax: 80,
  /** Characters of a text that are read for what is shown, of a title and of a body: what a locked screen has room for. */
  readCharactersMax: 4_000,
  titleCharactersMax: 100,
  bodyCharactersMax: 300,
  /** Characters of an item's id that a place may name. */
  itemIdCharactersMax: 128,
  /** UTF-8 bytes of one message before it is encrypted: services take 4,096 after. */
  messageBytesMax: 3_072,
  /** Who looks at the page answers within this time, and is not rung for. */
  graceMs: 5_000,
  /** A turn that somebody follows rings when it took longer: they may have gone meanwhile. */
  longTurnMs: 15_000,
  /** How long it matters that something waits, and that a turn has ended; after that nobody is rung. */
  askLifetimeMs: 24 * 60 * 60_000,
  endedLifetimeMs: 4 * 60 * 60_000,
  /** Attempts of one push to one device. With the pauses below about 20 minutes. */
  attemptsMax: 8,
  retryPauseMs: 10_000,
  retryPauseMsMax: 10 * 60_000,
  /** The longest that a service's `Retry-After` is believed. */
  retryAfterMsMax: 60 * 60_000,
  /** Milliseconds until a push service is taken for unreachable. And after which a push that was being sent when we died is sent again. */
  requestTimeoutMs: 10_000,
  leaseMs: 60_000,
  /** Pushes that are sent at the same time. */
  sentAtOnceMax: 20,
  /** Things of one account that devices ring for and that are not done with; the oldest leave. */
  eventsMax: 1_000,
  /** What a Directory keeps for the object that rings, while it cannot be reached; and what it tells at once. */
  newsWaitingMax: 1_000,
  newsPerDeliveryMax: 50,
  /** Ended turns that a thread tells at once. */
  endedPerNewsMax: 20,
  /** A signed word about who we are holds so long; services take a day at most. It is made anew when half of that is over. */
  authorizationMs: 12 * 60 * 60_000,
} as const;

/** What one account may use, unless the operator's environment says otherwise: far above what people do, far below what a loop would. */
export const quotaLimits = {
  /** Turns that may begin at once, and then so many a minute. A team of sixty that never stops typing stays below. */
  turnsPerMinute: 120,
  /** Tokens of all requests, over 24 hours: ten turns that cross `turnTokensMax`. */
  tokensPerDay: 200_000_000,
  /** Threads that are not deleted. Their Directory is one object of 10 GB, and about 100 kB of that are one long thread's. */
  threads: 20_000,
  /** Bytes of all threads' databases: a hundred workspaces that are full. */
  storageBytes: 50 * 1024 ** 3,
  /** Growth of a thread of which the account hears before it is allowed; what is below is told with the next news. */
  storageStepBytes: 16 * 1024 * 1024,
  /** Growth that is worth a row of its own, where none is written anyway. */
  storageNotedBytes: 1024 * 1024,
  /** Milliseconds that a turn, a thread or a file waits for the account's word; then it goes on without. */
  answerMsMax: 2_000,
  /** Milliseconds for which an account is told the same of the circuits. */
  circuitsSeenMs: 2_000,
  /** How long a thread that may begin is counted before it has told of itself. */
  reservationMs: 60_000,
  /** Pause before a queued message looks again whether its turn may begin, at least and at most. */
  queuePauseMsMin: 1_000,
  queuePauseMsMax: 15 * 60_000,
} as const;

/** Programs of an account that are called: docs/http.md. */
export const webhookLimits = {
  /** Webhooks of one account. More than a person has programs that listen. */
  webhooksMax: 10,
  /** Characters of an address. */
  urlCharactersMax: 2_048,
  /** Messages that wait for one webhook; the oldest leave. Half a day of a busy account. */
  messagesMax: 500,
  /** Calls that are made at the same time. */
  sentAtOnceMax: 10,
  /** Milliseconds that a call may take; Standard Webhooks names 15 to 30 seconds. */
  requestTimeoutMs: 15_000,
  /** After which a message that was being sent when we died is sent again, under the same id. */
  leaseMs: 60_000,
  /** Pauses before the second, third, … attempt: those that Standard Webhooks recommends, 75 hours together. After the last a message is given up. */
  retryPausesMs: [
    5_000,
    5 * 60_000,
    30 * 60_000,
    2 * 3_600_000,
    5 * 3_600_000,
    10 * 3_600_000,
    14 * 3_600_000,
    20 * 3_600_000,
    24 * 3_600_000,
  ],
  /** The longest that a receiver's `Retry-After` is believed. */
  retryAfterMsMax: 24 * 60 * 60_000,
  /** Nothing was taken for so long: it is switched off, and the account's people are told. */
  disableAfterMs: 3 * 24 * 60 * 60_000,
  /** Bytes of the secret that signs; Standard Webhooks has 24 to 64. */
  secretBytes: 32,
} as const;

/** When an endpoint that mostly fails is left alone, and for how long. */
export const circuitLimits = {
  /** Milliseconds over which requests are counted; those of the window before count for what is left of it. */
  windowMs: 30_000,
  /** Failures below which nothing is concluded, and the share of failures from which it is: one bad answer in two. */
  failuresMin: 5,
  failureShareMin: 0.5,
  /** How long nobody asks, doubled each time in a row; and its ceiling. The longest pause of a turn before its next attempt is the same as the first. */
  openMs: 10_000,
  openMsMax: 60_000,
  /** A request that tries it again and is not heard of for so long does not keep others from trying. */
  trialMsMax: 30_000,
  /** An isolate that said so long ago that a circuit of its is open is gone, or has nobody who asks: two of the longest pauses. */
  silentMsMax: 120_000,
} as const;

/** Remote MCP servers, whose answers nobody here has seen before. */
export const mcpLimits = {
  ...mcpServerBounds,
  /** Characters of the descriptions and schemas of all tools that a model is offered: some 16,000 tokens of each request. */
  toolsCharactersMax: 64 * 1024,
  /** Of one tool. */
  schemaCharactersMax: 16 * 1024,
  descriptionCharactersMax: 2_000,
  /** Tools of one server's list that are looked at, and pages of it. */
  toolsListedMax: 256,
  listPagesMax: 5,
  /** Milliseconds that a list is believed; a server may say less. */
  listHeldMs: 5 * 60_000,
  /** Milliseconds that a turn waits for the Directory to say which servers there are. */
  configReadMsMax: 2_000,
  /** Milliseconds that a call may take unless the account says otherwise, the real server's number. */
  toolTimeoutMs: 60_000,
  /** Bytes of one answer, whatever is in it. */
  answerBytesMax: 4 * 1024 * 1024,
  /** Characters and parts of a result that are kept in the log: a row holds 2 MB. */
  resultCharactersMax: 200_000,
  resultPartsMax: 64,
  /** Characters of a server's own words about an error. */
  errorCharactersMax: 1_000,
  /** Characters of the arguments that a person is shown before a yes; they stand whole in the item. */
  questionCharactersMax: 8_000,
  /** Clients that an isolate keeps. */
  clientsKeptMax: 256,
} as const;
