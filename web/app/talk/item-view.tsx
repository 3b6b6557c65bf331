/** One item of a turn. */
import type { ItemOf, ThreadItem } from "#protocol/item";
import { changePatch } from "../diff/change-patch.ts";
import { Patch } from "../diff/patch.tsx";
import { Visible } from "../diff/visible.tsx";
import { memo } from "../memo.ts";
import { Command } from "./command.tsx";
import { LongText } from "./long-text.tsx";
import { Markdown } from "./markdown.tsx";
import { type Acting, UserMessage } from "./user-message.tsx";

interface ItemViewProps {
  item: ThreadItem;
  turnId: string;
  begins: boolean;
  act(acting: Acting): void;
}

/** An item is never mutated: one that did not change is not drawn again. */
export const ItemView = memo(({ item, turnId, begins, act }: ItemViewProps) => {
  switch (item.type) {
    case "userMessage":
      return <UserMessage item={item} turnId={turnId} begins={begins} act={act} />;
    case "agentMessage":
      return (
        <div class="item agent">
          <Markdown text={item.text} />
        </div>
      );
    case "reasoning":
      return <Reasoning item={item} />;
    case "commandExecution":
      return <Command item={item} />;
    case "fileChange":
      return <FileChange item={item} />;
    case "contextCompaction":
      return <p class="item aside">The talk so far was made shorter for the model.</p>;
    case "dynamicToolCall":
      return <ToolCall item={item} />;
    case "mcpToolCall":
      return <McpCall item={item} />;
    case "enteredReviewMode":
      return (
        <p class="item aside">
          Review of <Visible kind="prose" text={item.review} />
        </p>
      );
    case "exitedReviewMode":
      return null;
    default:
      // A newer server's item; what is not known is not shown.
      item satisfies never;
      return null;
  }
});

/** Folded: who wants to know why looks. The last heading says what it is about. */
function Reasoning({ item }: { item: ItemOf<"reasoning"> }) {
  const text = item.summary.join("\n\n");
  const title = /\*\*([^*\n]+)\*\*/.exec(item.summary.at(-1) ?? "")?.[1] ?? text.split("\n", 1)[0] ?? "";
  return (
    <details class="item reasoning">
      <summary>
        <span class="label">{item.completedAtMs === null ? "Thinking" : "Thought"}</span>{" "}
        <Visible kind="prose" text={title.slice(0, 120)} />
      </summary>
      <Markdown text={text} />
    </details>
  );
}

const changeWords = { inProgress: "proposed", completed: "applied", failed: "not applied", declined: "declined" };

function FileChange({ item }: { item: ItemOf<"fileChange"> }) {
  return (
    <div class="item change">
      <p class="head">
        <span>
          <Visible text={item.changes.map(({ path }) => path.replace(/^\/workspace\//, "")).join(", ")} />
        </span>
        <span class={`badge ${item.status}`}>{changeWords[item.status]}</span>
      </p>
      {/* While it waits, it stands above the field with the answer to it. */}
      {item.status !== "inProgress" && <Patch text={changePatch(item)} />}
    </div>
  );
}

const callWords = { inProgress: "waiting", completed: "done", failed: "failed" };

/** Its server's own words, of which nobody here knows whether they are true. */
function McpCall({ item }: { item: ItemOf<"mcpToolCall"> }) {
  const parts = item.result?.content.map((part) => (typeof part.text === "string" ? part.text : `[${String(part.type)}]`)) ?? [];
  const said =
    item.error?.message ?? (parts.join("\n") || (item.result ? JSON.stringify(item.result.structuredContent, null, 2) : ""));
  return (
    <details class="item command">
      <summary class="head">
        <code>
          <Visible text={`${item.server}.${item.tool}`} />
        </code>
        <span class={`badge ${item.status}`}>{callWords[item.status]}</span>
      </summary>
      <LongText text={JSON.stringify(item.arguments, null, 2) ?? ""} label="What the tool was given" />
      {said && <LongText text={said} label="What the server said" />}
    </details>
  );
}

function ToolCall({ item }: { item: ItemOf<"dynamicToolCall"> }) {
  const said = item.contentItems?.map((part) => (part.type === "inputText" ? part.text : `[${part.type}]`)).join("\n") ?? "";
  return (
    <details class="item command">
      <summary class="head">
        <code>
          <Visible text={item.namespace ? `${item.namespace}.${item.tool}` : item.tool} />
        </code>
        <span class={`badge ${item.status}`}>{callWords[item.status]}</span>
      </summary>
      <LongText text={JSON.stringify(item.arguments, null, 2) ?? ""} label="What the tool was given" />
      {said && <LongText text={said} label="What the tool said" />}
    </details>
  );
}
