/** An export as Markdown, for people. What anybody said or printed stands in fences that it cannot close. */
import type { ThreadItem } from "#protocol/item";
import type { ExportEntry } from "#protocol/thread-export-methods";

/** The head of the first page. */
export function markdownHead({
  id,
  name,
  preview,
  cwd,
}: {
  id: string;
  name: string | null;
  preview: string;
  cwd: string;
}): string {
  return `# ${inline(name ?? preview) || "A thread"}\n\nThread ${inline(id)}, workspace ${inline(cwd)}.\n`;
}

/** `timeOf` writes a moment, given in Unix milliseconds. */
export function markdownOf(entry: ExportEntry, timeOf: (atMs: number) => string): string {
  const taken = entry.isReverted ? " (taken back later)" : "";
  return `${bodyOf(entry, `${timeOf(entry.atMs)}, ${entry.seq}${taken}`)}\n`;
}

/** `at` says when it was, and where in the log. */
function bodyOf(entry: ExportEntry, at: string): string {
  switch (entry.type) {
    case "turnStarted":
      return `## Turn ${inline(entry.turnId)}\n\n${at}`;
    case "item":
      return `### ${entry.item.type}\n\n${at}\n\n${itemText(entry.item)}`;
    case "decisionTree": {
      const { revision, cause, because, flip, resolutions, tree, mermaid } = entry;
      const flipped = flip ? `\n\nThat changed what leads, from ${inline(flip.from)} to ${inline(flip.to)}.` : "";
      const known = resolutions.map(
        ({ assumptionId, isTrue, by }) => `${inline(assumptionId)} is ${isTrue}, by ${by.join(" and ")}`,
      );
      const facts = [
        ...tree.assumptions.map(
          ({ id, text, probability, status }) => `- ${inline(`${id}, ${text}`)}: ${figure(probability)}, ${status}`,
        ),
        ...tree.actions.map(
          ({ id, description, expectedUtility, harmProbability }) =>
            `- ${inline(`${id}, ${description}`)}: utility ${figure(expectedUtility)}, harm ${figure(harmProbability)}`,
        ),
        ...known.map((line) => `- known: ${line}`),
      ];
      const title = `### Decision tree, revision ${revision} (${cause}, ${tree.mode}, ${tree.source ?? "declaration"})`;
      return `${title}\n\n${at}\n\n${inline(because)}${flipped}\n\n${facts.join("\n")}\n\n${fenced(mermaid, "mermaid")}`;
    }
    case "asked": {
      const hash = entry.hash === null ? "" : `, changes ${entry.hash}`;
      return `### Asked: ${inline(entry.method)}\n\n${at}, request ${inline(entry.requestId)}${hash}\n\n${fenced(json(entry.params), "json")}`;
    }
    case "answered":
      return `### Answered\n\n${at}, request ${inline(entry.requestId)}\n\n${fenced(json(entry.answer), "json")}`;
    case "warning":
      return `### Warning\n\n${at}\n\n${fenced(entry.message)}`;
    case "error":
      return `### Error${entry.willRetry ? ", tried again" : ""}\n\n${at}\n\n${fenced(entry.error.message)}`;
    case "turnCompleted": {
      const { status, error, outcome } = entry;
      const failure = error ? `\n\n${fenced(error.message)}` : "";
      return `### Turn ${status}\n\n${at}${failure}${outcome ? `\n\n${fenced(json(outcome), "json")}` : ""}`;
    }
    case "reverted":
      return `### Taken back\n\n${at}: everything from turn ${inline(entry.beforeTurnId ?? "none")} on.`;
    default:
      return entry satisfies never;
  }
}

function itemText(item: ThreadItem): string {
  switch (item.type) {
    case "userMessage":
      return fenced(item.content.map((part) => (part.type === "text" ? part.text : `(${part.type})`)).join("\n"));
    case "agentMessage":
      return fenced(item.text);
    case "reasoning":
      return fenced(item.summary.join("\n\n"));
    case "commandExecution": {
      const status = `${item.status}, exit code ${item.exitCode ?? "none"}`;
      return `${fenced(item.command, "sh")}\n\n${status}\n\n${fenced(item.aggregatedOutput ?? "")}`;
    }
    case "fileChange": {
      const hash = item.proposal ? `, changes ${item.proposal.hash}` : "";
      return `${item.status}${hash}\n\n${fenced(item.proposal?.diff ?? "", "diff")}`;
    }
    default:
      return fenced(json(item), "json");
  }
}

/** A fence is longer than any run of backticks inside. */
function fenced(text: string, language = "text"): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${fence}`;
}

/** In one line, with what Markdown or HTML would read as its own taken literally. */
function inline(text: string): string {
  return text
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .trim()
    .replaceAll(/[\\`*_{}[\]<>#|!~$&]/g, (character) => `\\${character}`);
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "null";
}

function figure(value: number): string {
  return value.toFixed(2);
}
