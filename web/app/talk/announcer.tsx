/** Tells who does not see it what was finished, once: messages and questions, and not every word while it is written. */
import { useRef } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { spelled } from "../diff/visible-text.ts";
import { talkLimits } from "./limits.ts";

export function Announcer({ thread }: { thread: ThreadHandle }) {
  const told = useRef<string | null>(null);
  const words = useRef("");
  const turns = thread.state?.turns ?? [];
  const last = turns.at(-1);
  const said = last?.items.findLast((item) => item.type === "agentMessage" && item.completedAtMs !== null);
  const asked = thread.questions.at(-1);
  // What was there when one came is read, not told.
  const newest = asked?.id ?? (last && last.status !== "inProgress" ? `${last.id}/${said?.id}` : said?.id) ?? "";
  if (told.current !== null && told.current !== newest) {
    const text = said?.type === "agentMessage" ? spelled(said.text.slice(0, talkLimits.announcedCharactersMax), "prose") : "";
    if (asked) words.current = "The agent waits for your answer.";
    else if (last?.status === "failed") words.current = "The turn failed.";
    else words.current = text;
  }
  told.current = newest;
  return (
    <p class="unseen" aria-live="polite">
      {words.current}
    </p>
  );
}
