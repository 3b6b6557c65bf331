/** Changes of files: proposed as one diff bound by its hash, approved, landed all or nothing, or dropped. */
import { applyOperations, type PatchOperation } from "#core/apply-patch";
import type { Draft } from "#core/frame";
import { numberRanges } from "#core/hunks";
import { mergeLanded } from "#core/landed";
import { limits } from "#core/limits";
import { judgeChanges } from "#core/policy";
import type { AcceptedPart, CommandOutput, FileChange, FileVersion, ProposedChanges } from "#core/private";
import { type Call, openTurn, type Refused } from "#core/thread";
import { type CallOutcome, callOutput } from "#core/tool-call";
import type { ItemOf, WorkStatus } from "#protocol/item";
import { staleDecision } from "#thread/decision";
import type { ThreadRuntime } from "#thread/runtime";
import { isSameVersion } from "#workspace/change";
import { StaleError, WorkspaceError } from "#workspace/error";
import { relativePath } from "#workspace/path";
import { changeTo, propose } from "#workspace/proposal";

type ChangeItem = ItemOf<"fileChange">;

/**
 * The frames that show what would change, and ask whether it may, unless policy or an earlier answer lets it pass.
 * Throws `WorkspaceError` where the changes cannot be proposed, say because nobody could read a diff that long.
 */
export function proposeChanges(
  runtime: ThreadRuntime,
  turnId: string,
  call: Call,
  itemId: string,
  changes: FileChange[],
  output: CommandOutput | null,
): Draft[] {
  const { settings, grants, info } = runtime.current;
  if (!settings) throw new Error("a thread without settings");
  const proposal = propose(runtime.workspace, changes, info.cwd);
  const startedAtMs = runtime.host.now();
  const item: ChangeItem = {
    type: "fileChange",
    id: itemId,
    changes: proposal.wire,
    status: "inProgress",
    proposal: { hash: proposal.hash, diff: proposal.diff },
    startedAtMs,
    completedAtMs: null,
  };
  const proposed: ProposedChanges = { itemId, hash: proposal.hash, changes: proposal.changes, output };
  const paths = proposal.changes.map(({ path }) => path);
  if (judgeChanges(settings.approvalPolicy, grants, paths) === "allow") {
    return [runtime.itemStarted(turnId, item, { event: { type: "proposed", callId: call.callId, requestId: null, proposed } })];
  }
  const requestId = `${info.id}:${runtime.host.newId()}`;
  return [
    runtime.itemStarted(turnId, item),
    runtime.status({ type: "active", activeFlags: ["waitingOnApproval"] }),
    {
      method: "item/fileChange/requestApproval",
      id: requestId,
      params: { threadId: info.id, turnId, itemId, startedAtMs, reason: null, grantRoot: null },
      private: { event: { type: "proposed", callId: call.callId, requestId, proposed } },
    },
  ];
}

/** Works out what a patch would change. A patch that does not fit is told to the model with what is there instead. */
export async function preparePatch(runtime: ThreadRuntime, call: Call): Promise<void> {
  const turn = openTurn(runtime.current);
  if (!turn || call.call.tool !== "applyPatch") return;
  const { operations } = call.call;
  const unread = await refusableLater(() => runtime.contents.bring(patchedVersions(runtime, operations)));
  // Somebody may have ended the turn while contents came.
  if (openTurn(runtime.current)?.id !== turn.id) return;
  const frames = refusable(() => {
    if (typeof unread === "string") return unread;
    const changes = changesOf(runtime, operations);
    return typeof changes === "string" ? changes : proposeChanges(runtime, turn.id, call, call.callId, changes, null);
  });
  if (typeof frames !== "string") {
    runtime.commit(frames);
    return;
  }
  const now = runtime.host.now();
  const item: ChangeItem = {
    type: "fileChange",
    id: call.callId,
    changes: [],
    status: "inProgress",
    startedAtMs: now,
    completedAtMs: null,
  };
  runtime.commit([
    runtime.itemStarted(turn.id, item),
    runtime.itemCompleted(
      turn.id,
      { ...item, status: "failed", completedAtMs: now },
      {
        modelItems: [callOutput(call.raw, { type: "patched", ok: false, message: frames })],
        event: { type: "settled", callId: call.callId, landed: [] },
      },
    ),
  ]);
}

/** What the workspace refuses is the model's to know: its words instead of the frames. */
export function refusable<Result>(attempt: () => Result): Result | string {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof WorkspaceError) return error.message;
    throw error;
  }
}

/** The same for what takes a while. */
export async function refusableLater<Result>(attempt: () => Promise<Result>): Promise<Result | string> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof WorkspaceError) return error.message;
    throw error;
  }
}

