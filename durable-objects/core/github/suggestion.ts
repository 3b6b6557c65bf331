/**
 * A proposal as suggestions on a pull request from a fork, whose branch we may not write to: its author commits them one by
 * one.
 */
import { hunksBetween } from "#core/diff";
import { fenced } from "#core/github/neutral";
import { type RedactionKnowledge, redact } from "#core/github/redact";
import type { ProposedFile } from "#core/hunks";
import { githubTextLimits } from "#core/limits";
import { revealedText } from "#core/visible-text";

/** Fields of a comment in `POST /repos/{owner}/{repo}/pulls/{number}/reviews`, as GitHub names them. */
export interface SuggestionComment {
  path: string;
  /** The last line it replaces, in the head's text. */
  line: number;
  /** The first one, only where that is another. */
  start_line?: number;
  start_side?: "RIGHT";
  side: "RIGHT";
  body: string;
}

/** Lines of the head's text, from 1 on, that the pull request's own diff shows: GitHub takes comments nowhere else. */
export type ShownLines = (path: string) => readonly { from: number; to: number }[];

/**
 * One suggestion for each run of changed lines, or null where not all of the proposal can be suggested: too many, too long, a
 * file that comes, goes or is binary, lines outside of the pull request's diff, signs that a suggestion would lose, a secret.
 * Half of a proposal is not suggested.
 */
export function suggestions(
  files: readonly ProposedFile[],
  shownLines: ShownLines,
  knowledge: RedactionKnowledge,
): SuggestionComment[] | null {
  const comments: SuggestionComment[] = [];
  for (const file of files) {
    const { path, before, after } = file;
    if (before === null || after === null || before.text === null || after.text === null || before.mode !== after.mode)
      return null;
    let lastReplaced = 0;
    for (const { first, last, lines } of replacements(before.text, after.text)) {
      // Two that stand on one line cannot both be taken.
      if (first <= lastReplaced) return null;
      lastReplaced = last;
      const isShown = shownLines(path).some(({ from, to }) => from <= first && last <= to);
      const text = lines.join("");
      const isExact =
        lines.every((line) => line.endsWith("\n")) && revealedText(text) === text && redact(text, knowledge).count === 0;
      const size = Math.max(lines.length, last - first + 1);
      const isSmall = size <= githubTextLimits.suggestionLinesMax && text.length <= githubTextLimits.suggestionCharactersMax;
      if (!isShown || !isExact || !isSmall) return null;
      const start = first === last ? {} : { start_line: first, start_side: "RIGHT" as const };
      // Without lines the suggestion deletes; `fenced` would make one empty line of it.
      const body = text === "" ? "```suggestion\n```" : fenced(text, "suggestion");
      comments.push({ path, ...start, line: last, side: "RIGHT", body });
    }
  }
  return comments.length > 0 && comments.length <= githubTextLimits.suggestionsMax ? comments : null;
}

interface Replacement {
  /** Lines of the old text, from 1 on, that go. At least one: what is only added comes with the line beside it. */
  first: number;
  last: number;
  lines: string[];
}

function replacements(before: string, after: string): Replacement[] {
  return hunksBetween(before, after).flatMap(({ oldBefore, edits }) => {
    const found: Replacement[] = [];
    let line = oldBefore;
    for (let at = 0; at < edits.length; at++) {
      const edit = edits[at];
      if (edit?.sign === " ") line += 1;
      if (edit === undefined || edit.sign === " ") continue;
      let end = at;
      while (end < edits.length && edits[end]?.sign !== " ") end += 1;
      const run = edits.slice(at, end);
      const gone = run.filter(({ sign }) => sign === "-").length;
      const lines = run.flatMap(({ sign, line: text }) => (sign === "+" ? [text] : []));
      const previous = edits[at - 1]?.line;
      const next = edits[end]?.line;
      if (gone > 0) found.push({ first: line + 1, last: line + gone, lines });
      else if (previous !== undefined) found.push({ first: line, last: line, lines: [previous, ...lines] });
      else if (next !== undefined) found.push({ first: line + 1, last: line + 1, lines: [...lines, next] });
      // An empty text has no line to stand on; line 0 is in no diff, so the whole is refused.
      else found.push({ first: 0, last: 0, lines });
      line += gone;
      at = end - 1;
    }
    return found;
  });
}
