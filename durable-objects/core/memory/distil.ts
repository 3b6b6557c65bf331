/**
 * What a finished turn teaches, without asking a model: a correction that a person gave, a command that went from red to green, a change that
 * was let in. The same turn always gives the same drafts.
 */
import { memoryLimits } from "#core/limits";
import type { Draft, Provenance } from "#core/memory/fragment";
import { languagesOf, taskOf } from "#core/memory/task-cluster";
import { hideSecrets } from "#core/secrets";

/** What is known of a turn when it is over, and of what a person said to it afterwards. */
export interface FinishedTurn {
  threadId: string;
  turnId: string;
  /** What was asked for. */
  request: string;
  /** Changes in the order in which they were answered. */
  changes: { path: string; isApproved: boolean }[];
  /** Commands in the order in which they ended. `exitCode` is null for one that did not. */
  commands: { command: string; exitCode: number | null; output: string }[];
  /** What a person said was wrong, after a decline or an interrupt. */
  correction: string | null;
}

/** At most `fragmentsPerTurnMax`, the most telling first. They still have to pass `admit`. */
export function distil(turn: FinishedTurn): Draft[] {
  const drafts = [correctionOf(turn), repairOf(turn), ...changeOf(turn)].filter((draft) => draft !== null);
  return drafts.slice(0, memoryLimits.fragmentsPerTurnMax);
}

/** A person's words are worth most: somebody who was told once shall not have to be told again. */
function correctionOf(turn: FinishedTurn): Draft | null {
  const correction = turn.correction?.trim();
  if (!correction) return null;
  return draft(turn, "user", "user", {
    kind: "pitfall",
    title: `A person corrected: ${correction}`,
    when: `Asked for: ${turn.request}`,
    content: correction,
  });
}

/** A command that failed and then passed within the turn is how such a change is checked. */
function repairOf(turn: FinishedTurn): Draft | null {
  const repaired = turn.commands.findLast(
    ({ command, exitCode }, place) =>
      exitCode === 0 && turn.commands.slice(0, place).some((earlier) => earlier.command === command && isRed(earlier)),
  );
  if (!repaired) return null;
  const { command } = repaired;
  const approved = approvedPaths(turn);
  const languages = languagesOf(approved);
  const failure = turn.commands.find((earlier) => earlier.command === command && isRed(earlier));
  return draft(turn, "agent", "tests", {
    kind: "workflow",
    title: `Check with: ${command}`,
    when: `${languages.length > 0 ? `Changes in ${languages.join(", ")}` : "Changes"} like: ${turn.request}`,
    content: `\`${command}\` failed first and passed after the change. Run it before saying that the work is done.`,
    keys: [`tool:${command.split(/\s+/).slice(0, 2).join(" ")}`, ...errorClasses(failure?.output ?? "")],
  });
}

/** Where a change of this kind was made, or was not wanted. Paths are the repository's text: they stay in its scope. */
function changeOf(turn: FinishedTurn): (Draft | null)[] {
  const approved = approvedPaths(turn);
  const declined = turn.changes.filter(({ path, isApproved }) => !isApproved && !approved.includes(path)).map(({ path }) => path);
  const isRepeated = Boolean(turn.correction?.trim());
  return [
    approved.length === 0
      ? null
      : draft(turn, "toolText", "user", {
          kind: "strategy",
          title: `Where it was changed: ${turn.request}`,
          when: `Asked for: ${turn.request}`,
          content: `A person let in changes of ${listed(approved)}${languagesIn(approved)}.`,
        }),
    declined.length === 0 || isRepeated
      ? null
      : draft(turn, "toolText", "user", {
          kind: "pitfall",
          title: `Not wanted: ${turn.request}`,
          when: `Asked for: ${turn.request}`,
          content: `A person declined changes of ${listed([...new Set(declined)])}. Ask before changing them.`,
        }),
  ];
}

function draft(
  turn: FinishedTurn,
  trust: Draft["trust"],
  evidence: Provenance["evidence"],
  text: Pick<Draft, "kind" | "title" | "when" | "content"> & { keys?: string[] },
): Draft {
  const languages = languagesOf(turn.changes.map(({ path }) => path)).slice(0, 3);
  const keys = [`task:${taskOf(turn.request)}`, ...languages.map((language) => `language:${language}`), ...(text.keys ?? [])];
  return {
    kind: text.kind,
    title: shortened(text.title, memoryLimits.titleCharactersMax),
    when: shortened(text.when, memoryLimits.whenCharactersMax),
    content: shortened(text.content, memoryLimits.contentCharactersMax),
    keys: keys.map((key) => shortened(key, memoryLimits.keyCharactersMax)).slice(0, memoryLimits.keysMax),
    trust,
    provenance: [{ threadId: turn.threadId, turnId: turn.turnId, evidence }],
  };
}

function approvedPaths({ changes }: FinishedTurn): string[] {
  return [...new Set(changes.filter(({ isApproved }) => isApproved).map(({ path }) => path))];
}

function isRed({ exitCode }: { exitCode: number | null }): boolean {
  return exitCode !== null && exitCode !== 0;
}

/** Names of errors by their shape alone (`TypeError`, `TS2345`, `ENOENT`): no other text of a tool gets into a key. */
function errorClasses(output: string): string[] {
  const found =
    output.match(/\b(?:[A-Z][A-Za-z]{2,30}(?:Error|Exception)|TS\d{4,5}|E[A-Z]{4,12}|error\[E\d{4}\])(?![A-Za-z0-9])/g) ?? [];
  return [...new Set(found)].slice(0, 3).map((name) => `error:${name}`);
}

function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 5).map((path) => `\`${path}\``);
  const more = paths.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

function languagesIn(paths: readonly string[]): string {
  const languages = languagesOf(paths);
  return languages.length > 0 ? ` (${languages.join(", ")})` : "";
}

/** One line, cut at the last word that fits. Secrets are hidden first: half of one would no longer have its shape. */
function shortened(text: string, charactersMax: number): string {
  const line = hideSecrets(text).text.replace(/\s+/g, " ").trim();
  if (line.length <= charactersMax) return line;
  const cut = line.slice(0, charactersMax - 1);
  const space = cut.lastIndexOf(" ");
  return `${(space > charactersMax / 2 ? cut.slice(0, space) : cut).trimEnd()}…`;
}
