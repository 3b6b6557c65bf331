/** What happens in a thread, as text for a terminal, as it happens. */
import { patchLines } from "#client/patch-lines";
import { shownCommand } from "#client/shell-command";
import type { Frame } from "#core/frame";
import type { ItemOf, ThreadItem } from "#protocol/item";
import { terminalLimits } from "./limits.ts";

export type Paint = (style: "dim" | "bold" | "red" | "green" | "cyan" | "yellow", text: string) => string;

const codes = { dim: [2, 22], bold: [1, 22], red: [31, 39], green: [32, 39], cyan: [36, 39], yellow: [33, 39] };

export function createPaint(hasColour: boolean): Paint {
  return (style, text) => (hasColour && text ? `\x1b[${codes[style][0]}m${text}\x1b[${codes[style][1]}m` : text);
}

/** Items told piece by piece: how many characters of which are out. */
interface Told {
  characters: number;
}

export class Transcript {
  private readonly out: (text: string) => void;
  private readonly paint: Paint;
  private readonly told = new Map<string, Told>();
  /** Messages typed here: they stand on the screen already. */
  readonly ownMessages = new Set<string>();
  private streaming: string | null = null;
  private isAtLineStart = true;
  private hasText = false;

  constructor(out: (text: string) => void, paint: Paint) {
    this.out = out;
    this.paint = paint;
  }

  frame(frame: Frame): void {
    switch (frame.method) {
      case "item/started":
        this.begin(frame.params.item);
        break;
      case "item/agentMessage/delta":
        this.stream(frame.params.itemId, frame.params.delta, false);
        break;
      case "item/reasoning/summaryPartAdded":
        if (frame.params.summaryIndex > 0) this.stream(frame.params.itemId, "\n\n", true);
        break;
      case "item/reasoning/summaryTextDelta":
        this.stream(frame.params.itemId, frame.params.delta, true);
        break;
      case "item/completed":
        this.complete(frame.params.item);
        break;
      case "error":
        if (frame.params.willRetry) this.note(frame.params.error.message);
        break;
      case "warning":
        this.note(frame.params.message);
        break;
      default:
    }
  }

  /** Shows an item's beginning, once: a command before it may run, a diff before it may land. */
  begin(item: ThreadItem): void {
    if (this.told.has(item.id)) return;
    this.told.set(item.id, { characters: 0 });
    switch (item.type) {
      case "commandExecution":
        this.gap();
        this.line(this.paint("cyan", `$ ${plain(shownCommand(item.command))}`));
        break;
      case "fileChange":
        this.gap();
        this.change(item);
        break;
      case "contextCompaction":
        this.note("The talk so far was made shorter for the model.");
        break;
      case "dynamicToolCall":
        this.gap();
        this.line(this.paint("cyan", `${plain(item.tool)} ${plain(JSON.stringify(item.arguments))}`));
        break;
      case "mcpToolCall":
        this.gap();
        this.line(this.paint("cyan", `${plain(`${item.server}.${item.tool}`)} ${plain(JSON.stringify(item.arguments))}`));
        break;
      case "userMessage": {
        if (item.clientId && this.ownMessages.has(item.clientId)) return;
        const text = item.content.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join("\n");
        this.gap();
        this.line(this.paint("bold", `> ${plain(text)}`));
        break;
      }
      case "enteredReviewMode":
        this.note(`Review of ${item.review}`);
        break;
      case "exitedReviewMode":
        // Its words are those of the message before it.
        break;
      case "agentMessage":
      case "reasoning":
        // They begin with their first character.
        break;
      default:
        item satisfies never;
    }
  }

  /** Shows what there is of an item that began before we listened. */
  catchUp(item: ThreadItem): void {
    if (item.completedAtMs !== null) this.complete(item);
    else {
      this.begin(item);
      if (item.type === "agentMessage") this.rest(item.id, item.text, false);
      if (item.type === "reasoning") this.rest(item.id, item.summary.join("\n\n"), true);
    }
  }

  /** A remark of this program, not of the agent. */
  note(text: string): void {
    this.line(this.paint("dim", plain(text)));
  }

  failure(text: string): void {
    this.line(this.paint("red", plain(text)));
  }

  line(text: string): void {
    this.endLine();
    this.out(`${text}\n`);
    this.hasText = true;
  }

