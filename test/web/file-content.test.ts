/** What a file is shown as, and how much of it. */
import { expect, test } from "vitest";
import { contentOf } from "../../web/app/files/file-content.ts";
import { filesLimits } from "../../web/app/files/limits.ts";

const encode = (text: string) => new TextEncoder().encode(text);

test("text is lines, without one behind the last line's end", () => {
  expect(contentOf(encode("a\n\nb\n"))).toEqual({ type: "text", lines: ["a", "", "b"], isCut: false });
});

test("a long file, many lines and a long line are cut, and it is said", () => {
  const { shownBytesMax, shownLinesMax, shownLineCharactersMax } = filesLimits;
  // The bound falls within a character of three bytes.
  const long = contentOf(encode("€".repeat(shownBytesMax / 2)));
  expect(long).toEqual({ type: "text", lines: ["€".repeat(shownLineCharactersMax)], isCut: true });
  const many = contentOf(encode("x\n".repeat(shownLinesMax + 1)));
  expect(many).toMatchObject({ type: "text", isCut: true });
  expect(many.type === "text" && many.lines.length).toBe(shownLinesMax);
  expect(contentOf(encode("x\n".repeat(shownLinesMax)))).toMatchObject({ isCut: false });
});

test("what is no text is shown by its first bytes", () => {
  expect(contentOf(new Uint8Array([0, 65, 255]))).toEqual({ type: "binary", hex: [`0000  ${"00 41 ff".padEnd(47)}  ·A·`] });
  expect(contentOf(new Uint8Array([65, 0xc3]))).toMatchObject({ type: "binary" });
});

test("an image is known by its bytes; SVG, which can hold script, is text", () => {
  expect(contentOf(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1]))).toEqual({
    type: "image",
    mediaType: "image/png",
  });
  expect(contentOf(encode("<svg onload=alert(1)>"))).toMatchObject({ type: "text" });
});
