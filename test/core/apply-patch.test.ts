import * as fs from "node:fs";
import { expect, test } from "vitest";
import { applyOperation, applyOperations, type PatchOperation, parsePatchText } from "#core/apply-patch";
import { createRandom, type Random } from "../support/random.ts";

/** What an update makes of a text, or `reason: message`. */
function updated(text: string, ...diff: string[]): string {
  const result = applyOperation({ type: "update_file", path: "f", diff: diff.map((line) => `${line}\n`).join("") }, () => text);
  return result.type === "applied" ? String(result.content) : `${result.reason}: ${result.message}`;
}

const klass = [
  "class A:",
  "    def one(self):",
  "        x = 1",
  "        return x",
  "",
  "    def two(self):",
  "        x = 2",
  "        return x",
  "",
  "class B:",
  "    def one(self):",
  "        x = 3",
  "        return x",
  "",
].join("\n");

test("the operations that a real model sent are applied", () => {
  const operations = ["apply-patch-tool.1.jsonl", "apply-patch-tool-delete.1.jsonl"].flatMap(recordedOperations);
  const files = applyOperations(operations, (path) => (path === "obsolete.txt" ? "old\n" : null));
  expect(files).toEqual({
    type: "applied",
    files: new Map([
      [
        "shopping-checklist.md",
        "## Shopping Checklist\n\n- [ ] Milk\n- [ ] Bread\n- [ ] Eggs\n- [ ] Fresh fruit\n- [ ] Coffee\n",
      ],
      ["obsolete.txt", null],
    ]),
  });
});

test("shown lines that stand once are changed where they stand", () => {
  expect(updated("a\nb\nc\n", "@@", " a", "-b", "+B", " c")).toBe("a\nB\nc\n");
  expect(updated("a\nb\nc\n", "-b", "+B")).toBe("a\nB\nc\n");
  expect(updated("a\nb\nc\n", "@@", " a", "-b", "@@", "-c", "+C", "+D")).toBe("a\nC\nD\n");
  expect(updated("a\nb\n", "-a", "-b")).toBe("");
});

test("anchors lead into the right function of the right class", () => {
  expect(updated(klass, "@@ class B:", "@@     def one(self):", "-        x = 3", "+        x = 33")).toContain("x = 33");
  expect(updated(klass, "@@ class A:", "@@ def two(self):", "         x = 2", "-        return x", "+        return -x")).toBe(
    klass.replace("x = 2\n        return x", "x = 2\n        return -x"),
  );
  // Inside an anchor that stands once, the first place counts.
  expect(updated(klass, "@@ class B", "-        return x", "+        return 0")).toBe(klass.replace(/return x\n$/, "return 0\n"));
  // An anchor that stands twice helps when only one of its parts has the lines.
  expect(updated(klass, "@@ def one(self):", "-        x = 3", "+        x = 4")).toBe(klass.replace("x = 3", "x = 4"));
});

test("lines that stand at several places are refused, and the refusal says where and what to do", () => {
  expect(updated(klass, "-        return x", "+        return 0")).toBe(
    "ambiguous: f: these lines stand at several places (lines 4, 8, 13):\n|         return x\n" +
      "Show more lines around the change, or name the function or class it is in with @@",
  );
  expect(updated(klass, "@@ def one(self):", "-        return x", "+        return 0")).toMatch(
    /^ambiguous: .*\(lines 4, 8, 13\)/,
  );
});

test("the other chunks decide which of several places is meant", () => {
  const text = "x\n1\nx\n2\nx\n3\n";
  expect(updated(text, "@@", "-x", "+y", " 1", "@@", "-x", "+z", " 3")).toBe("y\n1\nx\n2\nz\n3\n");
  // Three places and three chunks in order: only one way.
  expect(updated("x\nx\nx\n", "@@", "-x", "+1", "@@", "-x", "+2", "@@", "-x", "+3")).toBe("1\n2\n3\n");
  expect(updated("x\nx\nx\n", "@@", "-x", "+1", "@@", "-x", "+2")).toMatch(/^ambiguous/);
});

test("a chunk that stands above the one before it is found too", () => {
  expect(updated("a\nb\nc\n", "@@", "-c", "+C", "@@", "-a", "+A")).toBe("A\nb\nC\n");
});

test("trailing whitespace may differ, and the file's own stays where nothing changes", () => {
  expect(updated("a  \nb\t\nc\n", " a", "-b", "+B", " c")).toBe("a  \nB\nc\n");
});

