/** How the thread's next turns use what they assume. */
import { useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import type { DecisionMode } from "#protocol/decision-tree-methods";
import { useStore } from "../store/store.ts";

const modes: { mode: DecisionMode; label: string; words: string }[] = [
  { mode: "off", label: "Off", words: "The model is not asked what it assumes." },
  {
    mode: "observe",
    label: "Observe",
    words: "The choice is advice: the model decides. So it is unless somebody says otherwise.",
  },
  { mode: "steer", label: "Steer", words: "The choice is the model's next step." },
];

const minuteMs = 60_000;
const waits: { label: string; questionTimeoutMs: number | null }[] = [
  { label: "10 minutes", questionTimeoutMs: 10 * minuteMs },
  { label: "1 hour", questionTimeoutMs: 60 * minuteMs },
  { label: "1 day", questionTimeoutMs: 24 * 60 * minuteMs },
  { label: "1 week", questionTimeoutMs: 7 * 24 * 60 * minuteMs },
  { label: "until somebody answers", questionTimeoutMs: null },
];

/** `drawn`: see `OpenedThread`. What is chosen is what the server tells, until a person chooses. */
export function ModeSetting({ thread }: { thread: ThreadHandle; drawn: number }) {
  const { client } = useStore();
  const threadId = thread.id;
  const { decisionMode: told = null, questionTimeoutMs } = thread.settings ?? {};
  const [chosen, setMode] = useState<DecisionMode | null>(null);
  const mode = chosen ?? told;
  const waitNow = waits.find((each) => each.questionTimeoutMs === questionTimeoutMs)?.label;
  const [wait, setWait] = useState("");
  const [said, setSaid] = useState<{ words: string; isFailure: boolean } | null>(null);
  const save = (event: Event) => {
    event.preventDefault();
    if (!mode) return;
    const timeout = waits[Number(wait)];
    const questionTimeoutMs = wait === "" || !timeout ? {} : { questionTimeoutMs: timeout.questionTimeoutMs };
    // It names the state it leads to, and may be said again.
    client.request("spindle/decisionTree/setMode", { threadId, mode, ...questionTimeoutMs }, { isIdempotent: true }).then(
      () => {
        // From here on it is what the server tells, also when somebody else changes it.
        setMode(null);
        setWait("");
        setSaid({ words: "Set, from the next turn on.", isFailure: false });
      },
      (error: Error) => setSaid({ words: error.message, isFailure: true }),
    );
  };
  return (
    <details class="mode">
      <summary>How this thread decides</summary>
      <form onSubmit={save}>
        <fieldset>
          <legend>From the next turn on</legend>
          {modes.map(({ mode: value, label, words }) => (
            <label key={value}>
              <input type="radio" name="mode" checked={mode === value} onChange={() => setMode(value)} />
              <span>
                <b>{label}.</b> {words}
              </span>
            </label>
          ))}
        </fieldset>
        <label class="wait">
          A question's default is taken after
          <select value={wait} onChange={({ currentTarget }) => setWait(currentTarget.value)}>
            <option value="">{waitNow ? `${waitNow} (as it is)` : "the time that is set now"}</option>
            {waits.map(({ label }, place) => (
              <option key={label} value={place}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="quiet" disabled={!mode}>
          Set
        </button>
        <p class={said?.isFailure ? "notice failed" : "notice"} role="status">
          {said?.words}
        </p>
      </form>
    </details>
  );
}
