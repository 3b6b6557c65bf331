/** Says something about one line to the agent: it steers the turn that runs, or begins the next one. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useStore } from "../store/store.ts";
import { diffLimits } from "./limits.ts";
import type { DiffLine } from "./patch-files.ts";

export function CommentForm({
  threadId,
  path,
  lines,
  line,
  onDone,
}: {
  threadId: string;
  path: string;
  /** What it may be about, by keyboard. */
  lines: readonly DiffLine[];
  line: DiffLine;
  /** `key`: of the message; null when nothing was said. */
  onDone: (key: string | null) => void;
}) {
  const { client } = useStore();
  const [index, setIndex] = useState(Math.max(0, lines.indexOf(line)));
  const [text, setText] = useState("");
  const [failure, setFailure] = useState<string | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const about = lines[index] ?? line;
  useEffect(() => {
    box.current?.focus();
    // Not under the bar that one decides in.
    box.current?.form?.scrollIntoView({ block: "center" });
  }, []);
  const send = async () => {
    if (text.trim() === "") return box.current?.focus();
    try {
      onDone(await client.unsent.send(threadId, commentText(path, about, text.trim())));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form
      class="comment"
      aria-label="Comment on a line"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onDone(null);
        else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <label>
        About{" "}
        <select value={index} onChange={(event) => setIndex(Number(event.currentTarget.value))}>
          {lines.slice(0, Math.max(diffLimits.commentLinesMax, index + 1)).map((each, at) => (
            <option key={at} value={at}>
              {lineName(each)}: {each.text.slice(0, 60)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="unseen">Comment</span>
        <textarea
          ref={box}
          rows={2}
          placeholder="Said to the agent, with the line"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {failure && (
        <p class="failed" role="alert">
          {failure}
        </p>
      )}
      <div class="choices">
        <button type="submit">Send</button>
        <button type="button" class="quiet" onClick={() => onDone(null)}>
          Cancel
        </button>
      </div>
    </form>
  );
}

/** How a comment fares, while it is not in the log. */
export function CommentFate({ messageKey }: { messageKey: string }) {
  const { unsent, connection } = useStore();
  const message = unsent.value.find(({ key }) => key === messageKey);
  const failed = message?.state === "failed";
  return (
    <p class={failed ? "comment-fate failed" : "comment-fate"} role={failed ? "alert" : "status"}>
      {failed
        ? `Not sent: ${message.failure}. It stands in the talk.`
        : message && connection.value.type !== "online"
          ? "Your comment will be sent when the network is back."
          : "Said to the agent."}
    </p>
  );
}

/** Example: `On notes.txt line 12:` with the line quoted, and what was said. */
export function commentText(path: string, line: DiffLine, words: string): string {
  const cut = line.text.length > diffLimits.quotedCharactersMax;
  const quote = cut ? `${line.text.slice(0, diffLimits.quotedCharactersMax)} …` : line.text;
  return `On ${path} ${lineName(line)}:\n> ${quote}\n\n${words}`;
}

/** A line that goes has its old number only. */
function lineName({ sign, oldLine, newLine }: DiffLine): string {
  return sign === "-" ? `removed line ${oldLine}` : `line ${newLine}`;
}