test("where the indentation differs by a constant, added lines get the file's", () => {
  const text = "def f():\n    if x:\n        return 1\n";
  expect(updated(text, " if x:", "-    return 1", "+    y = 2", "+    return y")).toBe(
    "def f():\n    if x:\n        y = 2\n        return y\n",
  );
  expect(updated("\tif x:\n\t\treturn 1\n", "     if x:", "-        return 1", "+        return 2")).toBe(
    "\tif x:\n\t\treturn 2\n",
  );
});

test("where nobody can say which indentation was meant, the change is refused", () => {
  expect(updated("    return 1\n", "-return 1", "+    return 2")).toMatch(/^contextNotFound/);
  expect(updated("    a\n  b\n", " a", "-b", "+c")).toMatch(/^contextNotFound/);
  // What only goes needs no indentation.
  expect(updated("    a\n  b\n", " a", "-b")).toBe("    a\n");
});

test("dashes, quotes and spaces may be their typographic cousins", () => {
  expect(updated("say “hi” – now\nend\n", '-say "hi" - now', "+said", " end")).toBe("said\nend\n");
});

test("the strictest match decides, even when a looser one stands before it", () => {
  expect(updated("  a\na\n", "-a", "+b")).toBe("  a\nb\n");
});

test("the end of the file is a place of its own", () => {
  expect(updated("a\nx\nb\nx\n", "-x", "+y", "*** End of File")).toBe("a\nx\nb\ny\n");
  expect(updated("x\nb\nx  \n", "-x", "+y", "*** End of File")).toBe("x\nb\ny\n");
  expect(updated("a\n", "@@", "+b", "*** End of File")).toBe("a\nb\n");
  expect(updated("a\nb\n", " b", "+c", "", "*** End of File")).toBe("a\nb\nc\n");
});

test("lines to add need a place: an anchor, the end, or an empty file", () => {
  expect(updated(klass, "@@ class B:", "+    y = 0")).toBe(klass.replace("class B:\n", "class B:\n    y = 0\n"));
  expect(updated("", "+a", "+b")).toBe("a\nb\n");
  expect(updated("a\n", "@@", "+b")).toBe(
    "ambiguous: f: these lines are to be added, but nothing says where; show the lines around them, or add *** End of File",
  );
  expect(updated(klass, "@@     def one(self):", "+        pass")).toMatch(/^ambiguous: .*stands 2 times/);
});

test.for<[string, string, string[], string]>([
  ["CRLF", "a\r\nb\r\nc\r\n", [" a", "-b", "+B", "+B2", " c"], "a\r\nB\r\nB2\r\nc\r\n"],
  ["CRLF, in a patch with CRLF too", "a\r\nb\r\n", [" a\r", "-b\r", "+B\r"], "a\r\nB\r\n"],
  ["LF, in a patch with CRLF", "a\nb\n", [" a\r", "-b\r", "+B\r"], "a\nB\n"],
  ["mixed endings", "a\nb\r\nc\n", [" a", "-b", "+B", " c"], "a\nB\r\nc\n"],
  ["no final newline", "a\nb", [" a", "-b", "+B"], "a\nB"],
  ["no final newline, a line added", "a\nb", [" b", "+c"], "a\nb\nc"],
  ["no final newline, the last line gone", "a\nb", [" a", "-b"], "a"],
  ["no final newline, CRLF", "a\r\nb", [" b", "+c"], "a\r\nb\r\nc"],
  ["a marker that takes the final newline", "a\nb\n", ["-b", "+B", "\\ No newline at end of file"], "a\nB"],
  ["a marker that gives it", "a\nb", ["-b", "\\ No newline at end of file", "+b"], "a\nb\n"],
])("kept as the file has it: %s", ([, before, diff, after]) => {
  expect(updated(before, ...diff)).toBe(after);
});

test("lines that are nowhere are refused with what stands there instead", () => {
  expect(updated("a\nb\nc\nd\n", " a", " b", "-x", "+y")).toBe(
    "contextNotFound: f: these lines are not in the file:\n| a\n| b\n| x\nThe nearest lines are:\n1: a\n2: b\n3: c",
  );
  expect(updated("a\n", "@@ class Missing", "-a", "+b")).toBe("contextNotFound: f: no line is like the anchor @@ class Missing");
  expect(updated("a\nb\n", "@@", "-a", "+A", "@@", "-nowhere", "+x")).toMatch(/^contextNotFound: f: chunk 2: /);
});

