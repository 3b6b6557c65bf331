/** Fragments for tests: complete, and different only in what a test says. */
import { type Draft, type Fragment, noStatistics } from "#core/memory/fragment";

export function draft(parts: Partial<Draft> = {}): Draft {
  return {
    kind: "strategy",
    title: "Run the tests before the build",
    when: "Changing the parser",
    content: "The build takes minutes, the tests seconds.",
    keys: ["language:typescript"],
    trust: "agent",
    provenance: [{ threadId: "thread-1", turnId: "turn-1", evidence: "tests" }],
    ...parts,
  };
}

export function fragment(id: string, parts: Partial<Fragment> = {}): Fragment {
  return {
    ...draft(),
    id,
    version: 1,
    account: "local",
    scope: { type: "account" },
    state: "candidate",
    stateSince: 0,
    createdAt: 0,
    lastUsedAt: 0,
    statistics: noStatistics,
    rating: null,
    lineage: { operation: "add", parents: [] },
    ...parts,
  };
}

export function byId(fragments: readonly Fragment[]): Map<string, Fragment> {
  return new Map(fragments.map((one) => [one.id, one]));
}
