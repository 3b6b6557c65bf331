import { expect, test } from "vitest";
import { spelled, visibleText } from "../../web/app/diff/visible-text.ts";
import { parsed } from "../../web/app/talk/bounded-markdown.ts";
import { talkLimits } from "../../web/app/talk/limits.ts";

const hiddenIn = (text: string, kind?: "line" | "lines" | "prose") =>
  visibleText(text, { kind }).flatMap(({ text: shown, hidden }) => (hidden === null ? [] : [shown]));

test("a name has nothing hidden, code may break its lines, prose keeps what scripts and emoji need", () => {
  expect(hiddenIn("two\nlines\u00a0")).toEqual(["U+000A", "U+00A0"]);
  expect(hiddenIn("two\nlines\r\nmore\rover", "lines")).toEqual(["␍"]);
  expect(hiddenIn("\u001b[31m \u009b", "lines")).toEqual(["U+001B", "U+009B"]);
  const prose = "می\u200cخواهم 👩\u200d💻 ❤\ufe0f \u200fעברית co\u00adop 10\u00a0km";
  expect(hiddenIn(prose, "prose")).toEqual([]);
  expect(hiddenIn(`${prose}\u202e\u200b\u{e0041}\u2066`, "prose")).toEqual(["U+202E", "U+200B", "U+E0041", "U+2066"]);
  expect(hiddenIn("👩\u200d💻 a\u200db")).toEqual(["U+200D"]);
});

test("as one text each hidden sign is spelled, and so it is where there are too many for an element each", () => {
  expect(spelled("a\u202eb\u200b")).toBe("a⟨U+202E⟩b⟨U+200B⟩");
  const many = visibleText("\u202e".repeat(100_000));
  expect(many).toEqual([{ text: "⟨U+202E⟩".repeat(100_000), hidden: null }]);
});

test("Markdown that people and models write is parsed", () => {
  const list = Array.from(
    { length: 100 },
    (_, index) => `- **Point ${index}**: see \`file_${index}.ts\` and [the docs](https://example.org/${index})`,
  );
  const table = `| a | b |\n|---|---|\n${"| `x` | y |\n".repeat(200)}`;
  for (const text of [list.join("\n"), table, "> > > quoted thrice", "- - - - - a", "*".repeat(3), `${"-".repeat(300)}`]) {
    expect(parsed(text)?.length, text.slice(0, 40)).toBeGreaterThan(0);
  }
});

test("what costs the parser the square of its length, or more stack than there is, is not parsed", () => {
  const { parsedCharactersMax, parsedDepthMax } = talkLimits;
  for (const [unit, count] of [
    ["a\u00a0*", 3_900],
    ["*a **b ", 300],
    ["http://_", 1_400],
    ["a", parsedCharactersMax],
    ["[", 5_000],
    ["> ", 300],
    ["1. ", 4_000],
    ["`a", 5_000],
  ] as const) {
    expect(parsed(unit.repeat(count)), unit).toBeNull();
  }
  const nested = Array.from({ length: parsedDepthMax }, (_, level) => `${"  ".repeat(level)}- a`).join("\n");
  expect(parsed(nested)).toBeNull();
  expect(parsed(nested.split("\n").slice(0, 20).join("\n"))).not.toBeNull();
});
