/**
 * Markdown as elements. It is parsed and never becomes HTML: each kind of token has its element, everything else is text. So there is nothing
 * to sanitise, no policy of Trusted Types to grant, and what is selected stays selected while more is written.
 */

import type { MarkedToken, Token, Tokens } from "marked";
import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { useRef } from "preact/hooks";
import { Visible } from "../diff/visible.tsx";
import { parsed } from "./bounded-markdown.ts";
import { CodeBlock } from "./code-block.tsx";
import { talkLimits } from "./limits.ts";
import { LongText } from "./long-text.tsx";
import { fenceOf, noBlocks, openBlock, withText } from "./markdown-blocks.ts";
import { safeLink, withoutReferences } from "./plain-text.ts";

/** What is finished is drawn once; what is still written is drawn anew, at most once a frame. */
export function Markdown({ text }: { text: string }) {
  const blocks = useRef(noBlocks);
  blocks.current = withText(blocks.current, text);
  const open = openBlock(blocks.current);
  const all = blocks.current.finished.concat(open.trim() === "" ? [] : [open]);
  const { drawn, rest } = withinBound(all);
  return (
    <div class="markdown" dir="auto">
      {/* What is open has the key that it will have when it is finished: its elements stay. */}
      {drawn.map((block, index) => (
        <Block key={index} text={block} />
      ))}
      {rest !== "" && <LongText text={rest} label="The rest, as it was written" />}
    </div>
  );
}

/** Blocks as far as one message is parsed, at least the first, and the text behind them. */
function withinBound(blocks: readonly string[]): { drawn: readonly string[]; rest: string } {
  let characters = 0;
  const end = blocks.findIndex((block) => {
    characters += block.length;
    return characters > talkLimits.parsedMessageCharactersMax;
  });
  return end <= 0
    ? { drawn: blocks.slice(0, end === 0 ? 1 : undefined), rest: end === 0 ? blocks.slice(1).join("") : "" }
    : { drawn: blocks.slice(0, end), rest: blocks.slice(end).join("") };
}

const Block = memo(({ text }: { text: string }) => {
  const fence = fenceOf(text);
  if (fence) return <CodeBlock {...fence} />;
  const tokens = parsed(text);
  return <>{tokens ? elements(tokens) : <LongText text={text} />}</>;
});

function elements(tokens: readonly Token[]): ComponentChildren[] {
  return tokens.map((token, index) => element(token as MarkedToken, index));
}

const headings = ["h3", "h4", "h5", "h6", "h6", "h6"] as const;

function element(token: MarkedToken, key: number): ComponentChildren {
  switch (token.type) {
    case "paragraph":
      return <p key={key}>{elements(token.tokens)}</p>;
    case "text":
      return token.tokens ? elements(token.tokens) : <Prose key={key} text={withoutReferences(token.text)} />;
    case "heading": {
      // Below the headings of the page.
      const Heading = headings[token.depth - 1] ?? "h6";
      return <Heading key={key}>{elements(token.tokens)}</Heading>;
    }
    case "code":
      return <CodeBlock key={key} language={token.lang?.split(/\s/)[0] ?? ""} code={token.text} />;
    case "codespan":
      return (
        <code key={key} dir="ltr">
          <Visible text={token.text} />
        </code>
      );
    case "strong":
      return <strong key={key}>{elements(token.tokens)}</strong>;
    case "em":
      return <em key={key}>{elements(token.tokens)}</em>;
    case "del":
      return <del key={key}>{elements(token.tokens)}</del>;
    case "blockquote":
      return <blockquote key={key}>{elements(token.tokens)}</blockquote>;
    case "list":
      return <List key={key} list={token} />;
    case "checkbox":
      return (
        <span key={key} class="task" role="img" aria-label={token.checked ? "done" : "to do"}>
          {token.checked ? "☑ " : "☐ "}
        </span>
      );
    case "table":
      return <Table key={key} table={token} />;
    case "hr":
      return <hr key={key} />;
    case "br":
      return <br key={key} />;
    case "link":
      return <Link key={key} link={token} />;
    case "image":
      return <Image key={key} image={token} />;
    case "escape":
      return <Prose key={key} text={token.text} />;
    case "space":
      return null;
    case "html":
    case "def":
    case "list_item":
      return <Prose key={key} text={token.raw} />;
    default:
      return token satisfies never;
  }
}

function Prose({ text }: { text: string }) {
  return <Visible kind="prose" text={text} />;
}

function List({ list: { ordered, start, items } }: { list: Tokens.List }) {
  const entries = items.map(({ tokens, task }, index) => (
    <li key={index} class={task ? "with-task" : undefined}>
      {elements(tokens)}
    </li>
  ));
  return ordered ? <ol start={start === "" ? 1 : start}>{entries}</ol> : <ul>{entries}</ul>;
}

function Table({ table: { header, rows } }: { table: Tokens.Table }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
    // biome-ignore lint/a11y/useSemanticElements: no group of fields.
    <div class="wide" role="group" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {header.map(({ tokens, align }, index) => (
              <th key={index} scope="col" class={align ?? undefined}>
                {elements(tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              {row.map(({ tokens, align }, index) => (
                <td key={index} class={align ?? undefined}>
                  {elements(tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Link({ link: { href, text, tokens, autolink } }: { link: Tokens.Link }) {
  const words = autolink ? text : withoutReferences(text);
  const safe = safeLink(autolink ? href : withoutReferences(href), words);
  if (!safe)
    return (
      <>
        {elements(tokens)} ({<Visible text={href} />})
      </>
    );
  return (
    <bdi>
      <a href={safe.href} target="_blank" rel="noopener noreferrer nofollow" title={safe.href}>
        {autolink ? <Visible text={text} /> : elements(tokens)}
      </a>
      {safe.host !== null && (
        <span class="host">
          {" "}
          (<Visible text={safe.host} />)
        </span>
      )}
    </bdi>
  );
}

/** Never loaded: whoever serves it would learn that it was seen, and what its address says. */
function Image({ image: { href, text } }: { image: Tokens.Image }) {
  const words = `image: ${withoutReferences(text) || "without description"}`;
  const safe = safeLink(withoutReferences(href), words);
  if (!safe)
    return (
      <>
        [<Prose text={words} />]
      </>
    );
  return (
    <a href={safe.href} target="_blank" rel="noopener noreferrer nofollow" title={safe.href}>
      [<Prose text={words} />]
    </a>
  );
}
