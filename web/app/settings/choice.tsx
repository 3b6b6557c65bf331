/** One setting with its few values, and a sentence that says what it does. */
import { useId } from "preact/hooks";

interface ChoiceProps {
  label: string;
  /** What it does, in one sentence. */
  says: string;
  value: string;
  options: readonly { value: string; label: string }[];
  choose: (value: string) => void;
  /** Whether it stands on the server now; null where nothing was changed. */
  isSaved?: boolean | null;
}

export function Choice({ label, says, value, options, choose, isSaved = null }: ChoiceProps) {
  const id = useId();
  // What another client wrote may be none of ours, and is not changed by being looked at.
  const all = options.some((option) => option.value === value) ? options : [...options, { value, label: value }];
  return (
    <div class="setting">
      <label for={id}>{label}</label>
      <select id={id} value={value} aria-describedby={`${id}-says`} onChange={(event) => choose(event.currentTarget.value)}>
        {all.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <p id={`${id}-says`}>
        {says}{" "}
        <span class="saved" role="status">
          {isSaved === null ? "" : isSaved ? "Saved." : "Saving …"}
        </span>
      </p>
    </div>
  );
}
