/** A path that somebody types: for a new file, a new folder, another name. */
import { useState } from "preact/hooks";
import { problemOfPath } from "./tree.ts";

interface PathFormProps {
  label: string;
  action: string;
  initial: string;
  /** Says why not by what it throws. */
  submit: (path: string) => Promise<void>;
  close: () => void;
}

export function PathForm({ label, action, initial, submit, close }: PathFormProps) {
  const [path, setPath] = useState(initial);
  const [problem, setProblem] = useState<string | null>(null);
  const send = async (event: Event) => {
    event.preventDefault();
    const wrong = problemOfPath(path);
    if (wrong) return setProblem(wrong);
    try {
      await submit(path);
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form class="path-form" onSubmit={(event) => void send(event)} onKeyDown={(event) => event.key === "Escape" && close()}>
      <label>
        {label}
        <input
          value={path}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          ref={focusFirst}
          aria-invalid={problem !== null}
          aria-describedby={problem ? "path-problem" : undefined}
          onInput={(event) => setPath(event.currentTarget.value)}
        />
      </label>
      <div class="choices">
        <button type="submit">{action}</button>
        <button type="button" class="quiet" onClick={close}>
          Cancel
        </button>
      </div>
      {problem && (
        <p id="path-problem" class="notice failed" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

/** Once: the same function is not called again when the form is drawn anew. */
function focusFirst(input: HTMLInputElement | null): void {
  input?.focus();
}
