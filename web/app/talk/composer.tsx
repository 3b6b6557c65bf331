/** Where one writes. Enter sends, Shift-Enter begins a new line; while a turn runs, what is sent steers it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useDraft } from "../store/drafts.ts";

interface ComposerProps {
  /** What is typed here and not sent is kept under this name. */
  draft: string;
  isRunning: boolean;
  hint: string;
  /** Resolves when the message is kept, and will be sent; rejects when not: the text then stays. */
  send(text: string): Promise<void>;
  stop(): void;
}

export function Composer({ draft, isRunning, hint, send, stop }: ComposerProps) {
  const [text, setText] = useDraft(draft);
  const [isSending, setSending] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);

  // Not on a phone, where it would bring up the keyboard over what is to be read.
  useEffect(() => {
    if (document.activeElement === document.body && matchMedia("(hover: hover)").matches) field.current?.focus();
  }, []);

  async function submit(): Promise<void> {
    if (!text.trim() || isSending) return;
    setSending(true);
    // At once: what is typed while it is being kept is the next message.
    setText("");
    try {
      await send(text);
    } catch {
      // The page shows why; the text comes back for another try.
      setText(text);
    } finally {
      setSending(false);
      field.current?.focus();
    }
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <textarea
        ref={field}
        rows={Math.min(8, text.split("\n").length)}
        value={text}
        placeholder={isRunning ? "Steer the running turn" : hint}
        aria-label="Message"
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          // While an input method composes, Enter chooses a word.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          void submit();
        }}
      />
      {isRunning && (
        <button type="button" class="stop" onClick={stop}>
          Stop
        </button>
      )}
      <button type="submit" disabled={isSending || !text.trim()}>
        {isRunning ? "Steer" : "Send"}
      </button>
    </form>
  );
}
