/**
 * A list of rows of any height, of which only those in sight are drawn. Who reads its end stays there while more is written; who scrolled
 * away is not moved. What is in the list is the caller's.
 */
import { elementScroll, observeElementOffset, observeElementRect, type Range, Virtualizer } from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { drawnRows } from "./drawn-rows.ts";
import { talkLimits } from "./limits.ts";

interface LongListProps<Row extends { key: string }> {
  rows: readonly Row[];
  label: string;
  /** Pixels, until a row was measured. */
  estimate(row: Row): number;
  draw(row: Row): ComponentChildren;
  /** The row to begin at; else the end. */
  startAt: string | null;
}

export function LongList<Row extends { key: string }>({ rows, label, estimate, draw, startAt }: LongListProps<Row>) {
  const scroller = useRef<HTMLDivElement>(null);
  const hadFocus = useRef(false);
  /** Who reads the end follows what is written, until they scroll up. */
  const isFollowing = useRef(startAt === null);
  const lastTop = useRef(0);
  /** Rows that there were when the reader left the end. */
  const seenRows = useRef(rows.length);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const getItemKey = useKeys(rows);
  const list = useRef<Virtualizer<HTMLDivElement, HTMLDivElement> | null>(null);
  list.current ??= new Virtualizer<HTMLDivElement, HTMLDivElement>(optionsOf(rows));
  const virtualizer = list.current;
  virtualizer.setOptions(optionsOf(rows));

  function optionsOf(rows: readonly Row[]) {
    return {
      count: rows.length,
      getScrollElement: () => scroller.current,
      estimateSize: (index: number) => (rows[index] ? estimate(rows[index]) : 0),
      getItemKey,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => redraw(undefined),
      overscan: talkLimits.overscanRows,
      rangeExtractor: (range: Range) => drawnRows(range, (index) => list.current?.measurementsCache[index]?.size ?? 0),
    };
  }

  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => {
    virtualizer._willUpdate();
    if (isFollowing.current) toEnd();
    // Its row was scrolled away: the keyboard goes on where it was.
    if (hadFocus.current && document.activeElement === document.body) scroller.current?.focus({ preventScroll: true });
  });
  const [marked, setMarked] = useState<string | null>(null);
  useEffect(() => {
    const index = startAt === null ? -1 : rows.findIndex(({ key }) => key === startAt);
    if (startAt === null || index < 0) return;
    isFollowing.current = false;
    setMarked(startAt);
    // Rows are measured as they come into sight, and what stands above moves: it is aimed again until it stays, or somebody scrolls.
    const element = scroller.current;
    let frame = 0;
    let left = talkLimits.aimFrames;
    const aim = () => {
      virtualizer.scrollToIndex(index, { align: "start" });
      const row = element?.querySelector<HTMLElement>(`[data-index="${index}"]`);
      if (row && !row.contains(document.activeElement)) row.focus({ preventScroll: true });
      left -= 1;
      if (left > 0) frame = requestAnimationFrame(aim);
    };
    const stop = () => cancelAnimationFrame(frame);
    aim();
    const gestures = ["wheel", "touchstart", "keydown", "pointerdown"];
    for (const gesture of gestures) element?.addEventListener(gesture, stop, { passive: true });
    const timer = setTimeout(() => setMarked(null), talkLimits.markedMs);
    return () => {
      stop();
      clearTimeout(timer);
      for (const gesture of gestures) element?.removeEventListener(gesture, stop);
    };
  }, [virtualizer, startAt]);

  function toEnd(): void {
    isFollowing.current = true;
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }

  function noteScroll({ scrollTop, scrollHeight, clientHeight }: HTMLElement): void {
    const isAtEnd = scrollHeight - scrollTop - clientHeight <= talkLimits.endPx;
    // What is written moves the end away; only going up is leaving it.
    if (isAtEnd || scrollTop < lastTop.current) isFollowing.current = isAtEnd;
    lastTop.current = scrollTop;
  }

  /** At once: the browser's own way there is an animation, and ends where the first row is measured on it. */
  function jump(key: string): boolean {
    const page = (scroller.current?.clientHeight ?? 0) * 0.9;
    if (key === "Home") virtualizer.scrollToOffset(0);
    else if (key === "End") toEnd();
    else if (key === "PageUp") virtualizer.scrollBy(-page);
    else if (key === "PageDown") virtualizer.scrollBy(page);
    else return false;
    return true;
  }

  const items = virtualizer.getVirtualItems();
  if (isFollowing.current) seenRows.current = rows.length;
  const newRows = Math.max(0, rows.length - seenRows.current);
  return (
    <div class="long-list">
      <div
        class="log"
        ref={scroller}
        role="log"
        // Rows come and go with scrolling; what is new is told elsewhere.
        aria-live="off"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
        tabIndex={0}
        onScroll={(event) => noteScroll(event.currentTarget)}
        onKeyDown={(event) => {
          if (event.target === event.currentTarget && jump(event.key)) event.preventDefault();
        }}
        onFocusIn={() => {
          hadFocus.current = true;
        }}
        onFocusOut={({ relatedTarget }) => {
          // Without a next one, the row itself may have gone.
          if (relatedTarget) hadFocus.current = false;
        }}
      >
        <div class="rows" style={{ height: `${virtualizer.getTotalSize()}px` }}>
          <div style={{ transform: `translateY(${items[0]?.start ?? 0}px)` }}>
            {items.map(({ key, index }) => {
              const row = rows[index];
              return (
                row && (
                  <div
                    key={key}
                    class={key === marked ? "row marked" : "row"}
                    tabIndex={key === startAt ? -1 : undefined}
                    data-index={index}
                    ref={virtualizer.measureElement}
                  >
                    {draw(row)}
                  </div>
                )
              );
            })}
          </div>
        </div>
      </div>
      {!isFollowing.current && (
        <button type="button" class="quiet latest" onClick={toEnd}>
          ↓ {newRows > 0 ? `${newRows} new` : "Latest"}
        </button>
      )}
    </div>
  );
}

/** The same function as long as the keys are the same: with another one the list measures all its rows again, at every word that is written. */
function useKeys<Row extends { key: string }>(rows: readonly Row[]): (index: number) => string | number {
  const known = useRef<{ rows: readonly Row[]; keyOf(index: number): string | number } | null>(null);
  const before = known.current;
  if (before && haveSameKeys(before.rows, rows)) before.rows = rows;
  else {
    const made = { rows, keyOf: (index: number) => made.rows[index]?.key ?? index };
    known.current = made;
  }
  return known.current?.keyOf ?? ((index) => index);
}

/** A plain loop: it runs over thousands of rows at every frame. */
function haveSameKeys<Row extends { key: string }>(some: readonly Row[], others: readonly Row[]): boolean {
  if (some === others) return true;
  if (some.length !== others.length) return false;
  for (let index = some.length - 1; index >= 0; index -= 1) {
    if (some[index] !== others[index] && some[index]?.key !== others[index]?.key) return false;
  }
  return true;
}
