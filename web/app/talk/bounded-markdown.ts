/** Markdown of strangers, parsed where its parser is quick: signs without sense cost it the square of their number, or its stack. */
import { marked, type Token } from "marked";
import { talkLimits } from "./limits.ts";

/** Null where it is not parsed, or nests too deep to be drawn: it is shown as it was written. */
export function parsed(text: string): Token[] | null {
  if (!isQuick(text)) return null;
  try {
    const tokens = marked.lexer(text);
    return isShallow(tokens) ? tokens : null;
  } catch {
    // Deeper than the parser's stack goes.
    return null;
  }
}

const { parsedCharactersMax, parsedEmphasesMax, parsedMarksMax, parsedWordCharactersMax, parsedContainersMax } = talkLimits;
const emphasis = /[*_~]/g;
const mark = /[`[\]!<>&\\@]/g;
const word = new RegExp(`[\\w.+-]{${parsedWordCharactersMax}}`);
const containers = new RegExp(`^\\s*(?:>\\s*|(?:[-*+]|\\d{1,9}[.)])\\s+){${parsedContainersMax}}`, "m");

function isQuick(text: string): boolean {
  if (text.length > parsedCharactersMax || word.test(text) || containers.test(text)) return false;
  return count(text, emphasis) <= parsedEmphasesMax && count(text, mark) <= parsedMarksMax;
}

function count(text: string, sign: RegExp): number {
  return text.match(sign)?.length ?? 0;
}

/** Without recursion, which is what the depth could break. */
function isShallow(tokens: readonly Token[]): boolean {
  let level: readonly Token[] = tokens;
  for (let depth = 0; depth < talkLimits.parsedDepthMax; depth += 1) {
    if (level.length === 0) return true;
    level = level.flatMap(inside);
  }
  return false;
}

function inside(token: Token): Token[] {
  switch (token.type) {
    case "list":
      return token.items as Token[];
    case "table":
      return [...token.header, ...token.rows.flat()].flatMap((cell) => cell.tokens);
    default:
      return "tokens" in token ? (token.tokens ?? []) : [];
  }
}
