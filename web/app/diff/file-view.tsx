/** One file of a diff: what becomes of it, its hunks, and what lies between them. */
import type { ComponentChildren } from "preact";
import { useCallback, useMemo, useRef, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { useStore } from "../store/store.ts";
import { CommentFate, CommentForm } from "./comment.tsx";
import { fileNotes } from "./file-notes.ts";
import { type Gap, gapCount, gapLines, gapsOf, isBlob, type KnownText, knownText } from "./folded-context.ts";
import { diffLimits } from "./limits.ts";
import { grouped, type Layout, Lines } from "./lines.tsx";
import type { DiffLine, PatchFile, PatchHunk } from "./patch-files.ts";
import { Visible } from "./visible.tsx";
import { spelled } from "./visible-text.ts";

/** Which hunks a yes would be about. */
export interface HunkChoice {
  count: number;
  isChosen(number: number): boolean;
  toggle(number: number): void;
}

interface FileProps {
  file: PatchFile;
  thread: ThreadHandle;
  layout: Layout;
  showsSpaces: boolean;
  /** Null where nothing is asked, or there is nothing to choose among. */
  choice: HunkChoice | null;
  isOpen: boolean;
  onToggle: () => void;
  headId: string;
}

export function FileView({ file, thread, layout, showsSpaces, choice, isOpen, onToggle, headId }: FileProps) {
  const isWhole = file.number !== null;
  return (
    <section class="file" aria-label={spelled(file.path)}>
      <div
        class="file-head"
        data-stop={isWhole || !isOpen ? "" : undefined}
        data-number={file.number ?? undefined}
        id={headId}
        tabIndex={-1}
      >
        {choice && file.number !== null && <Choose choice={choice} number={file.number} what={file.path} />}
        <button type="button" class="fold" aria-expanded={isOpen} onClick={onToggle}>
          <span class="path">
            <Visible text={file.path} />
          </span>
          {fileNotes(file).map((note) => (
            <span key={note} class="badge">
              <Visible text={note} />
            </span>
          ))}
        </button>
        <Counts added={file.added} removed={file.removed} />
      </div>
      {isOpen && (
        <FileBody file={file} thread={thread} layout={layout} showsSpaces={showsSpaces} choice={isWhole ? null : choice} />
      )}
    </section>
  );
}

export function Counts({ added, removed }: { added: number; removed: number }) {
  return (
    <span class="counts">
      {added > 0 && (
        <span class="plus">
          <span aria-hidden="true">+{grouped(added)}</span>
          <span class="unseen">{added} added</span>
        </span>
      )}{" "}
      {removed > 0 && (
        <span class="minus">
          <span aria-hidden="true">−{grouped(removed)}</span>
          <span class="unseen">{removed} removed</span>
        </span>
      )}
    </span>
  );
}

function Choose({ choice, number, what }: { choice: HunkChoice; number: number; what: string }) {
  return (
    <label class="choose">
      <input
        type="checkbox"
        checked={choice.isChosen(number)}
        aria-label={`Accept hunk ${number}, ${what}`}
        onChange={() => choice.toggle(number)}
      />
    </label>
  );
}

function FileBody({
  file,
  thread,
  layout,
  showsSpaces,
  choice,
}: Pick<FileProps, "file" | "thread" | "layout" | "showsSpaces" | "choice">) {
  const gaps = useMemo(() => gapsOf(file), [file]);
  const context = useContext(file, thread);
  const [shown, setShown] = useState<Record<number, number>>({});
  if (file.hunks.length === 0) {
    return file.binary ? <p class="file-note">A binary file has no lines to show.</p> : null;
  }
  const columns = layout === "split" ? 4 : 3;
  const show = async (index: number) => {
    if (context.known || (await context.read())) {
      setShown((before) => ({ ...before, [index]: (before[index] ?? 0) + diffLimits.contextLinesStep }));
    }
  };
  const gapRows = (gap: Gap, index: number, isLast: boolean) => {
    const count = gapCount(gap, context.known);
    const visible = Math.min(shown[index] ?? 0, count ?? 0);
    const rest = count === null ? null : count - visible;
    const more = rest !== 0 && context.canRead && (
      <tr class="gap" key="more">
        <td colSpan={columns}>
          <button type="button" class="bare" disabled={context.isReading} onClick={() => void show(index)}>
            {moreWords(rest, isLast)}
          </button>
        </td>
      </tr>
    );
    const lines = context.known && visible > 0 && (
      <Lines
        key="lines"
        lines={gapLines(gap, context.known, visible, isLast)}
        layout={layout}
        showsSpaces={showsSpaces}
        onComment={null}
      />
    );
    return isLast ? [lines, more] : [more, lines];
  };
  return (
    <>
      <table class={`lines ${layout}`} aria-label={`Changes of ${spelled(file.path)}`}>
        <colgroup>
          <col class="number" />
          {layout === "split" ? <col class="half" /> : <col class="number" />}
          {layout === "split" && <col class="number" />}
          <col />
        </colgroup>
        {file.hunks.map((hunk, index) => {
          const gap = gaps[index];
          return (
            <HunkRows
              key={index}
              hunk={hunk}
              path={file.path}
              thread={thread}
              layout={layout}
              columns={columns}
              showsSpaces={showsSpaces}
              choice={choice}
              isOnly={file.number !== null}
              above={gap ? gapRows(gap, index, false) : null}
            />
          );
        })}
        <tbody>{gaps.slice(file.hunks.length).map((gap) => gapRows(gap, file.hunks.length, true))}</tbody>
      </table>
      {context.failure && (
        <p class="file-note" role="status">
          {context.failure}
        </p>
      )}
    </>
  );
}

function moreWords(rest: number | null, isLast: boolean): string {
  if (rest === null) return "Show what follows";
  const step = Math.min(rest, diffLimits.contextLinesStep);
  const lines = `${step} ${step === 1 ? "line" : "lines"}`;
  return step === rest ? `Show ${lines} ${isLast ? "below" : "above"}` : `Show ${lines} of ${grouped(rest)}`;
}

function HunkRows({
  hunk,
  path,
  thread,
  layout,
  columns,
  showsSpaces,
  choice,
  isOnly,
  above,
}: {
  hunk: PatchHunk;
  path: string;
  thread: ThreadHandle;
  layout: Layout;
  columns: number;
  showsSpaces: boolean;
  choice: HunkChoice | null;
  /** The file is one piece: it has the choice at its head. */
  isOnly: boolean;
  above: ComponentChildren;
}) {
  const [count, setCount] = useState<number>(diffLimits.hunkLinesShown);
  const [about, setAbout] = useState<DiffLine | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const head = useRef<HTMLTableRowElement>(null);
  const comment = useCallback((line: DiffLine) => setAbout(line), []);
  const lines = useMemo(() => (hunk.lines.length > count ? hunk.lines.slice(0, count) : hunk.lines), [hunk, count]);
  const rest = hunk.lines.length - lines.length;
  const isOut = choice !== null && hunk.number !== null && !choice.isChosen(hunk.number);
  const where = hunk.newEnd - hunk.newStart > 1 ? `lines ${hunk.newStart} to ${hunk.newEnd - 1}` : `line ${hunk.newStart}`;
  const first = hunk.lines.find(({ sign }) => sign !== " ") ?? hunk.lines[0];
  const at = about ? lines.indexOf(about) + 1 : lines.length;
  const done = (key: string | null) => {
    setAbout(null);
    if (key !== null) setSaid(key);
    head.current?.querySelector<HTMLElement>("[data-comment]")?.focus();
  };
  const rows = (part: readonly DiffLine[]) => (
    <Lines lines={part} layout={layout} showsSpaces={showsSpaces} onComment={comment} />
  );
  return (
    <tbody class={isOut ? "left-out" : undefined}>
      {above}
      <tr ref={head} class="hunk">
        <td colSpan={columns}>
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset does not go into a row. */}
          <div
            role="group"
            aria-label={`${hunk.number === null ? "Hunk" : `Hunk ${hunk.number}`}, ${where}`}
            tabIndex={-1}
            data-stop={isOnly ? undefined : ""}
            data-number={hunk.number ?? undefined}
          >
            {choice && hunk.number !== null && <Choose choice={choice} number={hunk.number} what={where} />}
            <span class="where">
              {hunk.number !== null && choice ? `Hunk ${hunk.number} · ` : ""}
              {where}
              {isOut && " · left out"}
            </span>
            {first && (
              <button type="button" class="bare" data-comment="" onClick={() => setAbout(first)}>
                Comment
              </button>
            )}
          </div>
        </td>
      </tr>
      {about === null ? rows(lines) : rows(lines.slice(0, at))}
      {about !== null && (
        <tr class="said">
          <td colSpan={columns}>
            <CommentForm
              key={`${about.oldLine}/${about.newLine}`}
              threadId={thread.id}
              path={path}
              lines={hunk.lines}
              line={about}
              onDone={done}
            />
          </td>
        </tr>
      )}
      {about !== null && rows(lines.slice(at))}
      {said !== null && (
        <tr class="said">
          <td colSpan={columns}>
            <CommentFate messageKey={said} />
          </td>
        </tr>
      )}
      {rest > 0 && (
        <tr class="gap">
          <td colSpan={columns}>
            <button type="button" class="bare" onClick={() => setCount(count + diffLimits.hunkLinesShown)}>
              Show {Math.min(rest, diffLimits.hunkLinesShown)} of {grouped(rest)} lines more
            </button>
          </td>
        </tr>
      )}
    </tbody>
  );
}

