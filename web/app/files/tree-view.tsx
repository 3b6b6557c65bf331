/** The tree of a workspace: one stop of the Tab key, arrows within it. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Visible } from "../diff/visible.tsx";
import type { Browser } from "./browser.ts";
import { filesLimits } from "./limits.ts";
import { type Row, rowsOf, stepOf } from "./tree.ts";

interface TreeProps {
  browser: Browser;
  selected: string | null;
  select: (row: Row) => void;
}

export function TreeView({ browser, selected, select }: TreeProps) {
  const all = rowsOf(browser.folders.value, browser.open.value);
  const rows = all.slice(0, filesLimits.shownEntriesMax);
  const [focused, setFocused] = useState<string | null>(selected);
  const element = useRef<HTMLDivElement>(null);
  // Set by a key, for a row may be drawn only after its folder was read.
  const owesFocus = useRef(false);
  const stop = rows.find(({ path }) => path === focused) ?? rows.find(({ path }) => path === selected) ?? rows[0];
  // Before the next key: two arrows in a row are two steps, and a frame would be too late for the second.
  useLayoutEffect(() => {
    if (!owesFocus.current) return;
    owesFocus.current = false;
    element.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  }, [focused]);
  const choose = (row: Row) => {
    setFocused(row.path);
    if (row.isFolder && row.isOpen) browser.fold(row.path);
    else if (row.isFolder) void browser.unfold(row.path);
    select(row);
  };
  const onKeyDown = (event: KeyboardEvent, row: Row) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(row);
      return;
    }
    const step = stepOf(event.key, rows, row.path);
    if (!step) return;
    event.preventDefault();
    if (step.type === "open") void browser.unfold(step.path);
    else if (step.type === "close") browser.fold(step.path);
    else {
      owesFocus.current = true;
      setFocused(step.path);
    }
  };
  return (
    <>
      <div class="tree" role="tree" aria-label="Files" ref={element}>
        {rows.map((row) => (
          <div
            key={row.path}
            role="treeitem"
            class={row.isFolder ? "folder" : "file"}
            aria-level={row.level}
            aria-posinset={row.position}
            aria-setsize={row.siblings}
            aria-expanded={row.isFolder ? row.isOpen : undefined}
            aria-selected={row.path === selected}
            tabIndex={row === stop ? 0 : -1}
            style={{ paddingInlineStart: `${row.level - 0.25}rem` }}
            onClick={() => choose(row)}
            onKeyDown={(event) => onKeyDown(event, row)}
          >
            <Visible text={row.name} />
          </div>
        ))}
      </div>
      {all.length > rows.length && <p class="notice">{all.length - rows.length} more are not shown. Fold folders, or search.</p>}
    </>
  );
}
