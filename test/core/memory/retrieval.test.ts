/** A turn finds what was written about its like, and nothing where nothing fits. */
import { expect, test } from "vitest";
import { buildIndex, search } from "#core/memory/retrieval";
import { clusterOf, languagesOf } from "#core/memory/task-cluster";
import { coverage, similarity, termsOf } from "#core/memory/terms";
import { fragment } from "./fragments.ts";

const fragments = [
  fragment("parser", {
    title: "Parser errors carry a position",
    when: "Changing the parser",
    keys: ["language:typescript", "error:syntaxerror"],
  }),
  fragment("build", {
    title: "The build needs generated types",
    when: "The build fails",
    keys: ["language:typescript", "tool:npm run build"],
  }),
  fragment("python", { title: "Pin versions", when: "Adding a dependency", keys: ["language:python"] }),
  ...Array.from({ length: 40 }, (_, place) =>
    fragment(`other-${place}`, {
      title: `Topic${place} matters`,
      when: `Working on topic${place}`,
      keys: ["language:typescript"],
    }),
  ),
];
const index = buildIndex(fragments);
const found = (text: string, keys: string[] = []) => search(index, { text, keys }).map(({ fragment: { id } }) => id);

test("words find their fragment, in whatever form they are spelled", () => {
  expect(found("please fix the parser's error positions")[0]).toBe("parser");
  expect(found("ParserErrors")[0]).toBe("parser");
  expect(found("Die Übersetzung")).toEqual([]);
});

test("an exact key finds more surely than words do; a key that nearly all have says nearly nothing", () => {
  expect(found("pin it", ["error:syntaxerror"])).toEqual(["parser", "python"]);
  const common = search(index, { text: "", keys: ["language:typescript"] });
  expect(common.every(({ relevance }) => relevance < 0.1)).toBe(true);
});

test("the least bad of bad matches does not pass for a good one", () => {
  const [best] = search(index, { text: "what matters in life", keys: [] });
  expect(best?.relevance).toBeLessThan(0.5);
  expect(search(index, { text: "topic7", keys: [] })[0]).toMatchObject({ fragment: { id: "other-7" }, relevance: 1 });
});

test("twelve come back at most, the best first, and always the same", () => {
  const results = search(index, { text: "topic0 topic1 topic2 topic3 working matters parser build", keys: [] });
  expect(results).toHaveLength(12);
  const relevances = results.map(({ relevance }) => relevance);
  expect(relevances).toEqual(relevances.toSorted((one, other) => other - one));
  expect(search(buildIndex(fragments), { text: "working", keys: [] })).toEqual(search(index, { text: "working", keys: [] }));
});

test("a question as long as a book is looked at as far as its bound", () => {
  const book = `${"unheardof ".repeat(400)} parser`;
  expect(found(book)).toEqual([]);
  expect(search(buildIndex([]), { text: "parser", keys: [] })).toEqual([]);
});

test("terms are words and parts of names; likeness is what two texts share", () => {
  expect(termsOf("The parseHTTPResponse of 3 classes_v2, größer")).toEqual(["parse", "httpresponse", "classe", "v2", "größer"]);
  expect(similarity(new Set(["a", "b"]), new Set(["b", "c"]))).toBe(1 / 3);
  expect(similarity(new Set(), new Set())).toBe(0);
  expect(coverage(new Set(["a", "b"]), new Set(["b", "c", "d"]))).toBe(0.5);
});

test("a turn's kind is its language and what was asked for", () => {
  expect(clusterOf("Fix the failing login", ["src/login.ts", "a.md", "b.ts"])).toBe("typescript/fix");
  expect(clusterOf("Füge etwas hinzu", ["Makefile"])).toBe("any/other");
  expect(languagesOf(["a.py", "b.constructor", "c.rs", "d.rs"])).toEqual(["rust", "python"]);
});
