/** A patch at a glance, with its lines in colour; the signs stay, so that colour is not all there is. Whoever judges it reads the review. */
import "./patch.css";
import { memo } from "preact/compat";
import { patchLines } from "#client/patch-lines";
import { diffLimits } from "./limits.ts";
import { Visible } from "./visible.tsx";

const { glanceLinesMax, lineCharactersShown } = diffLimits;

/** Not drawn again while the text is the same: it may have a hundred thousand lines. */
export const Patch = memo(({ text }: { text: string }) => {
  const files = text.match(/^diff --git /gm)?.length ?? 0;
  // Of git's own head a reader needs what became of the file, and its name where there are several.
  const lines = patchLines(text).filter(
    ({ kind, text: line }) => kind !== "head" || !(files > 1 ? /^(index|---|\+\+\+) / : /^(index|---|\+\+\+|diff) /).test(line),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
    // biome-ignore lint/a11y/useSemanticElements: no group of fields.
    <pre class="patch" tabIndex={0} role="group" aria-label="Patch">
      {lines.slice(0, glanceLinesMax).map(({ kind, text: line }, index) => (
        <span key={index} class={kind}>
          <Visible text={line.slice(0, lineCharactersShown)} />
          {line.length > lineCharactersShown && ` … ${(line.length - lineCharactersShown).toLocaleString("en")} more characters`}
          {"\n"}
        </span>
      ))}
      {lines.length > glanceLinesMax && (
        <span class="head">{`… ${(lines.length - glanceLinesMax).toLocaleString("en")} more lines\n`}</span>
      )}
    </pre>
  );
});
