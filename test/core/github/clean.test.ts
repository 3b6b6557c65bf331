/** The model sees what a person sees on the page, and nothing that was hidden there for it. */
import { expect, test } from "vitest";
import { cleanMarkdown } from "#core/github/clean";
import { createRandom } from "../../support/random.ts";

const seed = 20261125;
const hidden = "HIDDEN";

test.each([
  ["HTML comment", "seen <!-- HIDDEN --> seen", "seen  seen"],
  ["HTML comment over lines", "seen\n\n<!--\nHIDDEN\n\nHIDDEN\n-->\n\nseen", "seen\n\nseen"],
  ["HTML comment in a paragraph over lines", "seen <!--\nHIDDEN\n--> seen", "seen  seen"],
  ["HTML comment that does not end", "seen\n\n<!-- HIDDEN\n\nHIDDEN", "seen"],
  ["HTML comment that a block leaves open", "seen\n\n<div><!--\n\nHIDDEN\n\n--></div>", "seen"],
  ["HTML comment that a block leaves open, with a bracket", "seen\n\n<div><!-- HIDDEN > HIDDEN\n</div>\n\nHIDDEN", "seen"],
  ["instruction that a browser ends earlier", 'seen <?> <p title="?> HIDDEN\n\nHIDDEN ">', "seen"],
  ["definition that is none and opens an element", "seen\n\n[a]: (<template>\n\nHIDDEN", "seen"],
  ["brackets that are no image and open an element", "seen ![<template>](\n\nHIDDEN", "seen !["],
  ["HTML comment that a quotation leaves open", "seen\n\n> <!-- HIDDEN\n\nHIDDEN", "seen\n\n>"],
  ["instruction that a quotation leaves open", "seen\n\n> <? HIDDEN\n\nHIDDEN", "seen\n\n>"],
  ["attribute that a block leaves open", 'seen\n\n<div title="\n\nHIDDEN\n\n">', "seen"],
  ["zero-width signs", "se\u200ben\ufeff \u2060seen", "seen seen"],
  ["bidirectional signs", "\u202eseen\u202c \u2066seen\u2069", "seen seen"],
  ["tags of U+E0000", `seen${[...hidden].map((sign) => String.fromCodePoint(0xe0000 + sign.charCodeAt(0))).join("")}`, "seen"],
  ["variation selectors", "s\ufe0fe\u{e0101}en", "seen"],
  ["fillers", "se\u3164\u115f\uffa0\u2800en", "seen"],
  ["control characters", "se\u0000\u0007\u001ben\u009d", "se\ufffden"],
  ["alternative text", "![HIDDEN](https://a.example/i.png) seen", "[image] seen"],
  ["alternative text by reference", "![HIDDEN][i] seen\n\n[i]: https://a.example/HIDDEN 'HIDDEN'", "[image] seen"],
  ["alternative text by shortcut", "![i] seen\n\n[i]: https://a.example/i.png", "[image] seen"],
  ["alternative text of an element", '<img src="a.png" alt="HIDDEN" title="HIDDEN"> seen', "[image] seen"],
  ["alternative text, with the label left out", "![HIDDEN][] seen\n\n[hidden]: https://a.example/i.png", "[image] seen"],
  ["link that leads nowhere", '[seen]() [seen](<> "HIDDEN")', "[seen] [seen]"],
  ["title of a link", '[seen](https://a.example "HIDDEN")', "[seen](https://a.example)"],
  ["title of a reference", '[seen][a]\n\n[a]: https://a.example "HIDDEN"', "[seen](https://a.example)"],
  ["label of a reference", "[seen][HIDDEN]\n\n[HIDDEN]: https://a.example", "[seen](https://a.example)"],
  ["definition nobody uses", "seen\n\n[//]: # (HIDDEN)\n[HIDDEN]: <HIDDEN words>", "seen"],
  ["destination with words", "[seen](<HIDDEN and more>)", "[seen]"],
  ["link without words", "seen [](https://HIDDEN.example) [\u200b](https://HIDDEN.example)", "seen"],
  ["attributes", '<b title="HIDDEN" data-x="HIDDEN" aria-label=HIDDEN>seen</b>', "seen"],
  ["attributes of a block", '<div title="HIDDEN">\nseen\n</div>', "seen"],
  ["element that does not show", "seen <span hidden>HIDDEN <span>HIDDEN</span> HIDDEN</span> seen", "seen  seen"],
  ["style", '<p style="display:none">HIDDEN</p>\n\nseen', "seen"],
  ["script", "<script>HIDDEN</script>\n\nseen <style>HIDDEN</style> seen", "seen  seen"],
  ["template over paragraphs", "<template>\n\nHIDDEN\n\n</template>\n\nseen", "seen"],
  ["declaration and instruction", "seen <!DOCTYPE HIDDEN> <?HIDDEN?> <![CDATA[HIDDEN]]> seen", "seen    seen"],
  ["what follows the language", "```js HIDDEN words\nseen\n```", "```js\nseen\n```"],
  ["language that is a text", "```HIDDEN:words,HIDDEN\nseen\n```", "```\nseen\n```"],
  ["footnote nobody refers to", "seen\n\n[^a]: HIDDEN words here\nHIDDEN\n\n    HIDDEN", "seen"],
  ["footnote that is one word", "seen\n\n[^a]: HIDDEN\nHIDDEN", "seen"],
  ["cell beyond the columns", "| a |\n| - |\n| b | HIDDEN | HIDDEN |", "| a |\n| - |\n| b |"],
  ["cell beyond the columns, without bars", "a | b\n--- | ---\nc | d | HIDDEN", "a | b\n--- | ---\nc | d |"],
])("hidden: %s", (_, source, shown) => {
  expect(cleanMarkdown(source)).toBe(shown);
});

