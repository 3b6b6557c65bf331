/** Shell commands: judged, run against an overlay, recovered after a crash, refused. */
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import { commandActions, isPlainRead, judgeCommand as verdictOn } from "#core/policy";
import { cutMiddle } from "#core/prompt";
import { type Call, openTurn, type Refused } from "#core/thread";
import { type CallOutcome, callOutput } from "#core/tool-call";
import type { ItemOf } from "#protocol/item";
import type { ThreadRuntime } from "#thread/runtime";
import { proposeChanges, refusable, refusableLater } from "#thread/steps/changes";
import { CommandOutput, restOfOutput } from "#thread/steps/command-output";

type CommandItem = ItemOf<"commandExecution">;

/** Policy says whether a person has to be asked first. */
export function judgeCommand(runtime: ThreadRuntime, call: Call): Promise<void> | void {
  const { settings, grants, info } = runtime.current;
  const turn = openTurn(runtime.current);
  if (!turn || !settings) return;
  const command = commandOf(call);
  if (verdictOn(command, settings.approvalPolicy, grants) === "allow") return runCommand(runtime, call);
  const item = newItem(runtime, call);
  const requestId = `${info.id}:${runtime.host.newId()}`;
  runtime.commit([
    runtime.status({ type: "active", activeFlags: ["waitingOnApproval"] }),
    runtime.itemStarted(turn.id, item),
    {
      method: "item/commandExecution/requestApproval",
      id: requestId,
      params: {
        kind: "command",
        threadId: info.id,
        turnId: turn.id,
        itemId: item.id,
        startedAtMs: item.startedAtMs ?? runtime.host.now(),
        environmentId: null,
        reason: null,
        command: item.command,
        cwd: item.cwd,
        commandActions: item.commandActions,
        proposedExecpolicyAmendment: null,
        availableDecisions: ["accept", "acceptForSession", "decline", "cancel"],
      },
      private: { event: { type: "commandAsked", callId: call.callId, requestId } },
    },
  ]);
}

/** Runs it. That it began is in the log before it begins; that it ended, with all it left behind, is there before anything else happens. */
export async function runCommand(runtime: ThreadRuntime, call: Call): Promise<void> {
  const turn = openTurn(runtime.current);
  if (!turn) return;
  const event = { type: "commandStarted", callId: call.callId } as const;
  const asked = turn.items.some(({ id }) => id === call.callId);
  runtime.commit([
    asked
      ? { ...runtime.status({ type: "active", activeFlags: [] }), private: { event } }
      : runtime.itemStarted(turn.id, newItem(runtime, call), { event }),
  ]);
  await execute(runtime, call);
}

/**
 * We died while it ran. A plain read runs again. Anything else does not: the model is told that it may or may not have happened, and
 * decides itself what to look at.
 */
export async function recoverCommand(runtime: ThreadRuntime, call: Call): Promise<void> {
  if (isPlainRead(commandOf(call))) return execute(runtime, call);
  settle(runtime, call, "failed", {
    type: "refused",
    message:
      "The server restarted while this command ran: it may or may not have happened. What it changed in the workspace was not kept. " +
      "Look before you run it again.",
  });
}

export function refuseCommand(runtime: ThreadRuntime, call: Call, decision: Refused): void {
  const message =
    decision === "garbage"
      ? "The client's answer to the approval could not be read."
      : "The command was declined by the user. It did not run.";
  settle(runtime, call, decision === "garbage" ? "failed" : "declined", { type: "refused", message }, [
    runtime.status({ type: "active", activeFlags: [] }),
  ]);
}

