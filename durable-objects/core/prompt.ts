/** What the model is told: a pure function of the thread's log. */
import type { Frame } from "#core/frame";
import { limits } from "#core/limits";
import type { ModelItem, Settings } from "#core/private";
import type { ThreadGoal } from "#protocol/goal-methods";

/**
 * The input of the next request: what every frame's private part adds, in the order of the log, from the last compaction on. `notesOf` gives the
 * notes of a turn as far as they are not forgotten. They stand before the turn's first message and never move, so that an endpoint can reuse
 * what it has read; a compaction leaves them out.
 */
export function modelInput(
  frames: Iterable<Pick<Frame, "seq" | "private">>,
  notesOf: (turnId: string) => ModelItem | null = () => null,
): ModelItem[] {
  let input: { seq: number; item: ModelItem }[] = [];
  for (const { seq, private: hidden } of frames) {
    const event = hidden?.event;
    if (event?.type === "compacted") input = [];
    if (event?.type === "memoryUsed") {
      const { beforeSeq } = event;
      const item = notesOf(event.turnId);
      const place = input.findIndex((entry) => entry.seq >= beforeSeq);
      if (item && place >= 0) input.splice(place, 0, { seq: beforeSeq, item });
    }
    input.push(...(hidden?.modelItems ?? []).map((item) => ({ seq, item })));
  }
  return input.map(({ item }) => item);
}

const baseInstructions = `You are the coding agent of Spindle. You work in a workspace of files, for a person who watches.
Use the shell to look around and to run things, and apply_patch to edit files. Commands and patches run against an overlay: what they
change is shown to the person as one diff, and reaches the workspace when it is accepted. If a change is declined, do not try it again
unasked; say what you would do instead, or stop. Keep messages short and plain. Finish with what you did and what is left.`;

/** An AGENTS.md of the workspace: what the people who own the files want agents to know. `path` is relative to the root. */
export interface Guide {
  path: string;
  text: string;
}

/** For a client that asks for the plan mode and has no words of its own for it. */
const planInstructions = `You are in plan mode: look around, ask what only the person can know, and propose a plan, step by step, with update_plan and
in your answer. Change no file and run nothing that would, until the person leaves the plan mode.`;

const personalities: Record<string, string> = {
  friendly: "Be warm and encouraging, and still brief.",
  pragmatic: "Be matter-of-fact: say what matters and nothing else.",
};

/**
 * The system's words: the thread's own base instructions or ours, the developer's, the client's mode, the account's approved wording, the workspace's guides from the root
 * down, the goal, and where the work is. What the guides say yields to what people say in the thread.
 */
export function instructions(
  settings: Settings,
  cwd: string,
  guides: readonly Guide[] = [],
  goal: ThreadGoal | null = null,
  declares = false,
  wording: string | null = null,
): string {
  const parts = [
    settings.baseInstructions ?? baseInstructions,
    settings.personality ? personalities[settings.personality] : null,
    settings.developerInstructions,
    settings.collaborationInstructions ?? (settings.collaborationMode === "plan" ? planInstructions : null),
    wording === null ? null : wordingText(wording),
    guides.length > 0 ? guidesText(guides) : null,
    goal ? goalText(goal) : null,
    declares ? declaring : null,
    `The workspace is ${cwd}.${settings.cwd ? ` Commands start in ${settings.cwd}.` : ""}`,
  ];
  return parts.filter((part) => part).join("\n\n");
}

/** It may stand among the instructions because a person of the account read and approved it: no note of a turn ever does. */
function wordingText(wording: string): string {
  return `A person of this account approved these words for its threads. What is said above, and the person in the thread, outrank them.\n<approved_wording>\n${wording}\n</approved_wording>`;
}

/** When to declare: before what costs much, and not before each look around. */
const declaring = `Before a step that is costly, hard to undo or rests on something you have not seen, call declare_assumptions once: what you
assume, what could be done, and how it can be checked cheaply. Not for reading files, and not for what can be undone at once.`;

/** What was used stays out: it changes with each response, and then the endpoint could not reuse what it has read. */
function goalText({ objective, status }: ThreadGoal): string | null {
  const goal = `<goal>\n${objective}\n</goal>`;
  if (status === "active") return `The person gave this thread a goal. Work towards it, turn by turn:\n${goal}`;
  if (status === "budgetLimited")
    return `This thread's goal has used up its budget. Begin nothing new for it; say what is done and what is left:\n${goal}`;
  return null;
}

/** Nearer to the root first; a deeper one adds to those above it and holds for its own folder. */
function guidesText(guides: readonly Guide[]): string {
  const texts = fittingGuides(guides).map(({ path, text }) => `From ${path}:\n${text}`);
  return `Instructions of the workspace (AGENTS.md). The person in the thread outranks them.\n\n${texts.join("\n\n")}`;
}

/** From the root down, all together within their bound, the root's last to be cut. Of what fits already nothing changes. */
export function fittingGuides(guides: readonly Guide[]): Guide[] {
  let left: number = limits.guideCharactersMax;
  return guides.toSorted(byDepth).flatMap(({ path, text }) => {
    const isWhole = text.length <= left;
    if (!isWhole && left < 2 * roomForCut) return [];
    const shown = isWhole ? text : cutMiddle(text, left - roomForCut);
    left -= shown.length;
    return shown === "" ? [] : [{ path, text: shown }];
  });
}

/** From the root down, and then by name. */
export function byDepth(one: { path: string }, other: { path: string }): number {
  const depth = ({ path }: { path: string }) => path.split("/").length;
  return depth(one) - depth(other) || (one.path < other.path ? -1 : 1);
}

/** Characters for the line that says what `cutMiddle` left out. */
const roomForCut = 100;

/** Told to the model when a turn ended before its time; the wording is Codex's own marker, which models know. */
export function turnAborted(reason: "interrupted" | "failed"): ModelItem {
  const text =
    reason === "interrupted"
      ? "<turn_aborted>\nThe user interrupted the previous turn on purpose. Tools that were running may have partly run.\n</turn_aborted>"
      : "<turn_aborted>\nThe previous turn failed before it was finished.\n</turn_aborted>";
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

/** Told to the model of a command that a person ran; the form is Codex's own, which models know. */
export function userRan(run: { command: string; exitCode: number; durationMs: number; output: string }): ModelItem {
  const seconds = (run.durationMs / 1000).toFixed(4);
  const result = `Exit code: ${run.exitCode}\nDuration: ${seconds} seconds\nOutput:\n${run.output}`;
  const text = `<user_shell_command>\n<command>\n${run.command}\n</command>\n<result>\n${result}\n</result>\n</user_shell_command>`;
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

/** Cut in the middle, with counts, so that the model sees head and tail. `charactersMax` counts UTF-16 units. */
export function cutMiddle(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const half = Math.floor(charactersMax / 2);
  const left = text.length - 2 * half;
  return `${text.slice(0, half)}\n[… ${left} of ${text.length} characters left out …]\n${text.slice(-half)}`;
}
