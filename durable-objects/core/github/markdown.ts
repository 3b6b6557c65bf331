/** A comment's Markdown, read as GitHub reads it: what is text to a reader, and what is code, quotation, markup or hidden. */
import { GFM, type LeafBlockParser, type MarkdownConfig, parser } from "@lezer/markdown";
import { githubTextLimits } from "#core/limits";

/** A node of the tree with its place in `Markdown.text`. Names are those of `@lezer/markdown`, "Paragraph" or "InlineCode". */
export interface MarkdownNode {
  name: string;
  from: number;
  to: number;
  children: MarkdownNode[];
}

export interface Markdown {
  /** With "\n" as the only line end, which GitHub sends as "\r\n"; positions count its characters. */
  text: string;
  root: MarkdownNode;
}

/**
 * The parser looks back over a paragraph for every mark in it, and over all blocks around a line, which is nothing in a text that somebody
 * wrote, and minutes in one that was made for it. What has more than anybody writes becomes one node that is not looked into.
 */
const bounds: MarkdownConfig = {
  defineNodes: [
    { name: "TooDeep", block: true },
    { name: "TooMuch", block: true },
  ],
  parseBlock: [
    {
      name: "TooDeep",
      before: "IndentedCode",
      parse(context, line) {
        if (context.depth <= githubTextLimits.blockDepthMax) return false;
        const from = context.lineStart + line.pos;
        context.addElement(context.elt("TooDeep", from, context.lineStart + line.text.length));
        context.nextLine();
        return true;
      },
    },
    {
      name: "TooMuch",
      before: "LinkReference",
      leaf: (_, { content }) => (content.startsWith("[") ? longDefinition() : null),
    },
  ],
  parseInline: [
    {
      name: "TooMuch",
      before: "Escape",
      parse(context, _, at) {
        if (at !== context.offset || !hasTooMuch(context.text)) return -1;
        return context.addElement(context.elt("TooMuch", at, context.end));
      },
    },
  ],
};

/** What may still become a link's definition is read anew from its start with every line: one of thousands of lines is given up. */
function longDefinition(): LeafBlockParser {
  let isLong = false;
  return {
    nextLine(_, __, leaf) {
      if (isLong || leaf.content.length <= githubTextLimits.definitionCharactersMax) return false;
      if (!maybeDefinition.test(leaf.content)) return false;
      isLong = true;
      // Nobody else has to look at it any more.
      Object.assign(leaf, { parsers: [this] });
      return false;
    },
    finish(context, leaf) {
      if (!isLong) return false;
      context.addLeafElement(leaf, context.elt("TooMuch", leaf.start, leaf.start + leaf.content.length));
      return true;
    },
  };
}

/** A label that has not ended, or has what a definition goes on with. */
const maybeDefinition = /^\[(?:[^\]\\]|\\.)*(?:\]:|\\?$)/s;

function hasTooMuch(text: string): boolean {
  if (longGap.test(text)) return true;
  let marks = 0;
  for (const _ of text.matchAll(mark)) if (++marks > githubTextLimits.marksMax) return true;
  return false;
}

/** Whatever makes the parser look ahead or back. */
const mark = /[*_~[\]<`!&)@;]|www\.|https?:|mailto:|xmpp:/g;
/** Before a line's end they would be a break; each is looked ahead from. */
const longGap = / {256}/;

const reader = parser.configure([GFM, bounds]);

/** Any text is Markdown, so nothing is refused. Callers bound its length: `githubTextLimits.bodyCharactersMax`. */
export function parseMarkdown(source: string): Markdown {
  const text = source.replace(/\r\n?/g, "\n").replaceAll("\u0000", "\ufffd");
  const root: MarkdownNode = { name: "Document", from: 0, to: text.length, children: [] };
  const open = [root];
  reader.parse(text).iterate({
    enter: ({ name, from, to }) => {
      if (name === "Document") return;
      const node = { name, from, to, children: [] };
      open.at(-1)?.children.push(node);
      open.push(node);
    },
    leave: ({ name }) => {
      if (name !== "Document") open.pop();
    },
  });
  return { text, root };
}

/** A paragraph that GitHub takes for a footnote, which `@lezer/markdown` does not know. Example: `[^1]: said elsewhere` */
export function isFootnote(paragraph: string): boolean {
  return footnoteStart.test(paragraph);
}

const footnoteStart = /^ {0,3}\[\^[^\]\s]+\]:/;
