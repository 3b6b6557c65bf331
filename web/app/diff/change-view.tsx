/** A proposed change as a reviewer wants it, and the answer to it while it waits. By keyboard once the focus is within. */
import "./diff.css";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { keepText, keptText } from "../store/kept.ts";
import { Copy } from "../talk/copy.tsx";
import { changePatch, type FileChange } from "./change-patch.ts";
import { Decide, useDecision } from "./decide.tsx";
import { fileTree, type TreeNode } from "./file-tree.ts";
import { Counts, FileView, type HunkChoice } from "./file-view.tsx";
import { diffLimits } from "./limits.ts";
import { grouped, type Layout } from "./lines.tsx";
import { type PatchFile, patchFiles, pieceNumbers } from "./patch-files.ts";
import { useQuestion } from "./question.ts";
import { Visible } from "./visible.tsx";

export const changeWords = { inProgress: "proposed", completed: "applied", failed: "not applied", declined: "declined" } as const;

/** `thread` and `item` are enough: the request that waits for it is found here. */
export function ChangeView({ thread, item }: { thread: ThreadHandle; item: FileChange }) {
  const patch = changePatch(item);
  const root = useRef<HTMLDivElement>(null);
  const id = useId();
  const files = useMemo(() => patchFiles(patch), [patch]);
  const all = useMemo(() => (item.proposal ? pieceNumbers(files) : []), [files, item.proposal]);
  const question = useQuestion(thread, item);
  const [leftOut, toggle] = useLeftOut(item.proposal?.hash);
  const wanted = useMemo(() => all.filter((number) => !leftOut.has(number)), [all, leftOut]);
  const chosen = { all, wanted };
  const decision = useDecision(thread, item, question, chosen);
  const folded = useMemo(() => foldedAtFirst(files), [files]);
  /** By path, where somebody wants it otherwise. */
  const [folds, setFolds] = useState<Record<string, boolean>>({});
  const isFolded = (index: number) => folds[files[index]?.path ?? ""] ?? folded[index] ?? false;
  const [filesShown, setFilesShown] = useState<number>(diffLimits.filesShown);
  const [showsSpaces, setShowsSpaces] = useState(false);
  const [layout, setLayout, canSplit] = useLayout(root);
  const hasChoice = question.type === "open" && all.length > 1;
  const choice: HunkChoice | null = hasChoice
    ? {
        count: all.length,
        isChosen: (number) => !leftOut.has(number),
        toggle,
      }
    : null;
  const headId = (file: PatchFile) => `${id}-${files.indexOf(file)}`;
  const jump = (file: PatchFile) => {
    const index = files.indexOf(file);
    setFilesShown((count) => Math.max(count, index + 1));
    setFolds((before) => ({ ...before, [file.path]: false }));
    // After it is drawn.
    requestAnimationFrame(() => focus(document.getElementById(headId(file))));
  };
  const keys: Record<string, () => void> = {
    j: () => focusStop(root.current, 1),
    k: () => focusStop(root.current, -1),
    x: () => {
      const number = Number(document.activeElement?.closest<HTMLElement>("[data-stop]")?.dataset.number);
      if (choice && number) choice.toggle(number);
    },
    a: decision.accept,
    d: () => decision.decline(),
    u: () => setLayout("unified"),
    s: () => setLayout("split"),
    Escape: () => (document.activeElement as HTMLElement | null)?.blur(),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const act = keys[event.key];
    if (!act || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.target as Element).matches("textarea, select, input:not([type=checkbox])")) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  useFocusKept(root, `${question.type} ${item.proposal?.hash}`);
  const [added, removed] = [sum(files, "added"), sum(files, "removed")];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the controls of a form.
    <div ref={root} class="change-view" role="group" aria-label="Change of files" tabIndex={-1} onKeyDown={onKeyDown}>
      <div class="change-head">
        <span class={`badge ${item.status}`}>{changeWords[item.status]}</span>
        <span>
          {files.length === 1 ? "1 file" : `${grouped(files.length)} files`} <Counts added={added} removed={removed} />
        </span>
        <span class="tools">
          {canSplit && (
            <button
              type="button"
              class="bare"
              aria-pressed={layout === "split"}
              onClick={() => setLayout(layout === "split" ? "unified" : "split")}
            >
              Side by side
            </button>
          )}
          <button type="button" class="bare" aria-pressed={showsSpaces} onClick={() => setShowsSpaces(!showsSpaces)}>
            Spaces
          </button>
          <Copy text={() => patch} label="Copy patch" />
          {item.proposal && (
            <Copy
              text={() => item.proposal?.hash ?? ""}
              label={item.proposal.hash.slice(0, 8)}
              title="Copy the hash of this diff: a yes is to exactly what has it"
            />
          )}
        </span>
      </div>
      {files.length > 1 && (
        <nav aria-label="Files of this change">
          <details open={canSplit && files.length <= 12}>
            <summary>Files</summary>
            <Tree nodes={fileTree(files)} onJump={jump} />
          </details>
        </nav>
      )}
      {files.slice(0, filesShown).map((file, index) => (
        <FileView
          key={index}
          file={file}
          thread={thread}
          layout={layout}
          showsSpaces={showsSpaces}
          choice={choice}
          isOpen={!isFolded(index)}
          onToggle={() => setFolds({ ...folds, [file.path]: !isFolded(index) })}
          headId={headId(file)}
        />
      ))}
      {files.length > filesShown && (
        <p class="file-note">
          <button type="button" class="quiet" onClick={() => setFilesShown(filesShown + diffLimits.filesShown)}>
            Show more of {grouped(files.length - filesShown)} files
          </button>
        </p>
      )}
      <Decide decision={decision} chosen={chosen} />
      {question.type === "open" && (
        <details class="keys">
          <summary>Keys</summary>
          <p>
            In the diff: <kbd>j</kbd> <kbd>k</kbd> next and previous hunk
            {hasChoice && (
              <>
                , <kbd>x</kbd> take it or leave it out
              </>
            )}
            , <kbd>a</kbd> accept, <kbd>d</kbd> decline, <kbd>u</kbd> <kbd>s</kbd> one column or two, <kbd>Esc</kbd> leave
          </p>
        </details>
      )}
    </div>
  );
}

