/** What a thread's log says of a turn: what was asked for, done and answered, and what people and tests made of it. Pure. */
import type { Frame } from "#core/frame";
import { memoryLimits } from "#core/limits";
import type { FinishedTurn } from "#core/memory/distil";
import type { Signal } from "#core/memory/outcome";
import type { TurnUse } from "#core/memory/report";
import { similarity, termsOf } from "#core/memory/terms";
import type { FileChange } from "#core/private";
import { cutMiddle } from "#core/prompt";
import { testsTurned } from "#core/tests-turned";
import type { ThreadItem } from "#protocol/item";
import { textOf } from "#protocol/user-input";

/** What happened to a turn after it ended. */
export interface Aftermath {
  /** The next message of a person; null before there is one. */
  nextRequest: string | null;
  isReverted: boolean;
}

/** What can be read of a turn so far. */
export interface TurnRecord {
  turn: FinishedTurn;
  signals: Signal[];
  used: TurnUse | null;
}

/** Share of words that two requests have in common from which on the second is the first one again. Ours. */
const sameRequest = 0.5;
/** Words that a person has to say for it to be a correction: "go on" is none. Ours. */
const correctionTermsMin = 3;

/**
 * `frames` are those of the turn, and those behind it up to the next turn, because people go over what landed. Null where no person asked for
 * anything. Of a turn that has not ended it says what it was given and nothing else: it is too early to judge it.
 */
export function recordOf(threadId: string, turnId: string, frames: Iterable<Frame>, after: Aftermath): TurnRecord | null {
  const seen = gathered(frames, turnId);
  const [request] = seen.messages;
  if (request === undefined) return null;
  const base = { threadId, turnId, request: bounded(request.text) };
  if (seen.status === null)
    return { turn: { ...base, changes: [], commands: [], correction: null }, signals: [], used: seen.used };
  const last = seen.verdicts.at(-1);
  const isUnwanted = last?.isApproved === false || seen.status === "interrupted" || after.isReverted;
  const steered = last?.isApproved === false ? seen.messages.find(({ at }) => at > last.at)?.text : undefined;
  const said = isUnwanted ? (steered ?? after.nextRequest) : null;
  const correction = said !== null && termsOf(said).length >= correctionTermsMin ? bounded(said) : null;
  const isRepeated = after.nextRequest !== null && isSameRequest(request.text, after.nextRequest);
  const ending: Signal[] = [
    ...(seen.status === "failed" ? [{ type: "failed" } as const] : []),
    ...(seen.status === "interrupted" ? [{ type: "interrupted" } as const] : []),
    ...(isRepeated ? [{ type: "rephrased" } as const] : []),
    ...(seen.status === "interrupted" && correction !== null ? [{ type: "corrected" } as const] : []),
    ...(after.isReverted && seen.hasLanded ? [{ type: "reverted" } as const] : []),
  ];
  const changes = seen.verdicts.flatMap(({ paths, cutPaths, isApproved }) =>
    paths.map((path) => ({ path, isApproved: isApproved && !cutPaths.includes(path) })),
  );
  const commands = seen.commands.map(({ command, exitCode, aggregatedOutput }) => ({
    command: bounded(command),
    exitCode,
    output: cutMiddle(aggregatedOutput ?? "", memoryLimits.reportedOutputCharactersMax),
  }));
  return {
    turn: {
      ...base,
      changes: changes.slice(-memoryLimits.reportedChangesMax),
      commands: commands.slice(-memoryLimits.reportedCommandsMax),
      correction,
    },
    signals: [...judgements(seen), ...ending],
    used: seen.used,
  };
}

interface Seen {
  messages: { at: number; text: string }[];
  /** `cutPaths`: of those, where only a part was accepted. */
  verdicts: { at: number; paths: string[]; cutPaths: string[]; isApproved: boolean }[];
  commands: Extract<ThreadItem, { type: "commandExecution" }>[];
  /** Paths that people wrote with their own hands, with the frame that tells of it. */
  written: { at: number; path: string }[];
  hasLanded: boolean;
  used: TurnUse | null;
  status: "completed" | "interrupted" | "failed" | null;
}

function gathered(frames: Iterable<Frame>, turnId: string): Seen {
  const seen: Seen = { messages: [], verdicts: [], commands: [], written: [], hasLanded: false, used: null, status: null };
  const asked = new Map<string, FileChange[]>();
  for (const frame of frames) {
    const { seq: at, private: hidden } = frame;
    const event = hidden?.event;
    if (event?.type === "proposed" && event.requestId !== null) {
      asked.set(event.requestId, event.proposed.changes);
    }
    if (event?.type === "decided") {
      const changes = asked.get(event.requestId);
      const isApproved = event.decision === "accept" || event.decision === "acceptForSession";
      if (changes && event.decision !== "garbage") {
        const cutPaths = event.part ? pathsOf(notWholly(changes, event.part.changes)) : [];
        seen.verdicts.push({ at, paths: pathsOf(changes), cutPaths, isApproved });
      }
    }
    if (event?.type === "settled" && event.landed.length > 0) seen.hasLanded = true;
    if (event?.type === "filesWritten") seen.written.push(...event.changes.map(({ path }) => ({ at, path })));
    if (event?.type === "memoryUsed") seen.used = event.use;
    if (frame.method === "turn/completed" && frame.params.turn.id === turnId) {
      const { status } = frame.params.turn;
      if (status !== "inProgress") seen.status = status;
    }
    if (frame.method !== "item/completed" || frame.params.turnId !== turnId) continue;
    const { item } = frame.params;
    if (item.type === "userMessage") seen.messages.push({ at, text: textOf(item.content) });
    if (item.type === "commandExecution" && item.source === "agent") seen.commands.push(item);
  }
  return seen;
}

/** Those of which not everything was accepted. */
function notWholly(changes: readonly FileChange[], accepted: readonly FileChange[]): FileChange[] {
  return changes.filter(({ path, after }) => !accepted.some((other) => other.path === path && other.after?.hash === after?.hash));
}

function pathsOf(changes: readonly FileChange[]): string[] {
  return changes.map(({ path }) => path);
}

/** What people said while it ran, in order, and what became of tests. */
function judgements({ verdicts, commands, written }: Seen): Signal[] {
  const said = verdicts.map(({ at, paths, cutPaths, isApproved }): Signal => {
    if (!isApproved) return { type: "declined" };
    const edited = paths.filter(
      (path) => cutPaths.includes(path) || written.some((writing) => writing.at > at && writing.path === path),
    );
    return { type: "accepted", editedShare: paths.length === 0 ? 0 : edited.length / paths.length };
  });
  const tests = testsTurned(commands);
  return tests === null ? said : [...said, { type: tests === "passed" ? "testsPassed" : "testsBroke" }];
}

function isSameRequest(one: string, other: string): boolean {
  const [before, after] = [new Set(termsOf(bounded(one))), new Set(termsOf(bounded(other)))];
  return similarity(before, after) >= sameRequest;
}

function bounded(text: string): string {
  return cutMiddle(text, memoryLimits.queryCharactersMax);
}
