/** Every key of the page in one table: the handler acts by it, and the help is made of it. Pure. */

export type Command =
  | "palette"
  | "help"
  | "newThread"
  | "searchThreads"
  | "nextThread"
  | "previousThread"
  | "threads"
  | "inbox"
  | "memory"
  | "settings"
  | "talk"
  | "changes"
  | "decisions"
  | "files"
  | "write";

export interface Shortcut {
  command: Command;
  /** Pressed one after the other; letters as they are typed. `Mod` is ⌘ on a Mac and Ctrl elsewhere. */
  keys: readonly string[];
  words: string;
}

export const shortcuts: readonly Shortcut[] = [
  { command: "palette", keys: ["Mod+k"], words: "Find threads, places and actions" },
  { command: "help", keys: ["?"], words: "Show the keys" },
  { command: "newThread", keys: ["n"], words: "Begin a thread" },
  { command: "searchThreads", keys: ["/"], words: "Search the threads" },
  { command: "nextThread", keys: ["j"], words: "Next thread of the list" },
  { command: "previousThread", keys: ["k"], words: "Previous thread of the list" },
  { command: "write", keys: ["c"], words: "Write in the thread" },
  { command: "inbox", keys: ["g", "i"], words: "Go to the inbox" },
  { command: "memory", keys: ["g", "m"], words: "Go to the memory" },
  { command: "settings", keys: ["g", "s"], words: "Go to the settings" },
  { command: "threads", keys: ["g", "l"], words: "Go to the list of threads" },
  { command: "talk", keys: ["g", "t"], words: "The thread's talk" },
  { command: "changes", keys: ["g", "c"], words: "The thread's changes" },
  { command: "decisions", keys: ["g", "d"], words: "The thread's decisions" },
  { command: "files", keys: ["g", "f"], words: "The thread's files" },
];

/** Keys that a part of the page takes for itself while it has the focus. It handles them; here they are told of. */
export const keysOfParts: readonly { where: string; keys: readonly string[]; words: string }[] = [
  { where: "In the talk", keys: ["Esc"], words: "Stop the turn that runs" },
  { where: "In the talk", keys: ["Enter"], words: "Send, or steer the turn that runs" },
  { where: "In the talk", keys: ["Mod+Enter"], words: "Queue, while a turn runs" },
  { where: "In a question for approval", keys: ["a"], words: "Accept" },
  { where: "In a question for approval", keys: ["s"], words: "Accept a command for the session" },
  { where: "In a question for approval", keys: ["d"], words: "Decline" },
  { where: "In a question for approval", keys: ["x"], words: "Decline a command and stop" },
  { where: "In a diff", keys: ["j"], words: "Next hunk" },
  { where: "In a diff", keys: ["k"], words: "Previous hunk" },
  { where: "In a diff", keys: ["x"], words: "Take a hunk or leave it out" },
  { where: "In a diff", keys: ["a"], words: "Accept what is taken" },
  { where: "In a diff", keys: ["d"], words: "Decline" },
  { where: "In a diff", keys: ["u"], words: "One column" },
  { where: "In a diff", keys: ["s"], words: "Two columns" },
  { where: "In the inbox", keys: ["j"], words: "Next question" },
  { where: "In the inbox", keys: ["k"], words: "Previous question" },
  { where: "In the inbox", keys: ["a"], words: "Accept" },
  { where: "In the inbox", keys: ["d"], words: "Decline" },
];

export type Step =
  | { type: "command"; command: Command } /** A key of a longer one: the next has to follow. */
  | { type: "begun" }
  | { type: "none" };

/** What the keys come to that were pressed one after the other. */
export function stepOf(pressed: readonly string[]): Step {
  const beginning = shortcuts.filter(({ keys }) => pressed.every((key, place) => keys[place] === key));
  const whole = beginning.find(({ keys }) => keys.length === pressed.length);
  if (whole) return { type: "command", command: whole.command };
  return { type: beginning.length > 0 && pressed.length > 0 ? "begun" : "none" };
}

/** As the table has it; null for what no shortcut is made of. Shift is in the sign itself: `?`. */
export function keyName({
  key,
  ctrlKey,
  metaKey,
  altKey,
}: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string | null {
  if (altKey || key.length !== 1) return null;
  return ctrlKey || metaKey ? `Mod+${key.toLowerCase()}` : key;
}
