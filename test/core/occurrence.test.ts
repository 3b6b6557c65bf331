import { expect, test } from "vitest";
import { occurrences, searchTermOf, snippetAround } from "#core/occurrence";

const found = (text: string, term: string) => Array.from(occurrences(text, term), ({ start, end }) => text.slice(start, end));

test("a term is found literally, letter case aside, in the text's own units", () => {
  expect(found("one ONE onE", "One")).toEqual(["one", "ONE", "onE"]);
  expect(found("aaaa", "aa")).toEqual(["aa", "aa"]);
  expect(found("a.b a*b [x] (y|z) $^ \\d - / {2}", ".")).toEqual(["."]);
  for (const hostile of ["a*b", "[x]", "(y|z)", "$^", "\\d", "-", "/", "{2}"]) {
    expect(found("a.b a*b [x] (y|z) $^ \\d - / {2}", hostile), hostile).toEqual([hostile]);
  }
  expect(found("Größe GRÖSSE größe", "GRÖß")).toEqual(["Größ", "größ"]);
  expect(found("日本語と日本", "日本")).toEqual(["日本", "日本"]);
  expect(found("👩‍🚀 flies", "🚀 F")).toEqual(["🚀 f"]);
  // İ has two letters in lower case: places would shift for whoever searched a lowered text.
  expect(Array.from(occurrences("İİ x", "x"))).toEqual([{ start: 3, end: 4 }]);
});

test("a snippet is cut between characters and says where the term is in it", () => {
  const text = `${"🎉".repeat(50)} needle ${"🎉".repeat(50)}`;
  const [place = { start: 0, end: 0 }] = occurrences(text, "NEEDLE");
  const { snippet, range } = snippetAround(text, place);
  expect(snippet.slice(range.start, range.end)).toBe("needle");
  expect(snippet.isWellFormed()).toBe(true);
  expect(snippet.length).toBeLessThan(140);
  expect(snippetAround("say hi", { start: 4, end: 6 })).toEqual({ snippet: "say hi", range: { start: 4, end: 6 } });
});

test("a term is trimmed, and refused when nothing or too much is left", () => {
  expect(searchTermOf("thread/search", "  x ")).toBe("x");
  expect(() => searchTermOf("thread/search", " \n")).toThrow("thread/search requires a non-empty searchTerm");
  expect(() => searchTermOf("thread/search", "x".repeat(1_001))).toThrow("searchTerm must not exceed 1000 characters");
});
