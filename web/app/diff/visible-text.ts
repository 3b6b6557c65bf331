/** Characters that cannot be seen, or that move others about, made visible: a reviewer must see what a compiler reads. */
import { diffLimits } from "./limits.ts";

export interface TextPiece {
  text: string;
  /** What stands here instead of the character: its code, and in words what it is. */
  hidden: string | null;
}

/**
 * What a text is. A `line` has nothing but what is seen: a name, a path, a line of code. `lines` may break, as code and output do. In `prose`
 * scripts and emoji need signs of their own, and only what serves to hide or to turn is shown.
 */
export type TextKind = "line" | "lines" | "prose";

/** What Unicode says may be ignored or turns the direction of text, and spaces that are no space. Emoji may say that they are, and be joined. */
const unseen = String.raw`(?!\u200d)\p{Cf}|(?<!\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d|\u200d(?!\p{Extended_Pictographic})|\p{Zl}|\p{Zp}|(?! )\p{Zs}|(?<!\p{Extended_Pictographic})\ufe0f|(?![\ufe0f\u200d])\p{Default_Ignorable_Code_Point}|\u2800`;
const controls = String.raw`(?![\t\n]|\r\n)\p{Cc}`;

const kinds: Record<TextKind, RegExp> = {
  line: new RegExp(String.raw`(?!\t)\p{Cc}|${unseen}`, "gu"),
  lines: new RegExp(`${controls}|${unseen}`, "gu"),
  // Joiners, marks of direction, soft hyphens and the spaces of print are how people write.
  prose: new RegExp(
    String.raw`${controls}|[\u115f\u1160\u180e\u200b\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]`,
    "gu",
  ),
};
const spaces = /\t| +$/g;

/** `showsSpaces`: also tabs, and spaces at the end of the line. */
export function visibleText(
  text: string,
  { showsSpaces = false, kind = "line" }: { showsSpaces?: boolean; kind?: TextKind } = {},
): TextPiece[] {
  const found = [...text.matchAll(kinds[kind]), ...(showsSpaces ? text.matchAll(spaces) : [])];
  if (found.length === 0) return text === "" ? [] : [{ text, hidden: null }];
  // Each is an element: what has thousands of them hides nothing if they stand there as plain text.
  if (found.length > diffLimits.invisibleSignsMax) return [{ text: spelled(text, kind), hidden: null }];
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

/** The same as one text, for where there is no place for an element: `a⟨U+202E⟩b`. */
export function spelled(text: string, kind: TextKind = "line"): string {
  return text.replace(kinds[kind], (sign) => `⟨${shown(sign).text}⟩`);
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