test("two chunks that change the same line are refused", () => {
  expect(updated("a\nb\nc\n", "@@", " a", "-b", "+1", "@@", "-a", "-b", "+2")).toBe(
    "overlapping: f: two chunks change line 2; write them as one",
  );
});

test("line numbers and closing marks of unified diffs are not taken for anchors", () => {
  expect(updated("a\nb\n", "@@ -1,2 +1,2 @@", " a", "-b", "+B")).toBe("a\nB\n");
  expect(updated(klass, "@@ -9,3 +9,3 @@ class B:", "-        x = 3", "+        x = 4")).toBe(klass.replace("x = 3", "x = 4"));
});

test.for<[string, PatchOperation, string]>([
  ["a file to create with a bare line", { type: "create_file", path: "n", diff: "+a\nb\n" }, "malformed"],
  ["an update of nothing", { type: "update_file", path: "n", diff: "-a\n" }, "notFound"],
  ["an update without lines", { type: "update_file", path: "there", diff: "" }, "malformed"],
  ["an update with a strange line", { type: "update_file", path: "there", diff: "a\n" }, "malformed"],
  ["an anchor without lines", { type: "update_file", path: "there", diff: "@@ x\n" }, "malformed"],
  ["a deletion of nothing", { type: "delete_file", path: "n" }, "notFound"],
  ["a move onto a file", { type: "update_file", path: "there", diff: "-x\n", move_to: "taken" }, "alreadyExists"],
])("refused: %s", ([, operation, reason]) => {
  const result = applyOperation(operation, (path) => (path === "n" ? null : "x\n"));
  expect(result).toMatchObject({ type: "refused", reason, path: operation.path });
});

test("the envelope holds any number of files, each seeing what came before", () => {
  const patch = `*** Begin Patch
*** Add File: new.txt
+one
+two

*** Update File: old.txt
*** Move to: moved.txt
@@
-old
+changed
*** Update File: new.txt
-two
+2
*** Delete File: gone.txt
*** End Patch`;
  const files: Record<string, string> = { "old.txt": "old\n", "gone.txt": "x" };
  const operations = parsePatchText(patch);
  expect(Array.isArray(operations) && applyOperations(operations, (path) => files[path] ?? null)).toEqual({
    type: "applied",
    files: new Map([
      ["new.txt", "one\n2\n"],
      ["old.txt", null],
      ["moved.txt", "changed\n"],
      ["gone.txt", null],
    ]),
  });
  expect(parsePatchText(`\`\`\`\n${patch}\n\`\`\`\n`)).toEqual(operations);
  expect(parsePatchText(`apply_patch <<'EOF'\n${patch}\nEOF\n`)).toEqual(operations);
  expect(parsePatchText(patch.replaceAll("\n", "\r\n"))).toEqual(operations);
});

test("one refused operation refuses the whole patch", () => {
  const operations: PatchOperation[] = [
    { type: "create_file", path: "a", diff: "+a\n" },
    { type: "delete_file", path: "missing" },
  ];
  expect(applyOperations(operations, () => null)).toMatchObject({ type: "refused", reason: "notFound", path: "missing" });
});

test.for<[string, string]>([
  ["no beginning", "*** Add File: a\n+a\n*** End Patch"],
  ["no end, as in a stream that broke", "*** Begin Patch\n*** Add File: a\n+a\n"],
  ["no file", "*** Begin Patch\n*** End Patch"],
  ["an unknown header", "*** Begin Patch\n*** Rename File: a\n*** End Patch"],
  ["lines after a deletion", "*** Begin Patch\n*** Delete File: a\n-a\n*** End Patch"],
  ["prose around it", "Here is the patch you asked for:\n*** Begin Patch\n*** Delete File: a\n*** End Patch"],
])("an envelope is refused: %s", ([, text]) => {
  expect(parsePatchText(text)).toMatchObject({ type: "refused", reason: "malformed" });
});

/** `SEED=7` repeats one run, `SEEDS=5000` makes more of them. */
const { SEED, SEEDS = "2000" } = process.env;
const seeds = SEED === undefined ? Array.from({ length: Number(SEEDS) }, (_, index) => index + 1) : [Number(SEED)];

