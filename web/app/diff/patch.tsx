/** A patch with its lines in colour; the signs stay, so that colour is not all there is. */
import "./patch.css";
import { patchLines } from "#client/patch-lines";

const linesMax = 2_000;

export function Patch({ text }: { text: string }) {
  // Blob ids say nothing to a reader.
  const lines = patchLines(text).filter(({ kind, text: line }) => kind !== "head" || !line.startsWith("index "));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
    // biome-ignore lint/a11y/useSemanticElements: no group of fields.
    <pre class="patch" tabIndex={0} role="group" aria-label="Patch">
      {lines.slice(0, linesMax).map(({ kind, text: line }, index) => (
        <span key={index} class={kind}>
          {`${line}\n`}
        </span>
      ))}
      {lines.length > linesMax && <span class="head">{`… ${lines.length - linesMax} more lines\n`}</span>}
    </pre>
  );
}
