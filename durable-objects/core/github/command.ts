/** What a comment asks of Spindle: `/spindle verb …` on its first line, or a mention of the bot at the start of a line. */

import { isFootnote, type MarkdownNode, parseMarkdown } from "#core/github/markdown";
import { carriesMarker } from "#core/github/marker";
import { githubTextLimits, limits } from "#core/limits";

export type Verb = keyof typeof forms;

export type Command =
  /** `text`: what the person adds, null when nothing. */
  | { verb: "run"; text: string | null }
  /**
   * `hash`: at least twelve digits, lower case. `hunks`: null for all of them, else ascending. `including`: paths that need
   * naming.
   */
  | { verb: "approve"; hash: string; hunks: number[] | null; including: string[] }
  | { verb: "decline"; reason: string | null }
  | { verb: "steer"; text: string }
  | { verb: "stop" | "retry" | "status" | "fork" | "help" | "hold" | "unhold" };

export type CommentReading =
  /** Speaks to somebody else. */
  | { kind: "nothing" }
  /**
   * `@bot …`: begins a turn or steers the one that runs. `text`: what stands after the mention, to the comment's end; may be
   * "".
   */
  | { kind: "mention"; text: string }
  | { kind: "command"; command: Command }
  /** Meant for Spindle and not understood. `answer`: one sentence or two of Markdown, ours but for a word quoted in code. */
  | { kind: "mistake"; answer: string };

/**
 * Reads a comment that was just created. Only what a reader sees as plain text at the start of a line counts: code, block
 * quotes (replies by mail quote our own instructions), lists, headings, links, images, tables and HTML are not spoken to us. A
 * verb that changes something has to be on the first line, and a comment says one thing to Spindle. What is free text goes on
 * to the comment's end. `botLogin` as in `@spindle`, without "[bot]".
 */
export function readComment(body: string, botLogin: string): CommentReading {
  const seen = body.toLowerCase();
  // Reading costs more than looking, and most comments are not for us.
  if (!seen.includes(commandWord) && !seen.includes(`@${botLogin.toLowerCase()}`)) return { kind: "nothing" };
  if (carriesMarker(body)) return { kind: "nothing" };
  if (body.length > githubTextLimits.bodyCharactersMax) return mistake("This comment is too long to be read for commands.");
  const mention = mentionOf(botLogin);
  const { text, root } = parseMarkdown(body);
  const first = text.search(/\S/);
  const lines = [...spokenLines(text, root)].flatMap((line) => {
    if (mention.test(line.text)) return [{ ...line, isMention: true }];
    return tokensOf(line.text)[0]?.toLowerCase() === commandWord ? [{ ...line, isMention: false }] : [];
  });
  const [line, ...others] = lines;
  if (line === undefined) return { kind: "nothing" };
  // A second mention is part of the first one's text; a second command is not part of anything.
  if (others.some(({ isMention }) => !isMention || !line.isMention)) {
    return mistake("A comment says one thing to Spindle; nothing was done.");
  }
  if (line.isMention) return readMention(text.slice(line.from).replace(mention, "").trim());
  return readCommand(line.text, text.slice(line.from), first >= line.from && first < line.to);
}

const commandWord = "/spindle";

/** Verbs with their form, as help and mistakes show it. */
const forms = {
  run: "/spindle run [what to do]",
  approve: "/spindle approve <hash> [hunks=1,3-5] [including=AGENTS.md]",
  decline: "/spindle decline [reason]",
  steer: "/spindle steer <text>",
  stop: "/spindle stop",
  retry: "/spindle retry",
  status: "/spindle status",
  fork: "/spindle fork",
  hold: "/spindle hold",
  unhold: "/spindle unhold",
  help: "/spindle help",
} as const;

/** What these do is to tell; they may stand anywhere in a comment. */
const readingVerbs: ReadonlySet<string> = new Set<Verb>(["status", "help"]);

/** What follows these is free text. */
const textVerbs: ReadonlySet<string> = new Set<Verb>(["run", "decline", "steer"]);

/** The grammar for people, one form a line. */
export function commandForms(): string[] {
  return Object.values(forms);
}

