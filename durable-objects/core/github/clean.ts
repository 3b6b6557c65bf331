/** A text of GitHub's Markdown as a reader of the page sees it: what is hidden from people is hidden from the model too. */
import { isFootnote, type MarkdownNode, parseMarkdown } from "#core/github/markdown";
import { githubTextLimits } from "#core/limits";
import { visibleText } from "#core/visible-text";

/**
 * The text without HTML (comments, tags with their attributes, elements that do not show), link titles, unused link definitions
 * and footnotes, alternative texts of images, what follows a code block's language, cells beyond a table's columns, and signs
 * that cannot be seen. Numeric character references are decoded first. Code stays as it is, for there all of it shows. Markup
 * that is not closed hides the rest, as it does in a browser. This very text is what the model gets, and what a person can be
 * shown of it.
 */
export function cleanMarkdown(source: string): string {
  const { text, root } = parseMarkdown(source);
  const definitions = definitionsOf(text, root);
  const used = footnotesUsed(text);
  let out = "";
  /** The element that does not show and has not ended; "" when nothing can end it. */
  let hiding: { element: string; depth: number } | null = null;

  const emit = (shown: string) => {
    if (hiding === null) out += shown;
  };
  const captured = (write: () => void): string => {
    const before = out;
    out = "";
    write();
    const written = out;
    out = before;
    return written;
  };

  const walk = (node: MarkdownNode, from: number, to: number, depth: number) => {
    let at = from;
    let afterFootnote = false;
    for (const child of node.children) {
      if (child.from < at || child.to > to) continue;
      // An indented block, or a line without a blank one before it, belongs to the footnote above.
      const belongs: boolean = afterFootnote && (child.name === "CodeBlock" || text.slice(at, child.from).split("\n").length < 3);
      afterFootnote = belongs || isUnusedFootnote(child);
      emit(text.slice(at, child.from));
      if (!afterFootnote) visit(child, depth + 1);
      at = child.to;
    }
    emit(text.slice(at, to));
  };

  const isUnusedFootnote = ({ name, from, to }: MarkdownNode): boolean => {
    if (name !== "Paragraph" && name !== "LinkReference") return false;
    const written = text.slice(from, to);
    return isFootnote(written) && !used.has(labelOf(written));
  };

  const visit = (node: MarkdownNode, depth: number) => {
    const written = text.slice(node.from, node.to);
    if (depth > depthMax) return emit("[nested too deeply]");
    switch (node.name) {
      case "TooDeep":
        return unread(written, "[nested too deeply]");
      case "TooMuch":
        return unread(written, "[too much markup]");
      case "Comment":
      case "CommentBlock":
      case "ProcessingInstruction":
      case "ProcessingInstructionBlock":
      case "HTMLTag":
      case "HTMLBlock":
        return html(written);
      case "LinkReference":
        if (isFootnote(written)) return emit(written);
        // What is a definition here may be a paragraph to GitHub, and its tags may hide what follows.
        captured(() => html(written));
        return;
      case "Image":
        return targetOf(node) === undefined ? walk(node, node.from, node.to, depth) : emit("[image]");
      case "Entity":
        return emit(decoded(written));
      case "CodeInfo":
        return emit(/^[\w+#.-]{1,30}(?=\s|$)/.exec(written)?.[0] ?? "");
      case "Link":
        return link(node, depth);
      case "Table":
        return table(node, depth);
      default:
        return walk(node, node.from, node.to, depth);
    }
  };

  /** What is not looked into may open what does not show, and nobody knows where that ends. */
  const unread = (written: string, note: string) => {
    emit(note);
    if (/<[a-z!?]/i.test(written)) hiding = { element: "", depth: 1 };
  };

  /** Where a link or image leads; undefined for brackets that only look like one, because nothing defines their label. */
  const targetOf = ({ children }: MarkdownNode): string | undefined => {
    const [opening, closing, ...parentheses] = children.filter(({ name }) => name === "LinkMark");
    const url = children.find(({ name }) => name === "URL");
    if (url !== undefined) return destination(text.slice(url.from, url.to));
    const label = children.find(({ name }) => name === "LinkLabel");
    const isEmpty = label === undefined || label.to - label.from <= 2;
    const written = isEmpty ? text.slice(opening?.to, closing?.from) : text.slice(label.from + 1, label.to - 1);
    return parentheses.length > 0 ? "" : definitions.get(normalLabel(written));
  };

  const link = (node: MarkdownNode, depth: number) => {
    const [opening, closing] = node.children.filter(({ name }) => name === "LinkMark");
    const target = targetOf(node);
    if (opening === undefined || closing === undefined || target === undefined) return walk(node, node.from, node.to, depth);
    const inner = captured(() => walk(node, opening.to, closing.from, depth));
    // A link without words is a place where nobody sees one.
    if (visibleText(inner).trim() !== "") emit(target === "" ? `[${inner}]` : `[${inner}](${target})`);
  };

  const table = (node: MarkdownNode, depth: number) => {
    const rule = node.children.find(({ name }) => name === "TableDelimiter");
    const columns = rule === undefined ? 0 : columnsOf(text.slice(rule.from, rule.to));
    let at = node.from;
    for (const row of node.children) {
      emit(text.slice(at, row.from));
      const bars = row.children.filter(({ name }) => name === "TableDelimiter");
      const end = bars[bars[0]?.from === row.from ? columns : columns - 1];
      walk(row, row.from, end?.to ?? row.to, depth + 1);
      at = row.to;
    }
    emit(text.slice(at, node.to));
  };

  const html = (written: string) => {
    let at = 0;
    while (at < written.length) {
      const next = written.slice(at).search(/<[a-z/!?]/i);
      emit(decoded(next === -1 ? written.slice(at) : written.slice(at, at + next)));
      if (next === -1) return;
      markup.lastIndex = at + next;
      const found = markup.exec(written);
      if (found === null || endsEarlier.test(found[0])) {
        hiding = { element: "", depth: 1 };
        return;
      }
      tag(found[0]);
      at = markup.lastIndex;
    }
  };

  const tag = (written: string) => {
    const [, end = "", name = ""] = /^<(\/?)([a-z][a-z0-9-]*)/i.exec(written) ?? [];
    const element = name.toLowerCase();
    if (element === "") return;
    if (hiding !== null) {
      if (element === hiding.element) hiding.depth += end === "/" ? -1 : 1;
      if (hiding.depth === 0) hiding = null;
    } else if (element === "img") emit("[image]");
    else if (element === "br") emit("\n");
    else if (end === "" && !emptyElements.has(element) && (hiddenElements.has(element) || hidingAttribute.test(written))) {
      hiding = { element, depth: 1 };
    }
  };

  walk(root, 0, text.length, 0);
  return visibleText(out)
    .replace(/(?<![ \t])[ \t]+$/gm, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** Nesting beyond which nobody reads, and a walk would run out of stack. */
const depthMax = 100;

/**
 * One comment, declaration, instruction or tag, quotation marks of attributes respected. Sticky: it stands where it is looked
 * for.
 */
const markup =
  /<!--(?:-?>|[\s\S]*?-->)|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<!(?!--)[^>]*>|<\/?[a-z](?:[^"'>]|"[^"]*"|'[^']*')*>/iy;

/** Markdown ends these at `]]>` and `?>`, a browser at the first `>`; a tag between the two may hide what follows. */
const endsEarlier = /^<(?:\?|!\[)[^>]*>[\s\S]*</;

const hiddenElements: ReadonlySet<string> = new Set(
  "script style template title textarea noscript noembed noframes iframe object svg math xmp plaintext select head dialog".split(
    " ",
  ),
);
const emptyElements: ReadonlySet<string> = new Set("area base br col embed hr img input link meta source track wbr".split(" "));
const hidingAttribute = /\s(?:hidden\b|aria-hidden\b|style\s*=)/i;

/** Link definitions of the whole text, by their normal label; "" for a destination that says more than where. */
function definitionsOf(text: string, root: MarkdownNode): Map<string, string> {
  const definitions = new Map<string, string>();
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.name === "LinkReference") {
      const label = normalLabel(labelOf(text.slice(node.from, node.to)));
      const url = node.children.find(({ name }) => name === "URL");
      const target = url === undefined ? "" : destination(text.slice(url.from, url.to));
      // Taken from the end, so that the first of several definitions stays, as in CommonMark.
      definitions.set(label, target);
    }
    for (const child of node.children) waiting.push(child);
  }
  return definitions;
}

/** `[label]: …` without its brackets. */
function labelOf(definition: string): string {
  return /^\s*\[((?:[^\]\\]|\\.)*)\]/.exec(definition)?.[1] ?? "";
}

/** CommonMark's: without regard to case and to how much space there is. */
function normalLabel(label: string): string {
  return label.trim().replace(/\s+/g, " ").toLowerCase();
}

/** Labels, each with its `^`, of the footnotes that a text refers to. */
function footnotesUsed(text: string): ReadonlySet<string> {
  return new Set(Array.from(text.matchAll(/\[(\^[^[\]\s]+)\](?!:)/g), ([, label]) => label ?? ""));
}

function destination(url: string): string {
  const target = url.replace(/^<|>$/g, "");
  return target.length <= githubTextLimits.linkCharactersMax && /^[^\s<>()]+$/.test(target) ? target : "";
}

function columnsOf(rule: string): number {
  return rule
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|").length;
}

const names: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", commat: "@" };

/** Character references as CommonMark decodes them; names that are rare stay spelled. */
function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (reference, decimal, hexadecimal, name) => {
    if (name !== undefined) return Object.hasOwn(names, name) ? (names[name] ?? reference) : reference;
    const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
    const isSign = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return isSign ? String.fromCodePoint(code) : "\ufffd";
  });
}
