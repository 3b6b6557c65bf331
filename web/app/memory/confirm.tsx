/** Asks before what cannot be taken back. The browser's own dialog keeps the focus in it and gives it back. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface ConfirmProps {
  title: string;
  /** What is done: a verb. */
  action: string;
  children: ComponentChildren;
  confirm(): void;
  close(): void;
}

export function Confirm({ title, action, children, confirm, close }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    // A stray Enter changes nothing.
    keep.current?.focus();
  }, []);
  return (
    <dialog ref={dialog} class="confirm" aria-label={title} onClose={close}>
      <h2>{title}</h2>
      {children}
      <div class="choices">
        <button
          type="button"
          class="grave"
          onClick={() => {
            confirm();
            dialog.current?.close();
          }}
        >
          {action}
        </button>
        <button type="button" class="quiet" ref={keep} onClick={() => dialog.current?.close()}>
          Keep
        </button>
      </div>
    </dialog>
  );
}

export function Failure({ words }: { words: string | null }) {
  return words === null ? null : (
    <p class="notice failed" role="alert">
      {words}
    </p>
  );
}
