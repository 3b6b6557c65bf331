/** How an upload stands: what is done, what stayed here and why, and how to send again what failed. */
import { Visible } from "../diff/visible.tsx";
import type { LocalFile, Selection } from "./upload.ts";

export type UploadState =
  | { type: "running"; done: number; of: number }
  | { type: "ended"; sent: number; leftOut: Selection["leftOut"]; failed: { file: LocalFile; reason: string }[] };

interface UploadNoticeProps {
  state: UploadState;
  retry: (files: LocalFile[]) => void;
  dismiss: () => void;
}

/** More of a list is read by nobody. */
const namedMax = 50;

export function UploadNotice({ state, retry, dismiss }: UploadNoticeProps) {
  if (state.type === "running")
    return (
      <p class="upload-notice" role="status">
        Uploading {state.done} of {state.of} files …
        <progress value={state.done} max={state.of} aria-label="Upload" />
      </p>
    );
  const { sent, leftOut, failed } = state;
  const others = [...failed.map(({ file, reason }) => ({ path: file.path, reason })), ...leftOut];
  return (
    <div class="upload-notice">
      <p role="status">
        {sent === 1 ? "1 file" : `${sent} files`} uploaded{failed.length > 0 && `, ${failed.length} failed`}
        {leftOut.length > 0 && `, ${leftOut.length} left out`}.
      </p>
      {others.length > 0 && (
        <details>
          <summary>Which, and why</summary>
          <ul>
            {others.slice(0, namedMax).map(({ path, reason }) => (
              <li key={path}>
                <Visible text={path} />: {reason}
              </li>
            ))}
            {others.length > namedMax && <li>{others.length - namedMax} more</li>}
          </ul>
        </details>
      )}
      <div class="choices">
        {failed.length > 0 && (
          <button type="button" onClick={() => retry(failed.map(({ file }) => file))}>
            Try again
          </button>
        )}
        <button type="button" class="quiet" onClick={dismiss}>
          Close
        </button>
      </div>
    </div>
  );
}
