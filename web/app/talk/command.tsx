/** A command and what it printed: the last lines while it runs, the first and the last when it is done, all of it on demand. */

import { useState } from "preact/hooks";
import { shownCommand } from "#client/shell-command";
import type { ItemOf } from "#protocol/item";
import { Visible } from "../diff/visible.tsx";
import { durationText } from "./amounts.ts";
import { Copy } from "./copy.tsx";
import { talkLimits } from "./limits.ts";
import { LongText } from "./long-text.tsx";
import { foldedOutput, terminalText } from "./terminal-text.ts";

export function Command({ item }: { item: ItemOf<"commandExecution"> }) {
  const [isOpen, setOpen] = useState(false);
  const { outputLinesBefore, outputLinesBehind, unfoldedLinesMax } = talkLimits;
  const isRunning = item.status === "inProgress";
  const output = terminalText(item.aggregatedOutput ?? "").replace(/\n$/, "");
  const before = isRunning ? 0 : outputLinesBefore;
  const { hiddenLines, ...folded } = foldedOutput(output, { before, behind: outputLinesBehind, unfoldedMax: unfoldedLinesMax });
  const command = shownCommand(item.command);
  return (
    <div class="item command">
      <div class="head">
        <code>
          <span class="dim">$ </span>
          <Visible kind="lines" text={short(command)} />
        </code>
        <span class={`badge ${item.status === "completed" ? "" : item.status}`}>{commandState(item)}</span>
      </div>
      {output &&
        (isOpen || hiddenLines === 0 ? (
          <LongText text={output} label="Output" />
        ) : (
          <>
            {folded.before && <Lines text={folded.before} />}
            <button type="button" class="bare fold" aria-expanded={false} onClick={() => setOpen(true)}>
              {hiddenLines.toLocaleString("en")} more {hiddenLines === 1 ? "line" : "lines"}
            </button>
            <Lines text={folded.behind} />
          </>
        ))}
      {output && !isRunning && (
        <p class="foot">
          {isOpen && hiddenLines > 0 && (
            <button type="button" class="bare" aria-expanded={true} onClick={() => setOpen(false)}>
              Show less
            </button>
          )}
          <Copy text={output} label="Copy output" />
        </p>
      )}
    </div>
  );
}

/** One line of 5 MB is one line. */
function Lines({ text }: { text: string }) {
  return (
    <pre>
      <Visible kind="lines" text={short(text)} />
    </pre>
  );
}

function short(text: string): string {
  return text.length > talkLimits.shortCharactersMax ? `${text.slice(0, talkLimits.shortCharactersMax)} …` : text;
}

function commandState({ status, exitCode, durationMs }: ItemOf<"commandExecution">): string {
  if (status === "inProgress") return "running";
  if (status === "declined") return "declined";
  const outcome = exitCode === null ? (status === "failed" ? "failed" : "done") : exitCode === 0 ? "done" : `exit ${exitCode}`;
  return durationMs !== null && durationMs >= 1_000 ? `${outcome} · ${durationText(durationMs)}` : outcome;
}
