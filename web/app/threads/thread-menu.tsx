/** What can be done with a thread: name it, put it away or in a section, go on from it in another, take it along, delete it. */
import "./thread-menu.css";
import { useRef, useState } from "preact/hooks";
import { useStore } from "../store/store.ts";
import { titleOf } from "../store/thread-list.ts";
import { MoveToSection } from "./move-to-section.tsx";
import { type ActedOn, threadActions } from "./thread-actions.ts";

export function ThreadMenu(on: ActedOn) {
  const store = useStore();
  const details = useRef<HTMLDetailsElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const close = () => {
    if (details.current) details.current.open = false;
  };
  const act = (work: () => unknown) => async () => {
    setFailure(null);
    try {
      await work();
      close();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <details
      class="thread-menu"
      ref={details}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !details.current?.open) return;
        event.preventDefault();
        close();
        details.current.querySelector("summary")?.focus();
      }}
      onFocusOut={({ relatedTarget, currentTarget }) => {
        if (relatedTarget instanceof Node && !currentTarget.contains(relatedTarget)) currentTarget.open = false;
      }}
    >
      <summary aria-label={`More for ${titleOf(on.thread)}`}>⋯</summary>
      {isOpen && (
        <div class="choices">
          {threadActions(store, on).map(({ name, run, isFinal }) => (
            <button key={name} type="button" class={isFinal ? "bare remove" : "bare"} onClick={act(run)}>
              {name}
            </button>
          ))}
          <MoveToSection thread={on.thread} done={close} fail={setFailure} />
          {failure && (
            <p class="notice failed" role="alert">
              {failure}
            </p>
          )}
        </div>
      )}
    </details>
  );
}
