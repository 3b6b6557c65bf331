/** Everything that landed in a thread as one patch: pure. */
import type { Turn } from "#protocol/turn";
import { changePatch, type FileChange } from "./change-patch.ts";
import { across, type Section, sectionsOf } from "./file-sections.ts";

/**
 * In the order in which it landed, as `git apply` takes it at once. A file that was only changed has one diff behind the other; where git would
 * leave a file that came and went again, or lose one that went and came, its diffs are one. What people wrote to the workspace by themselves is in
 * none of it. "" where nothing landed, or nothing is left of it.
 */
export function threadPatch(turns: readonly Turn[]): string {
  const landed = turns.flatMap(({ items }) => items).filter(hasLanded);
  const inOrder = landed.toSorted((one, other) => (one.completedAtMs ?? 0) - (other.completedAtMs ?? 0));
  const files = Map.groupBy(
    inOrder.flatMap((change) => sectionsOf(changePatch(change))),
    ({ head }) => head,
  );
  const joined = [...files.values()].map((sections) => ({
    text: joinedSections(sections),
    isGone: sections.at(-1)?.after === null,
  }));
  // What goes makes room: a folder may stand where a file was.
  return joined
    .toSorted((one, other) => Number(other.isGone) - Number(one.isGone))
    .map(({ text }) => text)
    .join("");
}

function hasLanded(item: Turn["items"][number]): item is FileChange {
  return item.type === "fileChange" && item.status === "completed";
}

function joinedSections(sections: readonly Section[]): string {
  const [first, last] = [sections[0], sections.at(-1)];
  const comesOrGoes = sections.some(({ before, after }) => before === null || after === null);
  if (sections.length === 1 || !comesOrGoes || !first || !last) return asTheyAre(sections);
  if (first.before === null && last.after === null) return "";
  if (sections.some(({ binary }) => binary)) return joinedBinary(sections, first, last);
  const base = first.before === null ? null : baseOf(sections);
  const end = last.after === null ? null : endOf(sections);
  const modes = modesOf(sections);
  // Git has no change from a file to a link: one goes, the other comes.
  if (base && end && modes.before.slice(0, 3) !== modes.after.slice(0, 3))
    return [written(sections, base, null, modes), written(sections, null, end, modes)].join("");
  return written(sections, base, end, modes);
}

function asTheyAre(sections: readonly Section[]): string {
  return sections.map(({ text }) => text).join("");
}

/** What stood there before: what was deleted first, with everything undone that came before. */
function baseOf(sections: readonly Section[]): string[] {
  const gone = sections.findIndex(({ after }) => after === null);
  return sections.slice(0, gone + 1).reduceRight<string[]>((lines, section) => across(lines, section, "backward"), []);
}

/** What stands there now: what was made last, with everything done that came after. */
function endOf(sections: readonly Section[]): string[] {
  const made = sections.findLastIndex(({ before }) => before === null);
  return sections.slice(made).reduce<string[]>((lines, section) => across(lines, section, "forward"), []);
}

interface Modes {
  before: string;
  after: string;
}

function modesOf(sections: readonly Section[]): Modes {
  return {
    before: sections.find(({ before }) => before)?.before ?? plain,
    after: sections.findLast(({ after }) => after)?.after ?? plain,
  };
}

const plain = "100644";
const absent = "0".repeat(40);

function written(sections: readonly Section[], base: string[] | null, end: string[] | null, modes: Modes): string {
  const isSame = base && end && base.join("") === end.join("");
  if (isSame && modes.before === modes.after) return "";
  return headOf(sections, base !== null, end !== null, modes) + (isSame ? "" : namesAndHunk(sections, base, end));
}

function headOf(sections: readonly Section[], isThere: boolean, stays: boolean, { before, after }: Modes): string {
  const oldId = isThere ? (sections.find(({ oldId: id }) => id)?.oldId ?? absent) : absent;
  const newId = stays ? (sections.findLast(({ newId: id }) => id)?.newId ?? absent) : absent;
  const mode = !isThere
    ? `new file mode ${after}\n`
    : !stays
      ? `deleted file mode ${before}\n`
      : before !== after
        ? `old mode ${before}\nnew mode ${after}\n`
        : "";
  const kept = isThere && stays && before === after ? ` ${before}` : "";
  return `${sections[0]?.head ?? ""}${mode}${oldId === newId ? "" : `index ${oldId}..${newId}${kept}\n`}`;
}

/** All of it in one hunk. The names are those that a section has for its sides. */
function namesAndHunk(sections: readonly Section[], base: string[] | null, end: string[] | null): string {
  const lines = [...(base ?? []).map((line) => `-${line}`), ...(end ?? []).map((line) => `+${line}`)];
  if (lines.length === 0) return "";
  const name = (side: "---" | "\\+\\+\\+") =>
    sections.map(({ text }) => new RegExp(`^${side} (?!/dev/null$).*$`, "m").exec(text)?.[0]).find((found) => found);
  const old = base === null ? "--- /dev/null" : name("---");
  const now = end === null ? "+++ /dev/null" : name("\\+\\+\\+");
  const range = (side: string[] | null) => (side === null || side.length === 0 ? "0,0" : `1,${side.length}`);
  const body = lines.map((line) => (line.endsWith("\n") ? line : `${line}\n\\ No newline at end of file\n`)).join("");
  return `${old}\n${now}\n@@ -${range(base)} +${range(end)} @@\n${body}`;
}

/** Each has both contents whole. One that was a text in between stays as it is: git makes of it what it can. */
function joinedBinary(sections: readonly Section[], first: Section, last: Section): string {
  if (!first.binary || !last.binary) return asTheyAre(sections);
  const head = headOf(sections, first.before !== null, last.after !== null, modesOf(sections));
  return `${head}GIT binary patch\n${last.binary[0]}${first.binary[1]}`;
}
