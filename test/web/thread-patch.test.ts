/** The patch of a whole thread, as `git apply` takes it. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { filePatch, textHunks } from "#core/diff";
import type { Turn } from "#protocol/turn";
import { createRandom } from "#test/support/random";
import { threadPatch } from "../../web/app/diff/thread-patch.ts";

interface File {
  text: string;
  mode: number;
}
type Tree = Map<string, File>;

const names = ["a.txt", "dir/b.txt", "dir/c d.txt", "run.sh"];

const blobId = (text: string) =>
  createHash("sha1")
    .update(`blob ${Buffer.byteLength(text)}\0${text}`)
    .digest("hex");
const sideOf = (file: File | undefined) => (file ? { mode: file.mode, hash: blobId(file.text) } : null);

/** What a proposal says: one patch over all paths that differ, in the order of their names. */
function diffOf(before: Tree, after: Tree): string {
  return names
    .filter((name) => JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name)))
    .map((name) => {
      const [old, now] = [before.get(name), after.get(name)];
      return filePatch(name, sideOf(old), sideOf(now), { type: "text", hunks: textHunks(old?.text ?? "", now?.text ?? "") });
    })
    .join("");
}

/** Applies it to these files in a folder of its own, and reads what became of them. */
function applied(before: Tree, patch: string): [string, File][] {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "thread-patch-"));
  try {
    execFileSync("git", ["-C", root, "init", "-q"]);
    for (const [name, { text, mode }] of before) {
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      fs.writeFileSync(path.join(root, name), text, { mode: mode & 0o777 });
    }
    if (patch !== "") execFileSync("git", ["-C", root, "apply", "-"], { input: patch, stdio: ["pipe", "ignore", "pipe"] });
    return names.flatMap((name) => {
      const place = path.join(root, name);
      if (!fs.existsSync(place)) return [];
      const mode = fs.statSync(place).mode & 0o100 ? 0o100755 : 0o100644;
      return [[name, { text: fs.readFileSync(place, "utf8"), mode }] as [string, File]];
    });
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

const change = (diff: string, atMs: number, status = "completed") => ({
  type: "fileChange",
  id: String(atMs),
  changes: [],
  status,
  proposal: { hash: "", diff },
  completedAtMs: atMs,
});
const turnsOf = (...turns: object[][]) => turns.map((items) => ({ items })) as unknown as Turn[];
const listed = (tree: Tree) => names.flatMap((name) => (tree.has(name) ? [[name, tree.get(name)]] : []));

test("git applies the whole of a thread at once, whatever its turns did to the same files, and makes what the workspace has", () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = createRandom(seed);
    const pick = random.below;
    const base: Tree = new Map([
      ["a.txt", { text: Array.from({ length: 30 }, (_, line) => `line ${line}\n`).join(""), mode: 0o100644 }],
      ["run.sh", { text: "echo one", mode: 0o100644 }],
    ]);
    let now: Tree = new Map(base);
    const turns: object[][] = [];
    for (let step = 1; step <= 8; step += 1) {
      const next: Tree = new Map(now);
      for (let edits = 1 + pick(2); edits > 0; edits -= 1) {
        const name = names[pick(names.length)] ?? "";
        const file = next.get(name);
        if (!file) next.set(name, { text: `new ${seed} ${step}\nmore\n`, mode: pick(4) === 0 ? 0o100755 : 0o100644 });
        else if (random.chance(0.2)) next.delete(name);
        else if (random.chance(0.25)) next.set(name, { ...file, mode: file.mode === 0o100644 ? 0o100755 : 0o100644 });
        else {
          const lines = file.text.split("\n");
          lines.splice(pick(lines.length), pick(2), `changed ${step}`);
          next.set(name, { ...file, text: lines.join("\n") });
        }
        kinds.add(file ? (next.has(name) ? "changed" : "deleted") : now.has(name) || base.has(name) ? "made again" : "made");
      }
      const diff = diffOf(now, next);
      // Every second step belongs to the turn of the one before; what was declined is in none of it.
      const items = [change(diff, step), change("diff --git a/no b/no\n", step, "declined")];
      if (step % 2 === 0) turns.at(-1)?.push(...items);
      else turns.push(items);
      now = next;
    }
    expect(applied(base, threadPatch(turnsOf(...turns))), `seed ${seed}`).toEqual(listed(now));
  }
  expect([...kinds].sort()).toEqual(["changed", "deleted", "made", "made again"]);
});

test("what landed first stands first, however the turns list it", () => {
  const base: Tree = new Map([["a.txt", { text: "one\n", mode: 0o100644 }]]);
  const two: Tree = new Map([["a.txt", { text: "two\n", mode: 0o100644 }]]);
  const three: Tree = new Map([["a.txt", { text: "three\n", mode: 0o100644 }]]);
  const turns = turnsOf([change(diffOf(two, three), 2), change(diffOf(base, two), 1)]);
  expect(applied(base, threadPatch(turns))).toEqual(listed(three));
});

test("a thread in which nothing landed has no patch", () => {
  expect(threadPatch(turnsOf([change("diff", 1, "declined")]))).toBe("");
});