test("generated edits, exact and with careless whitespace, come out as meant or are refused; none comes out wrong", () => {
  let applied = 0;
  let refused = 0;
  for (const seed of seeds) {
    const random = createRandom(seed);
    const { before, after, diff: exact } = randomEdit(random);
    const diff = random.chance(0.6) ? exact : careless(random, exact);
    const result = applyOperation({ type: "update_file", path: "f", diff }, () => before);
    const report = `SEED=${seed}\n--- before\n${before}\n--- patch\n${diff}\n--- result\n${JSON.stringify(result)}`;
    if (result.type === "applied") {
      expect(result.content, report).toBe(after);
      applied += 1;
    } else {
      expect(diff === exact ? ["ambiguous"] : ["ambiguous", "contextNotFound"], report).toContain(result.reason);
      refused += 1;
    }
  }
  expect(applied + refused).toBe(seeds.length);
  if (seeds.length > 1) expect(applied).toBeGreaterThan(refused * 2);
});

/** A file with many repeated lines, edited at some places, and the patch of a model that shows up to three lines around each. */
function randomEdit(random: Random): { before: string; after: string; diff: string } {
  const end = random.pick(["\n", "\r\n"]);
  const finalEnd = random.chance(0.8) ? end : "";
  const repeated = ["", "}", "    return x", "\treturn x", "  pass", "end", "-- sql", "++i", "@@ -1 +1 @@", "*** star"];
  const lines = Array.from({ length: 5 + random.below(60) }, (_, index) =>
    random.chance(0.5) ? random.pick(repeated) : `    line ${index} ${random.below(1000)}`,
  );
  // What does not end with a newline must not end with an empty line, or it would.
  if (finalEnd === "") lines.push("last");
  const patch: string[] = [];
  const result: string[] = [];
  let done = 0;
  const edits = 1 + random.below(3);
  for (let edit = 0; edit < edits; edit += 1) {
    const start = done + random.below(Math.max(1, Math.floor((lines.length - done) / (edits - edit))));
    const removed = Math.min(random.below(4), lines.length - start);
    const added = Array.from(
      { length: removed === 0 ? 1 + random.below(3) : random.below(4) },
      (_, index) => `    new ${edit}.${index}`,
    );
    const width = 1 + random.below(3);
    const head = lines.slice(Math.max(done, start - width), start);
    const tail = lines.slice(start + removed, start + removed + width);
    if (head.length + removed + tail.length === 0) continue;
    patch.push("@@");
    patch.push(...head.map((line) => ` ${line}`));
    const gone = lines.slice(start, start + removed).map((line) => `-${line}`);
    patch.push(...gone, ...added.map((line) => `+${line}`));
    patch.push(...tail.map((line) => ` ${line}`));
    if (start + removed + tail.length === lines.length && random.chance(0.3)) patch.push("*** End of File");
    result.push(...lines.slice(done, start), ...added);
    done = start + removed;
    if (patch.at(-1) === "*** End of File") break;
  }
  result.push(...lines.slice(done));
  const text = (all: string[]) => (all.length === 0 ? "" : all.join(end) + finalEnd);
  return { before: text(lines), after: text(result), diff: patch.map((line) => `${line}\n`).join("") };
}

/** The same patch as a model might write it: trailing spaces more or less, or everything four columns to the left. */
function careless(random: Random, diff: string): string {
  const lines = diff.split("\n");
  const shown = lines.filter((line) => /^[ -]\s*\S/.test(line));
  if (random.chance(0.5) && shown.every((line) => /^[ -] {4}/.test(line))) {
    return lines.map((line) => line.replace(/^([ +-]) {4}/, "$1")).join("\n");
  }
  return lines.map((line) => (/^[ -]/.test(line) && random.chance(0.5) ? `${line.trimEnd() || " "}  ` : line)).join("\n");
}

/** The operations of a recorded stream, as they were complete. */
function recordedOperations(file: string): PatchOperation[] {
  const lines = fs
    .readFileSync(new URL(`../fixtures/model-streams/${file}`, import.meta.url), "utf8")
    .trim()
    .split("\n");
  return lines
    .map((line) => JSON.parse(line) as { type: string; item?: { type: string; operation?: PatchOperation } })
    .filter((event) => event.type === "response.output_item.done" && event.item?.type === "apply_patch_call")
    .map((event) => event.item?.operation as PatchOperation);
}
