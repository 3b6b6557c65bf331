/** What the model is told: a pure function of the thread's log. */
import type { Frame } from "#core/frame";
import type { ModelItem, Settings } from "#core/private";

/** The input of the next request: what every frame's private part adds, in the order of the log. */
export function modelInput(frames: Iterable<Pick<Frame, "private">>): ModelItem[] {
  const input: ModelItem[] = [];
  for (const frame of frames) if (frame.private?.modelItems) input.push(...frame.private.modelItems);
  return input;
}

const baseInstructions = `You are the coding agent of Spindle. You work in a workspace of files, for a person who watches.
Use the shell to look around and to run things, and apply_patch to edit files. Commands and patches run against an overlay: what they
change is shown to the person as one diff, and reaches the workspace when it is accepted. If a change is declined, do not try it again
unasked; say what you would do instead, or stop. Keep messages short and plain. Finish with what you did and what is left.`;

/** The system's words: the thread's own base instructions or ours, then the developer's, then where the work is. */
export function instructions(settings: Settings, cwd: string): string {
  const parts = [settings.baseInstructions ?? baseInstructions, settings.developerInstructions, `The workspace is ${cwd}.`];
  return parts.filter((part) => part).join("\n\n");
}

/** Told to the model when a turn ended before its time; the wording is Codex's own marker, which models know. */
export function turnAborted(reason: "interrupted" | "failed"): ModelItem {
  const text =
    reason === "interrupted"
      ? "<turn_aborted>\nThe user interrupted the previous turn on purpose. Tools that were running may have partly run.\n</turn_aborted>"
      : "<turn_aborted>\nThe previous turn failed before it was finished.\n</turn_aborted>";
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

/** Cut in the middle, with counts, so that the model sees head and tail. `charactersMax` counts UTF-16 units. */
export function cutMiddle(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const half = Math.floor(charactersMax / 2);
  const left = text.length - 2 * half;
  return `${text.slice(0, half)}\n[… ${left} of ${text.length} characters left out …]\n${text.slice(-half)}`;
}
