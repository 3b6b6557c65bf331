/**
 * Texts of a model or of strangers on their way to GitHub: shown as they are, and inert. Nobody is pinged, nothing linked or
 * broken out of.
 */
import { revealedText, visibleText } from "#core/visible-text";

/**
 * Markdown that shows the text literally: each sign that could be markup is escaped, and a sign without width stands where
 * GitHub would see a mention, a reference, a link. The mark is spelled as an entity; `&#64;` would not do, for GitHub looks for
 * mentions afterwards. Line ends become spaces.
 */
export function neutralLine(text: string): string {
  return unlinked(visibleText(text).replace(/\s+/g, " ").trim())
    .replace(/[!-/:-@[-`{-~]/g, "\\$&")
    .replaceAll(apart, "&#8203;");
}

/** For commit messages and titles, which are no Markdown but ping and refer all the same. */
export function neutralPlain(text: string): string {
  return unlinked(visibleText(text));
}

/**
 * The text in a code block, where nothing is Markdown, mention or reference. The fence is longer than any run of its sign
 * within, and what cannot be seen is spelled: whoever approves a diff sees all of it.
 */
export function fenced(text: string, language: "diff" | "text" | "suggestion"): string {
  const shown = revealedText(text).replace(/\n$/, "");
  const fence = "`".repeat(Math.max(3, longestRun(shown) + 1));
  return `${fence}${language}\n${shown}\n${fence}`;
}

/** Code within a line, for names of files and branches. */
export function neutralCode(text: string): string {
  const shown = revealedText(text).replaceAll("\n", "⟨U+000A⟩").replaceAll("\t", "⟨U+0009⟩");
  const fence = "`".repeat(longestRun(shown) + 1);
  const isPadded = shown.startsWith("`") || shown.endsWith("`") || shown.trim() === "";
  return isPadded ? `${fence} ${shown} ${fence}` : `${fence}${shown}${fence}`;
}

/** A sign without width, as Dependabot and Renovate write it. `visibleText` leaves none of a stranger's. */
const apart = "\u200b";

/** Takes apart what GitHub links: @name, #1, GH-1, addresses. */
function unlinked(text: string): string {
  return text
    .replace(/[@#]/g, `$&${apart}`)
    .replace(/\bgh-(?=\d)/gi, `$&${apart}`)
    .replace(/:(?=\/\/)/g, `$&${apart}`)
    .replace(/\bwww(?=\.)/gi, `$&${apart}`);
}

function longestRun(text: string): number {
  return Array.from(text.matchAll(/`+/g)).reduce((longest, [run]) => Math.max(longest, run.length), 0);
}
