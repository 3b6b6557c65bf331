/** Copies, and says that it did. A text that is large is made when it is asked for. */
import { useEffect, useState } from "preact/hooks";

interface CopyProps {
  text: string | (() => string);
  label: string;
  title?: string;
}

export function Copy({ text, label, title }: CopyProps) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), 2_000);
    return () => clearTimeout(timer);
  }, [state]);
  // Refused, say because the page is not the one in front, or served over plain HTTP.
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : text());
      setState("copied");
    } catch {
      setState("failed");
    }
  };
  return (
    <button type="button" class="bare copy" title={title} onClick={() => void copy()}>
      <span aria-live="polite">{{ idle: label, copied: "Copied", failed: "Not copied" }[state]}</span>
    </button>
  );
}
