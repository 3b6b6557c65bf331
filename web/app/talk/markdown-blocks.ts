/**
 * Markdown in pieces that can be rendered on their own: what is finished is rendered once, and only what is still written is parsed again.
 * A text is cut at blank lines, but not within a fence, before an indented line, or between the items of a list.
 */

export interface MarkdownBlocks {
  /** All of it so far. */
  text: string;
  /** Nothing that follows changes these any more. */
  finished: readonly string[];
  /** Where what is still open begins. */
  openFrom: number;
  /** How far lines were looked at, and what was found in the open block. */
  scannedTo: number;
  fence: string | null;
  isList: boolean;
  isAfterBlank: boolean;
}

export const noBlocks: MarkdownBlocks = {
  text: "",
  finished: [],
  openFrom: 0,
  scannedTo: 0,
  fence: null,
  isList: false,
  isAfterBlank: false,
};

/** The same with more text. One that does not go on where the last one ended begins anew. */
export function withText(before: MarkdownBlocks, text: string): MarkdownBlocks {
  if (text === before.text) return before;
  const next = text.startsWith(before.text) ? { ...before, text } : { ...noBlocks, text };
  const finished: string[] = [];
  for (let end = endOfLine(next); end >= 0; end = endOfLine(next)) {
    scanLine(next, text.slice(next.scannedTo, end), finished);
    next.scannedTo = end + 1;
  }
  // The line that is being written begins another block if its first sign says so; a list waits for all of it.
  if (canCut(next) && !next.isList && /^\S/.test(text.slice(next.scannedTo, next.scannedTo + 1))) cut(next, finished);
  return { ...next, finished: finished.length > 0 ? [...next.finished, ...finished] : next.finished };
}

/** What is still written. */
export function openBlock({ text, openFrom }: MarkdownBlocks): string {
  return text.slice(openFrom);
}

/** Of a block that is one fence, finished or not: what stands in it. Those are not parsed, however long they are. */
export function fenceOf(block: string): { language: string; code: string } | null {
  const opening = /^(`{3,}|~{3,})([^\n]*)(\n|$)/.exec(block);
  const [whole = "", marks = "", info = ""] = opening ?? [];
  if (!opening || (marks.startsWith("`") && info.includes("`"))) return null;
  const lines = block.slice(whole.length);
  const closing = new RegExp(`(?:^|\\n) {0,3}${marks[0]}{${marks.length},}[ \\t]*(?=\\n|$)`).exec(lines);
  if (closing && lines.slice(closing.index + closing[0].length).trim() !== "") return null;
  const code = closing ? lines.slice(0, closing.index) : lines.replace(/\n$/, "");
  return { language: info.trim().split(/\s+/)[0] ?? "", code };
}

type Scanning = { -readonly [Key in keyof MarkdownBlocks]: MarkdownBlocks[Key] };

function endOfLine({ text, scannedTo }: MarkdownBlocks): number {
  return text.indexOf("\n", scannedTo);
}

function scanLine(next: Scanning, line: string, finished: string[]): void {
  if (next.fence !== null) {
    if (closes(line, next.fence)) next.fence = null;
    return;
  }
  if (line.trim() === "") {
    next.isAfterBlank = true;
    return;
  }
  const isItem = /^\s*(?:[-*+]|\d{1,9}[.)])(?:\s|$)/.test(line);
  if (canCut(next) && /^\S/.test(line) && !(next.isList && isItem)) cut(next, finished);
  next.isAfterBlank = false;
  next.isList ||= isItem;
  next.fence = /^[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)*(`{3,}(?=[^`]*$)|~{3,})/.exec(line)?.[1] ?? null;
}

function closes(line: string, fence: string): boolean {
  const marks = line.replace(/^[\s>]*/, "").trimEnd();
  return marks.length >= fence.length && marks === fence.charAt(0).repeat(marks.length);
}

function canCut({ isAfterBlank, openFrom, scannedTo }: MarkdownBlocks): boolean {
  return isAfterBlank && scannedTo > openFrom;
}

function cut(next: Scanning, finished: string[]): void {
  finished.push(next.text.slice(next.openFrom, next.scannedTo));
  next.openFrom = next.scannedTo;
  next.isList = false;
  next.isAfterBlank = false;
}
