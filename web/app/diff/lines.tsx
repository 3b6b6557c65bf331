/** Lines of a diff as rows of a table, in one column of text or in two. */
import { useState } from "preact/hooks";
import { memo } from "../memo.ts";
import { diffLimits } from "./limits.ts";
import type { DiffLine } from "./patch-files.ts";
import { Visible } from "./visible.tsx";
import { type Part, sideBySide, wordMarks } from "./word-marks.ts";

export type Layout = "unified" | "split";

export interface LinesProps {
  lines: readonly DiffLine[];
  layout: Layout;
  showsSpaces: boolean;
  /** Somebody wants to say something about this line. Null where there is nobody to say it to. */
  onComment: ((line: DiffLine) => void) | null;
}

/** Not drawn again while what it shows stays: choosing a hunk must not cost a thousand rows. */
export const Lines = memo(({ lines, layout, showsSpaces, onComment }: LinesProps) => {
  const marks = wordMarks(lines);
  const text = (line: DiffLine) => <LineText line={line} parts={marks.get(line)} showsSpaces={showsSpaces} />;
  if (layout === "split") {
    return sideBySide(lines).map(({ left, right }, index) => (
      <tr key={index}>
        <LineNumber line={left} side="oldLine" onComment={left === right ? null : onComment} />
        {left ? (
          <td class={`text ${left.sign === "-" ? "removed" : ""}`}>
            {left.sign === "-" && <Sign sign="-" />}
            {text(left)}
          </td>
        ) : (
          <td class="text absent" />
        )}
        <LineNumber line={right} side="newLine" onComment={onComment} />
        {right ? (
          <td class={`text ${right.sign === "+" ? "added" : ""}`}>
            {right.sign === "+" && <Sign sign="+" />}
            {text(right)}
          </td>
        ) : (
          <td class="text absent" />
        )}
      </tr>
    ));
  }
  return lines.map((line, index) => (
    <tr key={index}>
      <LineNumber line={line} side="oldLine" onComment={line.sign === "-" ? onComment : null} />
      <LineNumber line={line} side="newLine" onComment={onComment} />
      <td class={`text ${line.sign === "+" ? "added" : line.sign === "-" ? "removed" : ""}`}>
        <Sign sign={line.sign} />
        {text(line)}
      </td>
    </tr>
  ));
});

function Sign({ sign }: { sign: DiffLine["sign"] }) {
  return <span class="sign">{sign === "-" ? "−" : sign}</span>;
}

/** By keyboard the hunk's own "Comment" leads to every line: a thousand stops would help nobody. */
function LineNumber({
  line,
  side,
  onComment,
}: {
  line: DiffLine | null;
  side: "oldLine" | "newLine";
  onComment: LinesProps["onComment"];
}) {
  const number = line?.[side] ?? null;
  const tone = line === null || line.sign === " " ? "" : line.sign === "+" ? "added" : "removed";
  return (
    <td class={`number ${line === null ? "absent" : tone}`}>
      {line && number !== null && onComment ? (
        <button type="button" tabIndex={-1} aria-label={`Comment on line ${number}`} onClick={() => onComment(line)}>
          {number}
        </button>
      ) : (
        number
      )}
    </td>
  );
}

function LineText({ line, parts, showsSpaces }: { line: DiffLine; parts: Part[] | undefined; showsSpaces: boolean }) {
  const end = line.endsBare && <span class="bare-end"> no line break at the end</span>;
  if (line.text.length > diffLimits.lineCharactersShown)
    return (
      <>
        <LongText text={line.text} showsSpaces={showsSpaces} />
        {end}
      </>
    );
  if (!parts)
    return (
      <>
        <Visible text={line.text} showsSpaces={showsSpaces} />
        {end}
      </>
    );
  return (
    <>
      {parts.map(({ text, isMarked }, index) => {
        // Spaces between two words are not at the end of the line.
        const shown = <Visible text={text} showsSpaces={showsSpaces && index === parts.length - 1} />;
        return isMarked ? <mark key={index}>{shown}</mark> : <span key={index}>{shown}</span>;
      })}
      {end}
    </>
  );
}

function LongText({ text, showsSpaces }: { text: string; showsSpaces: boolean }) {
  const [count, setCount] = useState<number>(diffLimits.lineCharactersShown);
  const rest = text.length - count;
  return (
    <>
      <Visible text={text.slice(0, count)} showsSpaces={showsSpaces && rest <= 0} />
      {rest > 0 && (
        <button type="button" class="more-text" onClick={() => setCount(count + diffLimits.lineCharactersStep)}>
          {rest <= diffLimits.lineCharactersStep
            ? `show all: ${grouped(rest)} more characters`
            : `show more of ${grouped(rest)} characters`}
        </button>
      )}
    </>
  );
}

export function grouped(count: number): string {
  return count.toLocaleString("en").replaceAll(",", " ");
}