function Tree({ nodes, onJump }: { nodes: readonly TreeNode[]; onJump: (file: PatchFile) => void }) {
  return (
    <ul class="file-tree">
      {nodes.slice(0, diffLimits.filesShown).map((node, index) => (
        <li key={index}>
          {node.type === "folder" ? (
            <>
              <span class="folder">
                <Visible text={node.name} />/
              </span>
              <Tree nodes={node.nodes} onJump={onJump} />
            </>
          ) : (
            <button type="button" class="bare" onClick={() => onJump(node.file)}>
              <span class="path">
                <Visible text={node.name} />
              </span>
              <Counts added={node.file.added} removed={node.file.removed} />
            </button>
          )}
        </li>
      ))}
      {nodes.length > diffLimits.filesShown && <li>… and {grouped(nodes.length - diffLimits.filesShown)} more</li>}
    </ul>
  );
}

/** Another hash is another diff: nothing left out of the one before counts for it. */
function useLeftOut(hash: string | undefined): [ReadonlySet<number>, toggle: (number: number) => void] {
  const [left, setLeft] = useState<{ hash: string | undefined; numbers: ReadonlySet<number> }>({ hash, numbers: new Set() });
  const numbers = left.hash === hash ? left.numbers : nothing;
  const toggle = (number: number) => {
    const next = new Set(numbers);
    if (!next.delete(number)) next.add(number);
    setLeft({ hash, numbers: next });
  };
  return [numbers, toggle];
}

const nothing: ReadonlySet<number> = new Set();

/** What is more than one reads in one go. A single file is opened all the same; its hunks say themselves how much is left. */
function foldedAtFirst(files: readonly PatchFile[]): boolean[] {
  let lines = 0;
  return files.map(({ added, removed }) => {
    lines += added + removed;
    return files.length > 1 && (added + removed > diffLimits.fileLinesOpen || lines > diffLimits.allLinesOpen);
  });
}

/** Two columns where there is room for them; the wish is remembered also where there is none. */
function useLayout(root: { current: HTMLElement | null }): [Layout, (layout: Layout) => void, canSplit: boolean] {
  const [wish, setWish] = useState<Layout>(() => (keptText("diff-layout") === "split" ? "split" : "unified"));
  const [canSplit, setCanSplit] = useState(false);
  useEffect(() => {
    if (!root.current) return;
    const observer = new ResizeObserver(([entry]) => setCanSplit((entry?.contentRect.width ?? 0) >= diffLimits.splitWidthMin));
    observer.observe(root.current);
    return () => observer.disconnect();
  }, [root]);
  const set = (layout: Layout) => {
    setWish(layout);
    keepText("diff-layout", layout === "unified" ? null : layout);
  };
  return [canSplit ? wish : "unified", set, canSplit];
}

/** Buttons go when it is decided, and hunks that were left out when the rest has landed; whoever was on one of them stays at the diff. */
function useFocusKept(root: { current: HTMLElement | null }, state: string): void {
  const hadFocus = useRef(false);
  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const note = () => {
      hadFocus.current = true;
    };
    const forget = (event: FocusEvent) => {
      // Without a next element it may be that this one is about to go.
      if (event.relatedTarget) hadFocus.current = element.contains(event.relatedTarget as Node);
    };
    element.addEventListener("focusin", note);
    element.addEventListener("focusout", forget);
    return () => {
      element.removeEventListener("focusin", note);
      element.removeEventListener("focusout", forget);
    };
  }, [root]);
  useEffect(() => {
    if (hadFocus.current && document.activeElement === document.body) root.current?.focus({ preventScroll: true });
  }, [root, state]);
}

function focusStop(root: HTMLElement | null, step: 1 | -1): void {
  if (!root) return;
  const stops = [...root.querySelectorAll<HTMLElement>("[data-stop]")];
  const focused = document.activeElement;
  const at = stops.findIndex((stop) => stop.contains(focused));
  // Somewhere between two of them: on to the nearest in that direction.
  const isBehind = (stop: HTMLElement) =>
    focused !== null && focused !== root && (focused.compareDocumentPosition(stop) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  const nearest = step === 1 ? (stops.find(isBehind) ?? stops[0]) : stops.findLast((stop) => !isBehind(stop));
  focus(at >= 0 ? stops[at + step] : nearest);
}

function focus(element: HTMLElement | null | undefined): void {
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "nearest" });
}

function sum(files: readonly PatchFile[], side: "added" | "removed"): number {
  return files.reduce((total, file) => total + file[side], 0);
}
