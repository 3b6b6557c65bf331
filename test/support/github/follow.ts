/** A repository's ledger on real SQL, and GitHub as far as it is asked while it is decided what follows: to be told as a test wants it. */
import type { HeardFrame } from "#core/github/thread-view";
import type { Decision, RepositoryReads } from "#github/consequences";
import type { Effect } from "#github/effect";
import { defaultPolicy } from "#github/follow/policy";
import type { Said } from "#github/follow/said";
import type { GitHubCalls } from "#github/installation";
import { Ledger, type Proposal } from "#github/ledger";
import { Outbox } from "#github/outbox";
import { createRepositorySchema } from "#github/repository";
import { blobHash } from "#workspace/blob";
import { createSql } from "../sql.ts";

export const threadId = "0199bbbb-0000-7000-8000-000000000001";
export const baseOid = "b".repeat(40);
export const wanda = { id: 7, login: "wanda", type: "User" };
export const issue = { number: 3, isPullRequest: false };
export const alpha = new TextEncoder().encode("alpha\n");

export interface FollowWorld {
  ledger: Ledger;
  reads: RepositoryReads;
  /** Where GitHub's branches stand. */
  branches: Map<string, string>;
  /** What the commit holds. */
  files: { path: string; mode: string; type: string; sha: string; size: number }[];
  /** Decides, and keeps the effects as the repository does; gives their keys and types. */
  follow(decision: Decision): string[];
  /** The effects that are wanted, in their order. */
  wanted(): Effect[];
  /** What the person is answered. */
  answers(): string[];
}

export function openFollow(): FollowWorld {
  const { sql } = createSql();
  createRepositorySchema(sql);
  sql.exec("INSERT INTO github_place VALUES (1, 99, 1, 'acme', 'widgets')");
  const ledger = new Ledger(sql, () => defaultPolicy);
  let ids = 0;
  const outbox = new Outbox(sql, () => String(++ids));
  const branches = new Map([["main", baseOid]]);
  const files: FollowWorld["files"] = [];
  const place = { installationId: 99, repositoryId: 1, owner: "acme", repo: "widgets" };
  const gh = async (route: string, params: Record<string, string>) => {
    if (route.includes("/git/ref/")) {
      const oid = branches.get((params.ref ?? "").replace("heads/", ""));
      if (oid === undefined) throw new (await import("#github/failure")).GitHubError(route, { type: "notFound" });
      return { object: { sha: oid } };
    }
    if (route.includes("/git/commits/")) return { tree: { sha: "tree" } };
    if (route.includes("/git/trees/")) return { tree: files, truncated: false };
    throw new Error(`${route} was not to be asked`);
  };
  const reads: RepositoryReads = {
    place,
    deliveryId: "delivery",
    nowMs: Date.parse("2026-11-01T10:00:00Z"),
    ownApp: async () => ({ id: 4711, slug: "spindle" }),
    permissionOf: async ({ id, login }) =>
      ({ status: 200, body: { permission: "write", role_name: "write", user: { id, login } } }) as never,
    calls: () => ({ place, gh, ghPages: async () => [] }) as unknown as GitHubCalls,
    threadOf: () => threadId,
    newThreadId: () => "01a1fb3f-0000-7000-8000-0000000f0a3d",
    uses: () => [],
    ledger,
  };
  const world: FollowWorld = {
    ledger,
    reads,
    branches,
    files,
    follow(decision) {
      const effects = decision(ledger);
      outbox.add(effects, { deliveryId: "delivery", nowMs: 0 });
      return effects.map(({ key, action }) => `${key}: ${action.type}`);
    },
    wanted: () =>
      sql
        .exec<{ key: string; lane: string; action: string }>("SELECT key, lane, action FROM github_effects ORDER BY seq")
        .toArray()
        .map(({ action, ...row }) => ({ ...row, action: JSON.parse(action) as Effect["action"] })),
    answers: () =>
      world
        .wanted()
        .flatMap(({ key, action }) => (key.endsWith("/answer") && action.type === "createComment" ? [action.body] : [])),
  };
  return world;
}

/** What somebody said in the issue, each time by another delivery. */
export function said(deliveryId: string): Said {
  const facts = {
    title: "An issue",
    body: "the body",
    author: wanda,
    isOpen: true,
    createdAt: "2026-11-01T09:00:00Z",
    updatedAt: "",
  };
  return {
    act: { sender: wanda, viaAppId: null },
    on: issue,
    issue: { ...issue, ...facts },
    comment: { id: 1, body: "", createdAt: "2026-11-01T09:30:00Z", place: null },
    defaultBranch: "main",
    repository: "acme/widgets",
    reactTo: { type: "comment", id: 1, on: issue },
    deliveryId,
  };
}

export const frame = (seq: number, method: string, params: object, id?: string): HeardFrame =>
  ({ seq, method, params, emittedAtMs: seq, ...(id === undefined ? {} : { id }) }) as HeardFrame;

/** What a thread asks approval for: one new file, unless said otherwise. */
export function askedFor(itemId: string, path = "docs/note.txt") {
  const after = { hash: blobHash(alpha), mode: 0o100644, size: alpha.length };
  return { itemId, changes: [{ path, before: null, after }], contents: [alpha] };
}

/** The digits that name the thread's open diff. */
export function openHash({ ledger }: FollowWorld): string {
  const [open] = ledger.proposalsIn(threadId, ["open"]);
  return open?.bound?.hash ?? "";
}

export function stateOf({ ledger }: FollowWorld, requestId: string): Proposal["state"] | undefined {
  return ledger.proposal(requestId)?.state;
}