/** An approved diff reaches the workspace in the same transaction as the frame that says so: never twice, never half. */
export function land(runtime: ThreadRuntime, call: Call): void {
  if (call.state.type !== "changesApproved") return;
  const { proposed, part } = call.state;
  const turn = openTurn(runtime.current);
  if (!turn) return;
  const { workspace } = runtime;
  const { id: threadId, cwd } = runtime.current.info;
  const landed = mergeLanded(runtime.current.work?.landed ?? [], proposed.changes);
  const diff = refusable(() => propose(workspace, landed, cwd, { diffBytesMax: limits.turnDiffBytesMax }));
  const params = { threadId, turnId: turn.id };
  const turnDiff: Draft[] =
    typeof diff === "string" ? [] : [{ method: "turn/diff/updated", params: { ...params, diff: diff.diff } }];
  try {
    runtime.commit(
      [
        settle(runtime, call, proposed, "completed", acceptedMessage(part), proposed.changes),
        ...turnDiff,
        ...staleDecision(runtime, { type: "filesChanged", paths: proposed.changes.map(({ path }) => path) }),
      ],
      () => workspace.land(proposed.changes),
    );
  } catch (error) {
    // Stale, or no room left: the workspace's refusal is the model's to know.
    if (!(error instanceof StaleError || error instanceof WorkspaceError)) throw error;
    const message = `The change was accepted but did not land: ${error.message}. Look again and propose it anew.`;
    runtime.commit([settle(runtime, call, proposed, "failed", message, [])]);
  }
}

/** What the model is told of a yes. Of hunks it is told which are not there, so that it does not go on as if they were. */
function acceptedMessage(part: AcceptedPart | undefined): string {
  if (!part) return "The change was accepted and is in the workspace.";
  const { hunks, leftOut, leftOutCount } = part;
  const more = leftOutCount - leftOut.length;
  return [
    `The change was accepted in part. Of its ${hunks.length + leftOutCount} hunks only ${numberRanges(hunks)} ${hunks.length === 1 ? "is" : "are"} in the workspace.`,
    "Not accepted and not written:",
    ...leftOut.map(({ number, path, place }) => `- hunk ${number}: ${path}, ${place}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
    "Look at the files again before you go on.",
  ].join("\n");
}

export function refuseChanges(runtime: ThreadRuntime, call: Call, decision: Refused): void {
  if (call.state.type !== "changesRefused") return;
  const { proposed } = call.state;
  if (decision === "garbage") {
    runtime.commit([settle(runtime, call, proposed, "failed", "The client's answer to the approval could not be read.", [])]);
  } else {
    runtime.commit([
      settle(runtime, call, proposed, "declined", "The change was declined by the user. Nothing was written.", []),
    ]);
  }
}

/** The last frame of a call that proposed changes, with what the model is told of it. */
function settle(
  runtime: ThreadRuntime,
  call: Call,
  proposed: ProposedChanges,
  status: WorkStatus,
  message: string,
  landed: FileChange[],
): Draft {
  const turn = openTurn(runtime.current);
  const item = turn?.items.find(({ id }) => id === proposed.itemId);
  if (!turn || item?.type !== "fileChange") throw new Error(`no item ${proposed.itemId}`);
  const { output } = proposed;
  const outcome: CallOutcome = output
    ? { type: "ran", ...output, stderr: `${output.stderr}\n${message}\n` }
    : { type: "patched", ok: status === "completed", message };
  return runtime.itemCompleted(
    turn.id,
    { ...item, ...landedMembers(runtime, call, status), status, completedAtMs: runtime.host.now() },
    {
      modelItems: [callOutput(call.raw, outcome)],
      event: { type: "settled", callId: call.callId, landed },
    },
  );
}

/** An item shows what landed, also where that is less than what was asked for. */
function landedMembers({ workspace, current }: ThreadRuntime, { state }: Call, status: WorkStatus): Partial<ChangeItem> {
  if (status !== "completed" || state.type !== "changesApproved" || !state.part) return {};
  const { wire, hash, diff } = propose(workspace, state.part.changes, current.info.cwd);
  return { changes: wire, proposal: { hash, diff } };
}

/** What the operations would make of the workspace, or why they make nothing of it. Contents go to blobs, which nobody sees yet. */
function changesOf({ workspace, current }: ThreadRuntime, operations: PatchOperation[]): FileChange[] | string {
  const placed = operations.map((operation) => inWorkspace(operation, current.info.cwd));
  const result = applyOperations(placed, (path) =>
    workspace.entry(path)?.type === "file" ? new TextDecoder().decode(workspace.read(path)) : null,
  );
  if (result.type === "refused") return result.message;
  const changes = Array.from(result.files, ([path, text]) =>
    changeTo(workspace, path, text === null ? null : new TextEncoder().encode(text)),
  ).filter(({ before, after }) => !isSameVersion(before, after));
  return changes.length > 0 ? changes : "The patch changes nothing.";
}

/** What a patch reads, and what stands where it writes. A path that is none is refused where the patch is read. */
function patchedVersions({ workspace, current }: ThreadRuntime, operations: PatchOperation[]): FileVersion[] {
  return operations
    .map((operation) => inWorkspace(operation, current.info.cwd))
    .flatMap((operation) =>
      "move_to" in operation && operation.move_to !== undefined ? [operation.path, operation.move_to] : [operation.path],
    )
    .flatMap((path) => [workspace.version(path), workspace.readable(path)])
    .filter((version) => version !== null);
}

/** Models name files by their place in the workspace, or by their absolute path. */
function inWorkspace<Operation extends PatchOperation>(operation: Operation, cwd: string): Operation {
  const placed = (path: string) => relativePath(cwd, path.startsWith("/") ? path : `${cwd}/${path}`);
  const moved = "move_to" in operation && operation.move_to !== undefined ? { move_to: placed(operation.move_to) } : {};
  return { ...operation, path: placed(operation.path), ...moved };
}
