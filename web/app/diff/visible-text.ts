/** Characters that cannot be seen, or that move others about, made visible: a reviewer must see what a compiler reads. */

export interface TextPiece {
  text: string;
  /** What stands here instead of the character: its code, and in words what it is. */
  hidden: string | null;
}

/** Controls, what Unicode says may be ignored or turns the direction of text, and spaces that are no space. An emoji may say that it is one. */
const invisible =
  /(?!\t)\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|(?! )\p{Zs}|(?<!\p{Extended_Pictographic})\ufe0f|(?!\ufe0f)\p{Default_Ignorable_Code_Point}/gu;
const spaces = /\t| +$/g;

/** `showsSpaces`: also tabs, and spaces at the end of the line. */
export function visibleText(text: string, { showsSpaces = false } = {}): TextPiece[] {
  const found = [...text.matchAll(invisible), ...(showsSpaces ? text.matchAll(spaces) : [])];
  if (found.length === 0) return text === "" ? [] : [{ text, hidden: null }];
  const pieces: TextPiece[] = [];
  let at = 0;
  for (const { 0: match, index } of found.toSorted((one, other) => one.index - other.index)) {
    if (index > at) pieces.push({ text: text.slice(at, index), hidden: null });
    pieces.push(shown(match));
    at = index + match.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), hidden: null });
  return pieces;
}

function shown(match: string): TextPiece {
  if (match === "\t") return { text: "→\t", hidden: "tab" };
  if (match.startsWith(" ")) return { text: "·".repeat(match.length), hidden: "spaces at the end" };
  const code = `U+${(match.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  if (match === "\r") return { text: "␍", hidden: "carriage return" };
  return { text: code, hidden: names[code] ?? "invisible character" };
}

const names: Record<string, string> = {
  "U+0000": "null",
  "U+001B": "escape",
  "U+00A0": "no-break space",
  "U+00AD": "soft hyphen",
  "U+200B": "zero-width space",
  "U+200C": "zero-width non-joiner",
  "U+200D": "zero-width joiner",
  "U+200E": "left-to-right mark",
  "U+200F": "right-to-left mark",
  "U+202A": "left-to-right embedding",
  "U+202B": "right-to-left embedding",
  "U+202C": "end of a direction",
  "U+202D": "left-to-right override",
  "U+202E": "right-to-left override",
  "U+2066": "left-to-right isolate",
  "U+2067": "right-to-left isolate",
  "U+2068": "isolate",
  "U+2069": "end of an isolate",
  "U+FEFF": "byte order mark",
};