  /** An empty line before an item, but none at the very top. */
  private gap(): void {
    this.endLine();
    if (this.hasText) this.out("\n");
    this.hasText = true;
  }

  private complete(item: ThreadItem): void {
    this.begin(item);
    switch (item.type) {
      case "agentMessage":
        this.rest(item.id, item.text, false);
        this.endLine();
        break;
      case "reasoning":
        this.rest(item.id, item.summary.join("\n\n"), true);
        this.endLine();
        break;
      case "commandExecution":
        this.output(item);
        break;
      case "fileChange":
        this.line(this.paint("dim", `  ${changeWords[item.status]}`));
        break;
      case "dynamicToolCall":
      case "mcpToolCall":
        this.line(this.paint("dim", `  ${item.status === "failed" ? "failed" : "answered"}`));
        break;
      case "userMessage":
      case "contextCompaction":
      case "enteredReviewMode":
      case "exitedReviewMode":
        break;
      default:
        item satisfies never;
    }
  }

  private stream(itemId: string, text: string, isDim: boolean): void {
    const told = this.told.get(itemId) ?? { characters: 0 };
    this.told.set(itemId, told);
    const shown = plain(text);
    if (!shown) return;
    if (told.characters === 0) this.gap();
    else if (this.streaming !== itemId) this.endLine();
    this.streaming = itemId;
    told.characters += text.length;
    this.out(isDim ? this.paint("dim", shown) : shown);
    this.isAtLineStart = shown.endsWith("\n");
  }

  /** Streamed text may have been dropped while we were away: the completed item says it all. */
  private rest(itemId: string, text: string, isDim: boolean): void {
    const characters = this.told.get(itemId)?.characters ?? 0;
    if (characters < text.length) this.stream(itemId, text.slice(characters), isDim);
  }

  private output({ aggregatedOutput, exitCode, status }: ItemOf<"commandExecution">): void {
    const lines = (aggregatedOutput ?? "").replace(/\n$/, "").split("\n");
    const { outputLinesFirst, outputLinesLast } = terminalLimits;
    const hidden = lines.length - outputLinesFirst - outputLinesLast;
    // One hidden line is no shorter than the line that says so.
    const shown =
      hidden > 1 ? [...lines.slice(0, outputLinesFirst), `… ${hidden} more lines …`, ...lines.slice(-outputLinesLast)] : lines;
    if (aggregatedOutput) for (const line of shown) this.line(this.paint("dim", `  ${plain(line)}`));
    if (status === "declined") this.line(this.paint("dim", "  declined"));
    else if (exitCode !== null && exitCode !== 0) this.line(this.paint("red", `  exit ${exitCode}`));
    else if (status === "failed") this.line(this.paint("red", "  failed"));
  }

  private change({ changes, proposal }: ItemOf<"fileChange">): void {
    for (const { path, kind } of changes) this.line(this.paint("bold", `${kindWords[kind.type]} ${plain(path)}`));
    const lines = patchLines(proposal?.diff ?? changes.map(({ diff }) => diff).join("\n"));
    const isOne = lines.filter(({ hunk }) => hunk !== null).length < 2;
    for (const { kind, text, hunk } of lines.slice(0, terminalLimits.patchLinesMax)) {
      if (hunk !== null && !isOne) this.line(this.paint("bold", `hunk ${hunk}`));
      const style = patchStyles[kind];
      this.line(style ? this.paint(style, plain(text)) : plain(text));
    }
    const hidden = lines.length - terminalLimits.patchLinesMax;
    if (hidden > 0)
      this.line(this.paint("yellow", `… ${hidden} more lines of this diff are not shown; the web client shows them.`));
  }

  private endLine(): void {
    if (!this.isAtLineStart) this.out("\n");
    this.isAtLineStart = true;
    this.streaming = null;
  }
}

const changeWords = { inProgress: "proposed", completed: "accepted", failed: "not applied", declined: "declined" };
const patchStyles = { head: "dim", hunk: "cyan", added: "green", removed: "red", same: null } as const;
const kindWords = { add: "add", update: "change", delete: "delete" };

/**
 * What an agent, a command or a file says must not move the cursor, rewrite lines that were read, or turn the direction of writing:
 * somebody is about to say yes to what the screen shows. Controls become visible signs.
 */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    if (code === 0x7f) return "␡";
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}
