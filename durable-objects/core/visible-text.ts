/** Texts of others as a person sees them, and as a model may be shown them: without signs that hide or reorder, and quoted. */

/**
 * Signs that take no room, change the order of others, or choose how one looks: control and format characters (bidirectional
 * marks, the tags U+E0000…), whatever Unicode calls ignorable by default (variation selectors, fillers of Hangul), the empty
 * pattern of Braille.
 */
const invisible = /[^\P{C}\n\t]|\p{Default_Ignorable_Code_Point}|\u2800/gu;

/** One kind of line end, and nothing that cannot be seen but tabs. Applied twice it changes nothing more. */
export function visibleText(text: string): string {
  return withOneLineEnd(text).replace(invisible, "");
}

/** The same on one line, for names and titles. */
export function visibleLine(text: string): string {
  return visibleText(text).replace(/\s+/g, " ").trim();
}

/** Every invisible sign spelled, as in `⟨U+202E⟩`, for texts that somebody is asked to approve: nothing is dropped from those. */
export function revealedText(text: string): string {
  return text
    .replace(/\r(?!\n)|[\u0085\u2028\u2029\v\f]/g, spelled)
    .replace(/\r\n/g, "\n")
    .replace(invisible, spelled);
}

/**
 * Quoted as data: every line behind `> `, so that none leaves the quotation; brackets of tags and chat templates are spelled
 * with other signs, so that nothing passes for the end of a marker or for a role.
 */
export function quotedLines(text: string): string[] {
  return visibleText(text)
    .replace(/<(?=[/|!?a-z_])/gi, "‹")
    .replace(/\[(?=\/?(?:INST|SYS)\])/gi, "(")
    .split("\n")
    .map((line) => `> ${line}`);
}

function withOneLineEnd(text: string): string {
  return text.replace(/\r\n?|[\u0085\u2028\u2029\v\f]/g, "\n");
}

function spelled(sign: string): string {
  return `⟨U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
