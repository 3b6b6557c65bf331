/**
 * Where one writes. Enter sends, Shift-Enter begins a new line; while a turn runs, Enter steers it, and with Ctrl or Cmd the message waits for a
 * turn of its own.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useDraft } from "../store/drafts.ts";

export type SendWay = "now" | "queue";

interface ComposerProps {
  /** What is typed here and not sent is kept under this name. */
  draft: string;
  isRunning: boolean;
  hint: string;
  /** Resolves when the message is kept, and will be sent; rejects when not: the text then stays. */
  send(text: string, way: SendWay): Promise<void>;
  stop(): void;
  /** What the message will be answered under. */
  settings?: ComponentChildren;
}

export function Composer({ draft, isRunning, hint, send, stop, settings }: ComposerProps) {
  const [text, setText] = useDraft(draft);
  const [isSending, setSending] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);

  // Not on a phone, where it would bring up the keyboard over what is to be read.
  useEffect(() => {
    if (document.activeElement === document.body && matchMedia("(hover: hover)").matches) field.current?.focus();
  }, []);

  // As high as what is written, up to what its style allows.
  useLayoutEffect(() => {
    if (!field.current) return;
    field.current.style.height = "auto";
    field.current.style.height = `${field.current.scrollHeight + 2}px`;
  }, [text]);

  async function submit(way: SendWay): Promise<void> {
    if (!text.trim() || isSending) return;
    setSending(true);
    try {
      await send(text, way);
      // Not before it is kept: a page may be closed at any moment. What was typed meanwhile is the next message.
      const typed = field.current?.value ?? "";
      setText(typed.startsWith(text) ? typed.slice(text.length) : typed);
    } catch {
      // The page shows why; the text is there for another try.
    } finally {
      setSending(false);
      field.current?.focus();
    }
  }

  const isEmpty = isSending || !text.trim();
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void submit("now");
      }}
    >
      <div class="box">
        <textarea
          ref={field}
          rows={1}
          value={text}
          placeholder={isRunning ? "Steer the running turn" : hint}
          aria-label="Message"
          enterkeyhint="send"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            // While an input method composes, Enter chooses a word.
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void submit(isRunning && (event.ctrlKey || event.metaKey) ? "queue" : "now");
          }}
        />
        <div class="buttons">
          {settings}
          <span class="keys" aria-hidden="true">
            {isRunning ? "Enter steers · Ctrl+Enter queues · Esc stops" : "Shift+Enter for a new line"}
          </span>
          {isRunning && (
            <>
              <button type="button" class="stop" onClick={stop}>
                Stop
              </button>
              <button type="button" class="quiet" disabled={isEmpty} onClick={() => void submit("queue")}>
                Queue
              </button>
            </>
          )}
          <button type="submit" disabled={isEmpty}>
            {isRunning ? "Steer" : "Send"}
          </button>
        </div>
      </div>
    </form>
  );
}
