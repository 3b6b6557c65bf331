/** A patch with its lines in colour; the signs stay, so that colour is not all there is. */
import "./patch.css";
import { patchLines } from "#client/patch-lines";

const linesMax = 2_000;

export function Patch({ text }: { text: string }) {
  const files = text.match(/^diff --git /gm)?.length ?? 0;
  // Of git's own head a reader needs what became of the file, and its name where there are several.
  const lines = patchLines(text).filter(
    ({ kind, text: line }) => kind !== "head" || !(files > 1 ? /^(index|---|\+\+\+) / : /^(index|---|\+\+\+|diff) /).test(line),
  );
  return (
    <pre class="patch">
      {lines.slice(0, linesMax).map(({ kind, text: line }, index) => (
        <span key={index} class={kind}>
          {`${line}\n`}
        </span>
      ))}
      {lines.length > linesMax && <span class="head">{`… ${lines.length - linesMax} more lines\n`}</span>}
    </pre>
  );
}
