/**
 * The person's own shell command. It runs in the overlay like the agent's, and what it changed lands at once: whoever typed it asked for
 * it, as with `fs/writeFile`. It lands with the frame that ends it, so a run that died left nothing behind.
 */
import { limits } from "#core/limits";
import { cutMiddle, userRan } from "#core/prompt";
import { openTurn, type UserCommand } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import type { ItemOf } from "#protocol/item";
import type { Params, Result } from "#protocol/methods";
import type { ThreadRuntime } from "#thread/runtime";
import { commandItem } from "#thread/steps/command";
import { CommandOutput, restOfOutput } from "#thread/steps/command-output";
import { turnStarted } from "#thread/turn-begin";
import { StaleError, WorkspaceError } from "#workspace/error";

/** It enters the running turn, or a turn of its own. The loop runs it as soon as nothing else of the turn does. */
export function askUserCommand(runtime: ThreadRuntime, params: Params<"thread/shellCommand">): Result<"thread/shellCommand"> {
  const { command, timeoutMs = null } = params;
  if (command.trim() === "") throw new Refusal(refusals.invalidRequest("command must not be empty"));
  if (command.length > limits.inputCharactersMax) throw new Refusal(refusals.inputTooLarge(command.length));
  if (timeoutMs !== null && timeoutMs < 0) throw new Refusal(refusals.invalidRequest("timeoutMs must be non-negative"));
  const { current, host } = runtime;
  if ((current.work?.userCommands.length ?? 0) >= limits.userCommandsMax) {
    throw new Refusal(refusals.tooManyCommands(limits.userCommandsMax));
  }
  const running = openTurn(current);
  const turnId = running?.id ?? host.newId();
  const itemId = host.newId();
  const item = commandItem(runtime, { id: itemId, command, source: "userShell" });
  runtime.commit([
    ...(running ? [] : turnStarted(runtime, turnId)),
    runtime.itemStarted(turnId, item, { event: { type: "userCommandAsked", itemId, command, timeoutMs } }),
  ]);
  void runtime.drive();
  return {};
}

export async function runUserCommand(runtime: ThreadRuntime, { itemId, command, timeoutMs }: UserCommand): Promise<void> {
  const { host, workspace } = runtime;
  // Written before it runs: one that takes the object down with it is not run over and over.
  const started = { type: "userCommandStarted", itemId } as const;
  runtime.commit([{ ...runtime.status(runtime.current.status), private: { event: started } }]);
  const abort = new AbortController();
  const said = new CommandOutput(runtime, itemId);
  runtime.activity = { abort, kind: "command", finish: () => said.flush() };
  const run = await host.shell({
    workspace,
    cwd: runtime.current.info.cwd,
    command,
    signal: abort.signal,
    now: host.now,
    bring: (versions) => runtime.contents.bring(versions),
    timeoutMs: Math.min(timeoutMs ?? limits.commandTimeoutMs, limits.commandTimeoutMs),
    outputBytesMax: limits.itemOutputCharactersMax,
    onOutput: (text) => said.take(text),
  });
  said.stop();
  // Whoever stopped us has ended the turn, and the item with it.
  if (abort.signal.aborted) return;
  const notes = run.notes.map((note) => `${note}\n`).join("");
  try {
    settle(runtime, { itemId, command }, { ...run, output: run.output + notes, landed: run.changes });
  } catch (error) {
    // Somebody wrote to the same file while the command ran, or no room is left.
    if (!(error instanceof StaleError || error instanceof WorkspaceError)) throw error;
    settle(runtime, { itemId, command }, dropped(run.output, error.message));
  }
}

/** We died while it ran. Nothing of it was kept but what it said, and running it again is the person's to decide. */
export function recoverUserCommand(runtime: ThreadRuntime, command: UserCommand): void {
  const item = openTurn(runtime.current)?.items.find(({ id }) => id === command.itemId);
  const said = item?.type === "commandExecution" ? (item.aggregatedOutput ?? "") : "";
  settle(runtime, command, dropped(said, "the server restarted while the command ran"));
}

interface Ending {
  output: string;
  exitCode: number;
  landed: Parameters<ThreadRuntime["workspace"]["land"]>[0];
}

function dropped(output: string, reason: string): Ending {
  const end = output === "" || output.endsWith("\n") ? "" : "\n";
  return { output: `${output}${end}Nothing that this command changed was kept: ${reason}\n`, exitCode: 1, landed: [] };
}

/** The item ends, what was changed lands and the model's next request knows of it: all or nothing. */
function settle(
  runtime: ThreadRuntime,
  { itemId, command }: Pick<UserCommand, "itemId" | "command">,
  { output, exitCode, landed }: Ending,
): void {
  const turn = openTurn(runtime.current);
  const item = turn?.items.find(({ id }) => id === itemId);
  if (!turn || item?.type !== "commandExecution") throw new Error(`no item of the command ${itemId}`);
  const completedAtMs = runtime.host.now();
  const durationMs = Math.max(0, completedAtMs - (item.startedAtMs ?? completedAtMs));
  const done: ItemOf<"commandExecution"> = {
    ...item,
    status: exitCode === 0 ? "completed" : "failed",
    aggregatedOutput: output,
    exitCode,
    durationMs,
    completedAtMs,
  };
  const told = userRan({ command, exitCode, durationMs, output: cutMiddle(output, limits.modelOutputCharactersMax) });
  runtime.commit(
    [
      ...restOfOutput(runtime, turn.id, item, output),
      runtime.itemCompleted(turn.id, done, { modelItems: [told], event: { type: "userCommandEnded", itemId, landed } }),
    ],
    () => {
      if (landed.length > 0) runtime.workspace.land(landed);
    },
  );
}
