/** What keys come to, what the palette offers first, where a term stands in a text, and which addresses become links. */
import { expect, test } from "vitest";
import { keyName, shortcuts, stepOf } from "../../web/app/keys/shortcuts.ts";
import { type Entry, offered, withUsed } from "../../web/app/palette/entries.ts";
import { repositoryLink } from "../../web/app/talk/repository-link.ts";
import { foundIn } from "../../web/app/threads/found-in.ts";

const pressed = (key: string, held: object = {}) => keyName({ key, ctrlKey: false, metaKey: false, altKey: false, ...held });

test("every shortcut is reached by its keys, and none hides another", () => {
  for (const { keys, command } of shortcuts) {
    expect(stepOf(keys), keys.join(" ")).toEqual({ type: "command", command });
    for (let count = 1; count < keys.length; count += 1) expect(stepOf(keys.slice(0, count))).toEqual({ type: "begun" });
  }
  expect(stepOf(["g", "n"])).toEqual({ type: "none" });
  expect(stepOf([])).toEqual({ type: "none" });
});

test("a key is named by its sign; Ctrl and ⌘ are the same, and Alt is somebody else's", () => {
  expect([pressed("?"), pressed("K", { ctrlKey: true }), pressed("k", { metaKey: true })]).toEqual(["?", "Mod+k", "Mod+k"]);
  expect([pressed("Enter"), pressed("Shift"), pressed("n", { altKey: true })]).toEqual([null, null, null]);
});

const entry = (id: string, label: string, detail = ""): Entry => ({ id, kind: "thread", label, detail, run: () => {} });
const entries = [entry("a", "Fix the parser"), entry("b", "Fix the parsel"), entry("c", "Inbox", "What waits")];
const ids = (found: Entry[]) => found.map(({ id }) => id);

test("without words what was used last stands first; with words what fits best, and of equals what was used last", () => {
  expect(ids(offered(entries, " ", []))).toEqual(["a", "b", "c"]);
  expect(ids(offered(entries, "", ["c", "gone", "b"]))).toEqual(["c", "b", "a"]);
  expect(ids(offered(entries, "fxprs", ["b"]))).toEqual(["b", "a"]);
  expect(ids(offered(entries, "waits", []))).toEqual(["c"]);
  expect(offered(entries, "zzz", ["a"])).toEqual([]);
  expect(withUsed(["a", "b"], "b")).toEqual(["b", "a"]);
  const many = Array.from({ length: 40 }, (_, index) => String(index));
  expect(withUsed(many, "new")).toHaveLength(30);
});

test("a term is marked wherever it stands, letter case aside, and means itself", () => {
  const marked = (text: string, term: string) =>
    foundIn(text, term)
      .map((piece) => (piece.isHit ? `[${piece.text}]` : piece.text))
      .join("");
  expect(marked("A heron, a HERON", "heron")).toBe("A [heron], a [HERON]");
  expect(marked("1 + (2) = 3", "(2)")).toBe("1 + [(2)] = 3");
  expect(marked("nothing", "else")).toBe("nothing");
  expect(marked("text", "")).toBe("text");
});

test("a thread's repository is a link to its issue, or else to itself, and never to what is no web address", () => {
  const git = { sha: null, branch: null, originUrl: "https://forge.test/acme/widgets.git" };
  expect(repositoryLink({ ...git, conversationUrl: "https://forge.test/acme/widgets/issues/12" })).toEqual({
    href: "https://forge.test/acme/widgets/issues/12",
    label: "acme/widgets#12",
  });
  expect(repositoryLink(git)?.label).toBe("acme/widgets");
  for (const originUrl of ["javascript:alert(1)", "git@forge.test:acme/widgets.git", "", null])
    expect(repositoryLink({ ...git, originUrl })).toBeNull();
  expect(repositoryLink(null)).toBeNull();
});
