/** The world moves on: what was believed of a file that has changed since is believed half as firmly. */
import type { Assumption } from "#core/decision-tree/assumption";
import type { Deliberation } from "#core/decision-tree/deliberation";

/** Paths are relative to the workspace's root. */
export type Change = { type: "filesChanged"; paths: readonly string[] } | { type: "committed" } | { type: "compacted" };

/**
 * logOdds *= 0.5 for each that depends on what changed (our design), and its probes may be run again. What is resolved is history and
 * stays. Gives the same object when nothing depends on it, so that no revision is written for nothing.
 */
export function markStale(deliberation: Deliberation, change: Change): Deliberation {
  const stale = new Set(
    deliberation.assumptions
      .filter((assumption) => assumption.resolved === null && dependsOn(assumption, change))
      .map(({ id }) => id),
  );
  if (stale.size === 0) return deliberation;
  return {
    ...deliberation,
    assumptions: deliberation.assumptions.map((assumption) => (stale.has(assumption.id) ? halved(assumption) : assumption)),
    probes: deliberation.probes.map((probe) => (stale.has(probe.assumptionId) ? { ...probe, isSpent: false } : probe)),
  };
}

function halved(assumption: Assumption): Assumption {
  return {
    ...assumption,
    logOdds: assumption.logOdds * 0.5,
    status: "stale",
    evidence: assumption.evidence.map((evidence) => ({ ...evidence, isStale: true })),
  };
}

/**
 * A file's change concerns what names the file or a folder above it. A commit concerns everything about code and what tools do to it. A
 * compaction takes away the words an assumption was read from; what evidence says outlasts that, and so do the other kinds of sources.
 */
function dependsOn({ kind, subject, source, evidence }: Assumption, change: Change): boolean {
  switch (change.type) {
    case "filesChanged":
      return subject.path !== undefined && change.paths.some((path) => isWithin(path, subject.path ?? ""));
    case "committed":
      return kind === "code_fact" || kind === "tool_effect";
    case "compacted":
      return source === "trace" && evidence.length === 0;
    default:
      return change satisfies never;
  }
}

function isWithin(path: string, folder: string): boolean {
  const [inner, outer] = [plain(path), plain(folder)];
  return outer === "" || inner === outer || inner.startsWith(`${outer}/`);
}

function plain(path: string): string {
  return path
    .replace(/^(\.?\/)+/, "")
    .replace(/\/+$/, "")
    .replace(/^\.$/, "");
}
