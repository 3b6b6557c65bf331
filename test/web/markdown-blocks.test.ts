/** Markdown in pieces: the same pieces however it came, and together what the whole would be. */
import { marked } from "marked";
import { expect, test } from "vitest";
import { createRandom } from "#test/support/random";
import { fenceOf, type MarkdownBlocks, noBlocks, openBlock, withText } from "../../web/app/talk/markdown-blocks.ts";

const pieces = [
  "# A heading\n",
  "A paragraph with **bold** and `code`.\n",
  "two lines\nof one paragraph\n",
  "- one\n- two\n",
  "- loose\n\n- items\n",
  "1. first\n\n   its second paragraph\n\n2. second\n",
  "text before\n- an item\n",
  "```ts\nconst a = 1;\n\n\nconst b = 2;\n```\n",
  "~~~~\n```\nnot the end\n```\n\n~~~~\n",
  "- item\n\n  ```sh\n  ls\n\n  pwd\n  ```\n",
  "| a | b |\n|---|--:|\n| 1 | 2 |\n",
  "> quoted\n> lines\n",
  "    indented code\n\n    goes on\n",
  "---\n",
  "10) other\n11) marks\n",
  "+ plus\n",
  "Setext\n===\n",
  "\n",
  "  two spaces\n",
  "last without end",
];

const markdownOf = (blocks: MarkdownBlocks): string =>
  [...blocks.finished, openBlock(blocks)].map((block) => marked.parse(block, { async: false })).join("");

test("the pieces together are what the whole is", () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const text = written(seed);
    expect(markdownOf(withText(noBlocks, text)), `seed ${seed}: ${JSON.stringify(text)}`).toBe(
      marked.parse(text, { async: false }),
    );
  }
});

test("text that comes in any portions ends in what it is at once, and what was finished stays", () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const random = createRandom(seed);
    const text = written(seed);
    let blocks = noBlocks;
    for (let length = 0; length < text.length; ) {
      length = Math.min(text.length, length + 1 + random.below(12));
      const before = blocks.finished;
      blocks = withText(blocks, text.slice(0, length));
      expect(blocks.finished.slice(0, before.length)).toEqual(before);
      expect(blocks.finished.join("") + openBlock(blocks)).toBe(text.slice(0, length));
    }
    expect(markdownOf(blocks), `seed ${seed}: ${JSON.stringify(text)}`).toBe(marked.parse(text, { async: false }));
  }
});

test("a paragraph is finished when the next one begins", () => {
  expect(withText(noBlocks, "one\n\n").finished).toEqual([]);
  expect(withText(noBlocks, "one\n\nt").finished).toEqual(["one\n\n"]);
});

test("text that is another than before begins anew", () => {
  const before = withText(noBlocks, "one\n\ntwo\n\nthree");
  expect(withText(before, "un\n\ndeux")).toEqual(withText(noBlocks, "un\n\ndeux"));
});

test("what is parsed again does not grow with what is finished", () => {
  const paragraph = "Some words in a paragraph.\n\n";
  let blocks = noBlocks;
  let parsed = 0;
  for (let count = 1; count <= 2_000; count += 1) {
    blocks = withText(blocks, paragraph.repeat(count));
    parsed += openBlock(blocks).length;
  }
  expect(parsed).toBeLessThanOrEqual(2_000 * paragraph.length);
});

test("a block that is one fence is its code, also while it is written", () => {
  expect(fenceOf("```ts\na\n\nb\n```\n")).toEqual({ language: "ts", code: "a\n\nb" });
  expect(fenceOf("```ts title\na\n")).toEqual({ language: "ts", code: "a" });
  expect(fenceOf("````\n```\n````")).toEqual({ language: "", code: "```" });
  expect(fenceOf("```\n```")).toEqual({ language: "", code: "" });
  expect(fenceOf("```\na\n```\nwords")).toBeNull();
  expect(fenceOf("words")).toBeNull();
  expect(fenceOf("``` a ` b")).toBeNull();
});

function written(seed: number): string {
  const random = createRandom(seed);
  return Array.from({ length: 1 + random.below(10) }, () => {
    return random.pick(pieces) + "\n".repeat(random.below(3));
  }).join("");
}
