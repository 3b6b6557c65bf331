/** Words that are changed in place. Enter saves, Escape leaves them as they were. */
import { useEffect, useRef, useState } from "preact/hooks";

interface EditTextProps {
  label: string;
  text: string;
  action: string;
  save(text: string): Promise<void>;
  cancel(): void;
}

export function EditText({ label, text, action, save, cancel }: EditTextProps) {
  const [edited, setEdited] = useState(text);
  const [isSaving, setSaving] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async () => {
    if (!edited.trim() || isSaving) return;
    setSaving(true);
    await save(edited).finally(() => setSaving(false));
  };
  return (
    <form
      class="edit-text"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // The turn that runs is not meant.
        event.preventDefault();
        cancel();
      }}
    >
      <textarea
        ref={field}
        aria-label={label}
        rows={Math.min(10, edited.split("\n").length + 1)}
        value={edited}
        onInput={(event) => setEdited(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          void submit();
        }}
      />
      <p class="choices">
        <button type="submit" disabled={isSaving || !edited.trim()}>
          {action}
        </button>
        <button type="button" class="quiet" onClick={cancel}>
          Cancel
        </button>
      </p>
    </form>
  );
}