/**
 * A login in GitHub's sense ends where neither letter, digit nor hyphen follows; `@bot/team` and `@bot.example` are somebody
 * else.
 */
function mentionOf(botLogin: string): RegExp {
  const login = botLogin.replace(/[^A-Za-z0-9-]/g, "\\$&");
  return new RegExp(`^[ \\t]*@${login}(?:\\[bot\\])?(?:[,:;!?]|\\.(?=\\s|$))?(?=\\s|$)`, "i");
}

interface SpokenLine {
  text: string;
  from: number;
  to: number;
}

/** Lines of top paragraphs whose beginning is plain text: no node of the tree covers it. */
function* spokenLines(text: string, root: MarkdownNode): Generator<SpokenLine> {
  for (const paragraph of root.children) {
    if (paragraph.name !== "Paragraph") continue;
    // A footnote's text stands at the page's end, where nobody looks for a command.
    if (isFootnote(text.slice(paragraph.from, paragraph.to))) continue;
    let from = paragraph.from;
    let covered = 0;
    while (from < paragraph.to) {
      const end = text.indexOf("\n", from);
      const to = end === -1 || end > paragraph.to ? paragraph.to : end;
      const start = from + text.slice(from, to).search(/\S|$/);
      // Nodes and lines both ascend, so each node is looked at once.
      while (covered < paragraph.children.length && (paragraph.children[covered]?.to ?? 0) <= start) covered += 1;
      const node = paragraph.children[covered];
      if (node === undefined || node.from > start) yield { text: text.slice(from, to), from, to };
      from = to + 1;
    }
  }
}

function tokensOf(line: string): string[] {
  return line.split(/[ \t]+/).filter((token) => token !== "");
}

function readMention(text: string): CommentReading {
  const [verb, ...tokens] = tokensOf(text);
  // "@bot stop" would steer the turn with the word "stop", which nobody means.
  if (verb !== undefined && isVerb(verb.toLowerCase()) && !text.includes("\n")) {
    const reading = parseVerb(verb.toLowerCase() as Verb, tokens, text);
    const isOneWord = tokens.length === 0 && verb.toLowerCase() !== "run";
    if (isOneWord || (reading.kind === "command" && reading.command.verb === "approve")) {
      return mistake(`A mention speaks to the model. To do that, write ${code(`${commandWord} ${text.slice(0, 200)}`)}.`);
    }
  }
  return text.length > githubTextLimits.requestCharactersMax ? mistake(tooLong) : { kind: "mention", text };
}

const tooLong = `A request has at most ${githubTextLimits.requestCharactersMax} characters; nothing was done.`;

/** `onwards`: the comment from the command on, of which `line` is the first. */
function readCommand(line: string, onwards: string, isFirst: boolean): CommentReading {
  if (line.length > githubTextLimits.commandCharactersMax) {
    return mistake(`A line that is a command has at most ${githubTextLimits.commandCharactersMax} characters.`);
  }
  const [, word, ...tokens] = tokensOf(line);
  if (word === undefined) return mistake(`Which command? ${helpHint}`);
  const verb = word.toLowerCase();
  if (!isVerb(verb)) {
    const near = nearestVerb(verb);
    return mistake(`There is no command ${code(word)}. ${near === null ? helpHint : `Did you mean ${code(forms[near])}?`}`);
  }
  if (!isFirst && !readingVerbs.has(verb)) {
    return mistake(`${code(`${commandWord} ${verb}`)} counts only on the first line of a comment; nothing was done.`);
  }
  return parseVerb(verb, tokens, onwards.replace(/^[ \t]*\S+[ \t]+\S+/, "").trim());
}

const helpHint = `${code("/spindle help")} lists them all.`;

