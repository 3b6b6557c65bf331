/** The page's keys, as the table has them: heard wherever one is, but never while one types, and never over a dialog. */
import { useEffect } from "preact/hooks";
import { go, goToList, place, type ThreadTab } from "../place.ts";
import { moveInList } from "./list-focus.ts";
import { overlay } from "./overlay.ts";
import { type Command, keyName, stepOf } from "./shortcuts.ts";
import { usesSingleKeys } from "./single-keys.ts";

/** Between two keys of one shortcut: whoever thinks longer meant something else. */
const pauseMsMax = 1_500;

export function Keys() {
  useEffect(() => {
    let pressed: string[] = [];
    let pressedAtMs = 0;
    const listen = (event: KeyboardEvent) => {
      const name = keyName(event);
      if (name === null || event.defaultPrevented || event.isComposing || event.repeat) return;
      const isModified = name.startsWith("Mod+");
      if (document.querySelector("dialog[open]") || (!isModified && (isTyping(event.target) || !usesSingleKeys.value))) {
        pressed = [];
        return;
      }
      const isLate = event.timeStamp - pressedAtMs > pauseMsMax;
      const before = isLate ? [] : pressed;
      const step = [[...before, name], [name]].map(stepOf).find(({ type }) => type !== "none");
      pressed = step?.type === "begun" ? [name] : [];
      pressedAtMs = event.timeStamp;
      if (!step) return;
      event.preventDefault();
      if (step.type === "command") act[step.command]();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
  return null;
}

const toTab = (tab: ThreadTab) => () => {
  if (place.value.view === "thread") go({ view: "thread", threadId: place.value.threadId, tab, item: null });
};

const act: Record<Command, () => void> = {
  palette: () => {
    overlay.value = "palette";
  },
  help: () => {
    overlay.value = "help";
  },
  newThread: () => go({ view: "new" }),
  searchThreads: () => {
    const field = document.querySelector<HTMLElement>(".thread-pane input[type=search]");
    if (field?.offsetParent == null) goToList();
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".thread-pane input[type=search]")?.focus());
  },
  nextThread: () => moveInList(".threads a.thread-link", 1),
  previousThread: () => moveInList(".threads a.thread-link", -1),
  threads: goToList,
  inbox: () => go({ view: "inbox" }),
  memory: () => go({ view: "memory" }),
  settings: () => go({ view: "settings" }),
  talk: toTab("talk"),
  changes: toTab("changes"),
  decisions: toTab("decisions"),
  files: toTab("files"),
  write: () => document.querySelector<HTMLElement>(".composer textarea")?.focus(),
};

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio])");
}
