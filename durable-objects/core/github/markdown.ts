/** A comment's Markdown, read as GitHub reads it: what is text to a reader, and what is code, quotation, markup or hidden. */
import { GFM, parser } from "@lezer/markdown";

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

const reader = parser.configure(GFM);

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