test.each([
  ["code", "`<!-- a -->` and\n\n```html\n<!-- b --> &#65;\n```\n\n    <!-- c -->"],
  ["structure", "# Title\n\n- one\n- **two**\n\n> quoted\n> more\n\n1. three"],
  ["a footnote that is referred to", "seen[^a]\n\n[^a]: a note"],
  ["a link", "[text](https://a.example/b?c=d#e) and https://a.example"],
  ["brackets that are no image", "![not an image] ![a][b]"],
  ["brackets that are no link", "- [ ] todo [maybe] a[0] [x][y]"],
  ["comparisons", "a < b && c > d, 1 <3"],
  ["tables", "| a | b |\n| - | - |\n| `c` | |"],
  ["other scripts", "日本語 Ελληνικά עברית العربية"],
  ["tabs in code", "```make\nall:\n\tcc\n```"],
])("kept: %s", (_, source) => {
  expect(cleanMarkdown(source)).toBe(source);
});

test("character references are what they stand for, and cannot smuggle what cannot be seen", () => {
  expect(cleanMarkdown("&#105;&#x67;nore &lt;b&gt; &amp;lt; &#8203;&#xE0041;&#0;&#x110000;")).toBe(
    "ignore <b> &lt; \ufffd\ufffd",
  );
  expect(cleanMarkdown("<div>&#105;t</div>")).toBe("it");
});

test("whatever a text is made of, nothing invisible and no comment's words come through, and cleaning ends", () => {
  const random = createRandom(seed);
  const pieces = [
    "<!--",
    "-->",
    "HIDDEN",
    "seen ",
    "\n",
    "\n\n",
    "> ",
    "- ",
    "`",
    "```",
    "<div>",
    "</div>",
    "<b ",
    '"',
    "'",
    ">",
    "<",
    "[",
    "]",
    "(",
    ")",
    "![",
    "[a]: ",
    "[^a]: ",
    "|",
    "| - |\n",
    "&#8203;",
    "\u200b",
    "\u202e",
    "\u{e0041}",
    "    ",
    "*",
    "_",
    "\\",
    "<script>",
    "\r\n",
  ];
  for (let round = 0; round < 1_000; round++) {
    const source = Array.from({ length: 1 + random.below(30) }, () => random.pick(pieces)).join("");
    const shown = cleanMarkdown(source);
    const where = `seed ${seed}, round ${round}: ${JSON.stringify(source)} → ${JSON.stringify(shown)}`;
    expect(shown, where).not.toMatch(/[^\P{C}\n\t]|\p{Default_Ignorable_Code_Point}/u);
    // Outside of code, where it shows, a comment that ends within its paragraph never comes through.
    const comment = cleanMarkdown(`seen <!-- ${hidden} --> seen\n\n${source}`);
    expect(comment.startsWith("seen  seen"), where).toBe(true);
  }
});

test("a text that nests and opens without end is read, however deep", () => {
  const texts = [">".repeat(65_536), "> - ".repeat(4_000), "[a](".repeat(4_000), "<a ".repeat(21_845), "*a_ ".repeat(4_000)];
  for (const text of texts) expect(cleanMarkdown(text).length).toBeLessThanOrEqual(text.length + 100);
  expect(cleanMarkdown(texts[0] ?? "")).toContain("[nested too deeply]");
});
