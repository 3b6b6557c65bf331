/** Takes a patch along: to the clipboard, or as a file for `git apply`. */
import { useEffect, useState } from "preact/hooks";

/** `text` is made when it is asked for: a turn's patch may be large. */
export function CopyButton({ text, label, title }: { text: () => string; label: string; title?: string }) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), 2_000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setSaid("Copied");
    } catch {
      // Refused, or no secure origin.
      setSaid("Not copied");
    }
  };
  return (
    <button type="button" class="bare" title={title} onClick={() => void copy()}>
      <span aria-live="polite">{said ?? label}</span>
    </button>
  );
}

export function DownloadButton({ text, name }: { text: () => string; name: string }) {
  const download = () => {
    const url = URL.createObjectURL(new Blob([text()], { type: "text/x-diff" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    // Not at once: the browser begins to read it after this.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return (
    <button type="button" class="bare" onClick={download}>
      Download patch
    </button>
  );
}