/** The text around the hunks: read from the workspace, and taken only when it is the content that the patch was made of or leads to. */
function useContext(file: PatchFile, thread: ThreadHandle) {
  const { client } = useStore();
  const [known, setKnown] = useState<KnownText | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [isReading, setReading] = useState(false);
  // Without a secure origin there is no hash to compare.
  const canRead = file.blobBefore !== null && file.blobAfter !== null && failure === null && crypto.subtle !== undefined;
  const read = async (): Promise<boolean> => {
    setReading(true);
    try {
      const { dataBase64 } = await client.request("fs/readFile", { path: `/workspace/${file.path}`, threadId: thread.id });
      if (dataBase64.length * 0.75 > diffLimits.contextBytesMax)
        throw new Error("The file is too large to show more of it here.");
      const content = Uint8Array.from(atob(dataBase64), (letter) => letter.charCodeAt(0));
      const side = (await isBlob(content, file.blobBefore ?? ""))
        ? "old"
        : (await isBlob(content, file.blobAfter ?? ""))
          ? "new"
          : null;
      if (side === null) throw new Error("The file has changed since, so that the lines around are not known any more.");
      setKnown(knownText(side, new TextDecoder().decode(content)));
      return true;
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      setReading(false);
    }
  };
  return { known, failure, isReading, canRead, read };
}