async function execute(runtime: ThreadRuntime, call: Call): Promise<void> {
  const { host, workspace } = runtime;
  const { info, settings } = runtime.current;
  const command = commandOf(call);
  const abort = new AbortController();
  const said = new CommandOutput(runtime, call.callId);
  runtime.activity = { abort, kind: "command", finish: () => said.flush() };
  const startedAtMs = host.now();
  const asked = call.call.tool === "shell" ? call.call.timeoutMs : null;
  const run = await host.shell({
    workspace,
    cwd: info.cwd,
    startIn: settings?.cwd,
    command,
    signal: abort.signal,
    now: host.now,
    bring: (versions) => runtime.contents.bring(versions),
    timeoutMs: Math.min(asked ?? limits.commandTimeoutMs, limits.commandTimeoutMs),
    outputBytesMax: limits.itemOutputCharactersMax,
    onOutput: (text) => said.take(text),
  });
  said.stop();
  // A diff shows what was there, also of a file that was replaced or removed unread.
  const unread = await refusableLater(() => runtime.contents.bringSides(run.changes));
  // Whoever stopped us has ended the turn, and the item with it.
  if (abort.signal.aborted) return;
  const turn = openTurn(runtime.current);
  const item = turn?.items.find(({ id }) => id === call.callId);
  if (!turn || item?.type !== "commandExecution") return;
  const completedAtMs = host.now();
  const notes = run.notes.length > 0 ? `\n${run.notes.join("\n")}\n` : "";
  const output = {
    stdout: cutMiddle(run.stdout, limits.modelOutputCharactersMax),
    stderr: cutMiddle(run.stderr, limits.modelOutputCharactersMax) + notes,
    exitCode: run.exitCode,
  };
  const itemId = runtime.log.hasItem(`${call.callId}_changes`) ? host.newId() : `${call.callId}_changes`;
  const proposed =
    unread ??
    (run.changes.length > 0 ? refusable(() => proposeChanges(runtime, turn.id, call, itemId, run.changes, output)) : []);
  // Whoever watches is told as well: a command that says it wrote a file, and no change to be seen, would be a riddle.
  const refusal = typeof proposed === "string" ? `\nThe changes of this command were dropped: ${proposed}\n` : "";
  const shown = run.output + refusal;
  const rest = restOfOutput(runtime, turn.id, item, shown);
  const done: CommandItem = {
    ...item,
    status: run.exitCode === 0 && refusal === "" ? "completed" : "failed",
    aggregatedOutput: shown,
    exitCode: run.exitCode,
    durationMs: completedAtMs - startedAtMs,
    completedAtMs,
  };
  if (typeof proposed !== "string" && proposed.length > 0) {
    runtime.commit([...rest, runtime.itemCompleted(turn.id, done), ...proposed]);
    return;
  }
  const outcome: CallOutcome = { type: "ran", ...output, stderr: output.stderr + refusal };
  const hidden = { modelItems: [callOutput(call.raw, outcome)], event: settled(call) };
  runtime.commit([...rest, runtime.itemCompleted(turn.id, done, hidden)]);
}

/** A call that did not run, or that nobody knows about, is done with. */
function settle(
  runtime: ThreadRuntime,
  call: Call,
  status: "failed" | "declined",
  outcome: CallOutcome,
  then: Draft[] = [],
): void {
  const turn = openTurn(runtime.current);
  const item = turn?.items.find(({ id }) => id === call.callId);
  if (!turn || item?.type !== "commandExecution") throw new Error(`no item of the call ${call.callId}`);
  const hidden = { modelItems: [callOutput(call.raw, outcome)], event: settled(call) };
  runtime.commit([runtime.itemCompleted(turn.id, { ...item, status, completedAtMs: runtime.host.now() }, hidden), ...then]);
}

function settled(call: Call): { type: "settled"; callId: string; landed: [] } {
  return { type: "settled", callId: call.callId, landed: [] };
}

/** As the real server shows a command: what a login shell was given. */
export function commandItem(
  runtime: ThreadRuntime,
  { id, command, source }: Pick<CommandItem, "id" | "command" | "source">,
): CommandItem {
  return {
    type: "commandExecution",
    id,
    pluginId: null,
    scriptPath: null,
    command: `/bin/bash -lc '${command.replaceAll("'", `'\\''`)}'`,
    cwd: runtime.current.settings?.cwd ?? runtime.current.info.cwd,
    processId: null,
    source,
    status: "inProgress",
    commandActions: commandActions(command),
    aggregatedOutput: null,
    exitCode: null,
    durationMs: null,
    startedAtMs: runtime.host.now(),
    completedAtMs: null,
  };
}

function newItem(runtime: ThreadRuntime, call: Call): CommandItem {
  return commandItem(runtime, { id: call.callId, command: commandOf(call), source: "agent" });
}

function commandOf({ call }: Call): string {
  return call.tool === "shell" ? call.command : "";
}
