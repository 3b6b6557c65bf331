/** A git patch cut into what it says of each file, read as far as it takes to join several of one file: pure. */

export interface Section {
  /** The `diff --git` line: the same for every section of one path. */
  head: string;
  text: string;
  /** Git's mode as it is written; null on the side where there is no file, "" where it is not said. */
  before: string | null;
  after: string | null;
  oldId: string | null;
  newId: string | null;
  hunks: Hunk[];
  /** Forward and backward, each whole; null for a text. */
  binary: [string, string] | null;
}

interface Hunk {
  oldStart: number;
  newStart: number;
  /** With their signs and line ends; the last line of a text may have none. */
  lines: string[];
}

/** No line of a hunk and none of a binary patch can begin as a head does. */
export function sectionsOf(patch: string): Section[] {
  return patch
    .split(/^(?=diff --git )/m)
    .filter((text) => text !== "")
    .map(sectionOf);
}

function sectionOf(text: string): Section {
  const at = text.search(/^(@@ |GIT binary patch$)/m);
  const head = at < 0 ? text : text.slice(0, at);
  const said = (pattern: RegExp) => pattern.exec(head)?.[1] ?? null;
  const [, oldId = null, newId = null, kept = ""] = /^index ([0-9a-f]+)\.\.([0-9a-f]+)(?: (\d+))?$/m.exec(head) ?? [];
  const isNew = /^new file mode/m.test(head);
  const isDeleted = /^deleted file mode/m.test(head);
  const body = at < 0 ? "" : text.slice(at);
  const [, forward = "", backward = ""] = /^GIT binary patch\n([\s\S]*?\n\n)([\s\S]*)$/.exec(body) ?? [];
  return {
    head: text.slice(0, text.indexOf("\n") + 1),
    text,
    before: isNew ? null : (said(/^deleted file mode (\d+)$/m) ?? said(/^old mode (\d+)$/m) ?? kept),
    after: isDeleted ? null : (said(/^new file mode (\d+)$/m) ?? said(/^new mode (\d+)$/m) ?? kept),
    oldId,
    newId,
    hunks: body.startsWith("@@") ? hunksOf(body) : [],
    binary: body.startsWith("GIT") ? [forward, backward] : null,
  };
}

function hunksOf(body: string): Hunk[] {
  return body.split(/^(?=@@ )/m).map((text) => {
    const [first = "", ...rest] = text.split(/(?<=\n)/);
    const [, oldStart = "0", oldCount = "1", newStart = "0", newCount = "1"] =
      /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(first) ?? [];
    const lines: string[] = [];
    for (const line of rest) {
      if (line.startsWith("\\")) lines.push((lines.pop() ?? "").replace(/\n$/, ""));
      else lines.push(line);
    }
    // Where one side has no line, its start names the line before.
    const place = (start: string, count: string) => Number(start) - (count === "0" ? 0 : 1);
    return { oldStart: place(oldStart, oldCount), newStart: place(newStart, newCount), lines };
  });
}

/** The lines of the file on the other side of the section. */
export function across(lines: readonly string[], { hunks }: Section, direction: "forward" | "backward"): string[] {
  const [from, to] = direction === "forward" ? (["-", "+"] as const) : (["+", "-"] as const);
  const out: string[] = [];
  let at = 0;
  for (const hunk of hunks) {
    const start = direction === "forward" ? hunk.oldStart : hunk.newStart;
    out.push(...lines.slice(at, start));
    out.push(...hunk.lines.filter((line) => !line.startsWith(from)).map((line) => line.slice(1)));
    at = start + hunk.lines.filter((line) => !line.startsWith(to)).length;
  }
  return [...out, ...lines.slice(at)];
}