/** `rest`: the comment after the verb as it was written, for what is free text. */
function parseVerb(verb: Verb, tokens: readonly string[], rest: string): CommentReading {
  if (rest.length > githubTextLimits.requestCharactersMax && textVerbs.has(verb)) return mistake(tooLong);
  switch (verb) {
    case "run":
      return command({ verb, text: rest === "" ? null : rest });
    case "decline":
      return command({ verb, reason: rest === "" ? null : rest });
    case "steer":
      return rest === "" ? mistake(`Steer needs a text: ${code(forms.steer)}.`) : command({ verb, text: rest });
    case "approve":
      return readApproval(tokens);
    case "stop":
    case "retry":
    case "status":
    case "fork":
    case "help":
    case "hold":
    case "unhold":
      return tokens.length === 0
        ? command({ verb })
        : mistake(`${code(forms[verb])} stands alone on its line; nothing was done.`);
    default:
      return verb satisfies never;
  }
}

function readApproval(tokens: readonly string[]): CommentReading {
  const [hash, ...options] = tokens;
  if (hash === undefined || !/^[0-9a-f]{12,64}$/i.test(hash)) {
    return mistake(`An approval names the diff by at least 12 digits of its hash: ${code(forms.approve)}.`);
  }
  let hunks: number[] | null = null;
  const including: string[] = [];
  const seen = new Set<string>();
  for (const option of options) {
    const [, name = "", value = ""] = /^(hunks|including)=(.+)$/.exec(option) ?? [];
    if (name === "") return mistake(`An approval has no option ${code(option)}. It is written ${code(forms.approve)}.`);
    if (seen.has(name)) return mistake(`${code(name)} stands twice in that approval; nothing was approved.`);
    seen.add(name);
    if (name === "including") including.push(...value.split(","));
    else {
      hunks = readRanges(value);
      if (hunks === null) return mistake(`Hunks are named like ${code("hunks=1,3-5")}, at most ${hunksMax} of them.`);
    }
  }
  if (including.includes("")) return mistake(`Paths are named like ${code("including=AGENTS.md,docs/CODEOWNERS")}.`);
  return command({ verb: "approve", hash: hash.toLowerCase(), hunks, including });
}

const hunksMax = limits.hunksChosenMax;

/** "1,3-5" as [1, 3, 4, 5]; null for anything else, for a number twice, and for too many. */
function readRanges(text: string): number[] | null {
  const numbers: number[] = [];
  for (const range of text.split(",")) {
    const [, low = "", high = low] = /^([1-9]\d{0,5})(?:-([1-9]\d{0,5}))?$/.exec(range) ?? [];
    if (low === "" || Number(high) < Number(low) || Number(high) - Number(low) >= hunksMax) return null;
    for (let number = Number(low); number <= Number(high); number++) numbers.push(number);
    if (numbers.length > hunksMax) return null;
  }
  return new Set(numbers).size === numbers.length ? numbers.sort((one, other) => one - other) : null;
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(forms, word);
}

/** The verb that one or two strokes would make of the word; null when none is near, or the word is no word. */
function nearestVerb(word: string): Verb | null {
  if (word.length > 12) return null;
  const near = (Object.keys(forms) as Verb[])
    .map((verb) => ({ verb, strokes: strokesBetween(word, verb) }))
    .sort((one, other) => one.strokes - other.strokes)[0];
  return near !== undefined && near.strokes <= (near.verb.length > 4 ? 2 : 1) ? near.verb : null;
}

/** Letters added, left out, replaced, or swapped with their neighbour (optimal string alignment). */
function strokesBetween(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row++) {
    const line = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      let strokes = Math.min(
        (rows[row - 1]?.[column] ?? 0) + 1,
        (line[column - 1] ?? 0) + 1,
        (rows[row - 1]?.[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      if (one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]) {
        strokes = Math.min(strokes, (rows[row - 2]?.[column - 2] ?? strokes) + 1);
      }
      line.push(strokes);
    }
    rows.push(line);
  }
  return rows[one.length]?.[other.length] ?? 0;
}

function command(read: Command): CommentReading {
  return { kind: "command", command: read };
}

function mistake(answer: string): CommentReading {
  return { kind: "mistake", answer };
}

/** Words of a person in our answer: code pings nobody, and printable ASCII without backticks cannot leave it. */
function code(words: string): string {
  return `\`${words.replace(/[^ -_a-~]/g, "?").slice(0, 220)}\``;
}
