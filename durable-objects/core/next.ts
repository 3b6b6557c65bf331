/**
 * The one thing to do now. First run, crash, deploy, sleep and an approval that comes three days later all continue the same way:
 * fold the log, ask `next`.
 */
import { isNearlyFull } from "#core/compaction";
import { limits } from "#core/limits";
import { type Call, openTurn, type Refused, type Thread, type UserCommand } from "#core/thread";

export type Step =
  | { type: "idle" }
  /** The thread is at rest, and somebody's message waits for that. */
  | { type: "startQueued"; submissionId: string }
  | { type: "askModel" }
  /** The model's window is nearly full. */
  | { type: "compact" }
  | { type: "runUserCommand"; command: UserCommand }
  /** We died while a person's command ran. */
  | { type: "recoverUserCommand"; command: UserCommand }
  /** Policy has to say whether the command may run. */
  | { type: "judgeCommand"; call: Call }
  | { type: "runCommand"; call: Call }
  /** We died while the command ran. */
  | { type: "recoverCommand"; call: Call }
  | { type: "refuseCommand"; call: Call; decision: Refused }
  /** Work out what the patch would change, without changing it. */
  | { type: "preparePatch"; call: Call }
  | { type: "land"; call: Call }
  | { type: "refuseChanges"; call: Call; decision: Refused }
  | { type: "refuseUnknownTool"; call: Call }
  | { type: "notePlan"; call: Call }
  | { type: "noteGoal"; call: Call }
  /** Read what the model assumes. */
  | { type: "declare"; call: Call }
  /** Act, look something up or ask: whatever is worth most now. */
  | { type: "decide"; call: Call }
  /** Begun, or begun before we died: it only reads. */
  | { type: "runProbe"; call: Call }
  | { type: "takeOpinion"; call: Call }
  | { type: "askUser"; call: Call }
  | { type: "callClient"; call: Call }
  /** Policy has to say whether the tool of an MCP server may be called. */
  | { type: "judgeMcpCall"; call: Call }
  | { type: "callMcp"; call: Call }
  /** We died while the call was under way. */
  | { type: "recoverMcpCall"; call: Call }
  /** The answer to a question or to a client's tool is there. */
  | { type: "takeAnswer"; call: Call }
  /** Somebody has to answer. May take days; costs nothing. */
  | { type: "wait"; requestId: string }
  | { type: "endTurn"; status: "completed" | "interrupted" }
  | { type: "failTurn"; reason: TurnBound };

/** What a turn may not exceed. */
export type TurnBound = "tooManySteps" | "tooManyTokens" | "tooLong";

export function next(thread: Thread): Step {
  const { work } = thread;
  if (!openTurn(thread) || !work) return atRest(thread);
  const [call] = work.calls;
  // After a cancel the calls that were not begun are not begun: the turn is over for the person who said so.
  if (work.cancelled && (!call || call.state.type === "requested")) return { type: "endTurn", status: "interrupted" };
  const [command] = work.userCommands;
  if (command) return command.hasStarted ? { type: "recoverUserCommand", command } : { type: "runUserCommand", command };
  if (call) return nextOfCall(call);
  if (!work.awaitsModel) return { type: "endTurn", status: "completed" };
  if (work.steps >= limits.turnStepsMax) return { type: "failTurn", reason: "tooManySteps" };
  if ((work.tokens ?? 0) >= limits.turnTokensMax) return { type: "failTurn", reason: "tooManyTokens" };
  if ((work.activeMs ?? 0) >= limits.turnActiveMsMax) return { type: "failTurn", reason: "tooLong" };
  if (isNearlyFull(thread)) return { type: "compact" };
  return { type: "askModel" };
}

function atRest({ queue, archived, deleted }: Thread): Step {
  const first = queue?.entries[0];
  return first && !queue?.isHeld && !archived && !deleted ? { type: "startQueued", submissionId: first.id } : { type: "idle" };
}

function nextOfCall(call: Call): Step {
  const { state } = call;
  switch (state.type) {
    case "requested":
      return beginningOf(call);
    case "commandAsked":
      return { type: "wait", requestId: state.requestId };
    case "commandApproved":
      return { type: "runCommand", call };
    case "commandRefused":
      return { type: "refuseCommand", call, decision: state.decision };
    case "commandStarted":
      return { type: "recoverCommand", call };
    case "changesAsked":
      return { type: "wait", requestId: state.requestId };
    case "changesApproved":
      return { type: "land", call };
    case "changesRefused":
      return { type: "refuseChanges", call, decision: state.decision };
    case "answerAwaited":
      return { type: "wait", requestId: state.requestId };
    case "answered":
      return { type: "takeAnswer", call };
    case "mcpCallAllowed":
      return { type: "callMcp", call };
    case "mcpCallStarted":
      return { type: "recoverMcpCall", call };
    case "weighing":
    case "actionJudged":
      return { type: "decide", call };
    case "probing":
      return { type: "runProbe", call };
    case "questionAsked":
    case "actionHeld":
      return { type: "wait", requestId: state.requestId };
    case "questionAnswered":
      return { type: "takeOpinion", call };
    default:
      return state satisfies never;
  }
}

function beginningOf(call: Call): Step {
  switch (call.call.tool) {
    case "shell":
      return { type: "judgeCommand", call };
    case "applyPatch":
      return { type: "preparePatch", call };
    case "plan":
      return { type: "notePlan", call };
    case "goal":
      return { type: "noteGoal", call };
    case "declare":
      return { type: "declare", call };
    case "userInput":
      return { type: "askUser", call };
    case "client":
      return { type: "callClient", call };
    case "mcp":
      return { type: "judgeMcpCall", call };
    case "invalid":
    case "unknown":
      return { type: "refuseUnknownTool", call };
    default:
      return call.call satisfies never;
  }
}
