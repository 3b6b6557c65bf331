/** Reading a comment costs about as much as it is long, whoever wrote it for whatever. Work is counted and not timed. */
import { InlineContext } from "@lezer/markdown";
import { afterEach, expect, test, vi } from "vitest";
import { cleanMarkdown } from "#core/github/clean";
import { type MarkdownNode, parseMarkdown } from "#core/github/markdown";
import { githubTextLimits } from "#core/limits";

afterEach(() => {
  vi.restoreAllMocks();
});

const { bodyCharactersMax, marksMax, blockDepthMax, definitionCharactersMax } = githubTextLimits;
const filled = (piece: string) => piece.repeat(Math.ceil(bodyCharactersMax / piece.length)).slice(0, bodyCharactersMax);
/** As many as are still looked into, paragraph after paragraph. */
const nearly = (piece: string, marks: number) => filled(`${piece.repeat(Math.floor(marksMax / marks))}\n\n`);

/**
 * Characters and marks that the parser may look at: those of a paragraph are compared with one another, and a link or a look ahead may go
 * to the paragraph's end.
 */
function workOf(text: string): number {
  let work = 0;
  type Inside = InlineContext & { text: string; parts: unknown[]; resolveMarkers(from: number): unknown };
  const inside = InlineContext.prototype as Inside;
  const { resolveMarkers, char, slice } = inside;
  vi.spyOn(inside, "resolveMarkers").mockImplementation(function (this: Inside, from) {
    work += (this.parts.length - from) ** 2 + this.text.length;
    return resolveMarkers.call(this, from);
  });
  vi.spyOn(inside, "char").mockImplementation(function (this: Inside, at) {
    work += 1;
    return char.call(this, at);
  });
  vi.spyOn(inside, "slice").mockImplementation(function (this: Inside, from, to) {
    work += to - from;
    return slice.call(this, from, to);
  });
  parseMarkdown(text);
  vi.restoreAllMocks();
  return work;
}

const inline = ["*a_ ", "**a", "~~a", "[a](", "[[a]", "![[](", "*_~[", "<a ", "<http:", "[a", "`a``b", "a:b@c ", "&#1;"];

test.for([
  ...inline.map((piece) => [piece, filled(piece)] as const),
  ["spaces", `a${" ".repeat(bodyCharactersMax - 2)}b`] as const,
  ["nearly too much emphasis", nearly("*a_ ", 2)] as const,
  ["nearly too many links", nearly("[a](", 3)] as const,
  ["nearly too many tags", nearly("<a ", 1)] as const,
])("%s: no mark is compared with all others, and not all of the text looked at for each", ([, text]) => {
  expect(text.length).toBe(bodyCharactersMax);
  expect(workOf(text)).toBeLessThan(marksMax * text.length);
});

function namesIn({ name, children }: MarkdownNode): string[] {
  return [name, ...children.flatMap(namesIn)];
}
const rootOf = (text: string) => parseMarkdown(text).root;

test("blocks are read as deep as anybody nests them, and a line that goes deeper not at all", () => {
  for (const piece of ["> ", "- ", "> - ", "1. "]) {
    const names = namesIn(rootOf(`${piece.repeat(10_000)}a\n\nseen`));
    expect(names.filter((name) => name === "TooDeep")).toHaveLength(1);
    expect(names.length).toBeLessThan(6 * blockDepthMax);
    expect(cleanMarkdown(`${piece.repeat(10_000)}a\n\nseen`)).toMatch(/nested too deeply]\n\nseen$/);
  }
  expect(namesIn(rootOf(`${"> ".repeat(20)}- **a**`))).not.toContain("TooDeep");
});

test("a definition over thousands of lines is given up; a paragraph that only looks like one, and a long one, are read", () => {
  for (const beginning of ["[a\n", "[a]: b '\n", "[a]: b 'c\\\n"]) {
    const { children } = rootOf(`${beginning}${"a\n".repeat(definitionCharactersMax)}\nseen`);
    expect(children.map(({ name, children: [first] }) => first?.name ?? name)).toEqual(["TooMuch", "Paragraph"]);
  }
  const honest = `[a](https://a.example) ${"words and **more**\n".repeat(400)}`;
  expect(namesIn(rootOf(honest)).filter((name) => name === "StrongEmphasis")).toHaveLength(400);
  expect(rootOf("[a]:\nhttps://a.example\n'title'").children.map(({ name }) => name)).toEqual(["LinkReference"]);
});

test("what is not looked into is not shown, and hides the rest where it may open what does not show", () => {
  const many = "*a_ ".repeat(marksMax);
  expect(cleanMarkdown(`seen\n\n${many}\n\nseen`)).toBe("seen\n\n[too much markup]\n\nseen");
  expect(cleanMarkdown(`seen\n\n${many}<template>\n\nHIDDEN`)).toBe("seen\n\n[too much markup]");
  expect(cleanMarkdown(`seen\n\n${many}<!-- HIDDEN\n\nHIDDEN`)).toBe("seen\n\n[too much markup]");
  expect(cleanMarkdown(`seen\n\n[a]: b 'HIDDEN\n${"HIDDEN\n".repeat(definitionCharactersMax)}`)).toBe(
    "seen\n\n[too much markup]",
  );
});

test("what an honest text has of marks is read", () => {
  const text = "**bold** and [a link](https://a.example). ".repeat(200).trim();
  expect(cleanMarkdown(text)).toBe(text);
});
