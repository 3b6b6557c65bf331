/** What a repository keeps of its threads: which issue or pull request each belongs to, how it stands, and what it proposed. */

import type { StickyState } from "#core/github/sticky-comment";
import type { SuggestionComment } from "#core/github/suggestion";
import type { ThreadView } from "#core/github/thread-view";
import { githubApiLimits } from "#core/limits";
import type { FileChange } from "#core/private";
import type { Sql } from "#core/sql";
import { Approvals, createApprovalsSchema } from "#github/approvals";
import type { Conversation } from "#github/effect";
import type { Person } from "#github/event";
import type { Policy } from "#github/follow/policy";
import { putBlob, readBlob } from "#workspace/blob";

export function createLedgerSchema(sql: Sql): void {
  // A hash is looked for by its first digits, in all threads; everything else of one thread, by how it stands.
  sql.exec(`
    CREATE TABLE IF NOT EXISTS github_talks (thread_id TEXT PRIMARY KEY, talk TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS github_proposals (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL UNIQUE, thread_id TEXT NOT NULL, item_id TEXT NOT NULL,
      turn_id TEXT NOT NULL, state TEXT NOT NULL, hash TEXT, proposal TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS github_proposals_of_thread ON github_proposals (thread_id, state, seq);
    CREATE INDEX IF NOT EXISTS github_proposals_by_item ON github_proposals (thread_id, item_id, seq);
    CREATE INDEX IF NOT EXISTS github_proposals_by_turn ON github_proposals (thread_id, turn_id, seq);
    CREATE INDEX IF NOT EXISTS github_proposals_by_hash ON github_proposals (hash, seq);
    CREATE INDEX IF NOT EXISTS github_proposals_by_state ON github_proposals (state, seq);
    CREATE TABLE IF NOT EXISTS github_drafts (number INTEGER PRIMARY KEY, thread_id TEXT NOT NULL) STRICT;
  `);
  createApprovalsSchema(sql);
}

/** A thread and the issue or pull request it is talked about in. */
export interface Talk {
  threadId: string;
  on: Conversation;
  title: string;
  /** Where approved changes land. */
  branch: string;
  /** Where our draft pull request goes to; null where the branch is a pull request's own. */
  draftTo: string | null;
  /** Our draft pull request, once it is there; null before, and where there is none. */
  draft: Draft | null;
  /** The commit that the workspace holds; null when it holds what is no commit of the repository. */
  baseOid: string | null;
  /** What the last turn was asked, in the person's words, and by whom: told again on `retry`. */
  asked: {
    key: string;
    text: string;
    by: Person;
    /** Its turn was heard of; other clients may have begun others since. */
    hasBegun?: true;
  };
  /** Who asked for or steered turns. */
  requesterIds: number[];
  /** The hash of a diff whose base moved before it was approved, until another takes its place. */
  staleHash: string | null;
  /** Whether the issue or pull request is open, as the latest webhook told: nothing is approved in a closed one. */
  standing: { isOpen: boolean; at: string };
  /** Why no turn could begin; null when one did. */
  problem: string | null;
  view: ThreadView;
  /** Git's id of the comment's text as it was last put into the outbox. */
  shown: string | null;
  /** The check run of the last turn that had one, and the state that it was last given. */
  check?: { key: string; headOid: string; state: StickyState["type"] } | null;
  /** Who put it on hold: no diff of it can be approved at GitHub, and no commit leaves. Absent where nobody did. */
  heldBy?: Person;
}

/** A turn was asked for and nothing was heard of it yet. */
export function isQueued({ asked, view, problem }: Talk): boolean {
  return problem === null && asked.hasBegun !== true && view.turn?.key !== asked.key;
}

/** The lane of what an approved diff becomes at GitHub. */
export function landingLane(threadId: string): string {
  return `land ${threadId}`;
}

export interface Draft {
  number: number;
  /** Marked ready for review. */
  isReady: boolean;
  /** As `shown` of the talk, of the comment there. */
  shown: string | null;
}

export type ProposalState =
  /** The commit before it is on its way: what it is made on is not known yet. */
  | { type: "waiting" }
  | { type: "open" }
  /** Somebody pushed while it was open. The thread still waits, and the branch may come back. */
  | { type: "moved" }
  /** Somebody who may said yes at GitHub; the thread is told. */
  | { type: "approved"; by: Person; part?: ProposalPart }
  /** The thread has landed it, and the commit is on its way. */
  | { type: "committing"; by: Person; part?: ProposalPart }
  | { type: "committed"; by: Person; commitOid: string; part?: Omit<ProposalPart, "changes"> }
  /** To the author of a fork's pull request, who takes them or not. The workspace has it, and no commit. */
  | { type: "suggested"; by: Person; part?: Omit<ProposalPart, "changes"> }
  /** In another client: the workspace has it, and GitHub does not. */
  | { type: "acceptedElsewhere" }
  | { type: "declined"; by: Person | null; reason: string | null }
  | { type: "stale" }
  /** Cannot be approved at GitHub. */
  | { type: "unapprovable"; reason: string };

/** Some hunks of a proposal, where no more of it was said yes to. */
export interface ProposalPart {
  /** `proposalHash`, whole, on the commit of the proposal that it is a part of. */
  hash: string;
  hunks: number[];
  changes: FileChange[];
}

export interface Proposal {
  requestId: string;
  threadId: string;
  itemId: string;
  turnId: string;
  /** Empty as soon as it is decided, like suggestions: from then on nobody needs them, and their contents go. */
  changes: FileChange[];
  /** `proposalHash`, whole, and the commit it is bound to; null while that is not known. */
  bound: { hash: string; baseOid: string } | null;
  /** What becomes of it once it was approved and landed, instead of a commit; null for a commit. */
  suggestions: SuggestionComment[] | null;
  /** When the draft pull request's comment had shown it, by GitHub's clock, ISO 8601; null while it has not. */
  shownInDraftAt: string | null;
  state: ProposalState;
}

/** Nothing can become of it any more. */
export type Decided = Extract<
  ProposalState["type"],
  "committed" | "suggested" | "acceptedElsewhere" | "declined" | "stale" | "unapprovable"
>;
export type Undecided = Exclude<ProposalState["type"], Decided>;

const decided: readonly string[] = [
  "committed",
  "suggested",
  "acceptedElsewhere",
  "declined",
  "stale",
  "unapprovable",
] satisfies Decided[];
const undecided: readonly string[] = ["waiting", "open", "moved", "approved", "committing"] satisfies Undecided[];
/** The thread waits for somebody's yes or no. */
export const awaited: readonly ProposalState["type"][] = ["open", "moved"] satisfies Undecided[];

/** As much of a proposal as it takes to tell it from others. */
export interface NamedProposal {
  requestId: string;
  threadId: string;
  hash: string;
  state: ProposalState["type"];
}

export class Ledger {
  readonly approvals: Approvals;
  /** The operator's, as it is now. */
  readonly policy: () => Policy;
  /** The page of a thread in the web client; null where there is none. */
  readonly threadUrl: (threadId: string) => string | null;
  private readonly sql: Sql;

  constructor(sql: Sql, policy: () => Policy, threadUrl: (threadId: string) => string | null = () => null) {
    this.sql = sql;
    this.policy = policy;
    this.threadUrl = threadUrl;
    this.approvals = new Approvals(sql);
  }

  /** GitHub's number of this repository. */
  repositoryId(): number {
    return this.sql.exec<{ id: number }>("SELECT repository_id AS id FROM github_place").one().id;
  }

  talk(threadId: string): Talk | null {
    const [row] = this.sql.exec<{ talk: string }>("SELECT talk FROM github_talks WHERE thread_id = ?", threadId).toArray();
    return row ? (JSON.parse(row.talk) as Talk) : null;
  }

  /** Of an issue or pull request in which a turn was ever asked for, or that is a thread's draft. */
  talkAt(issueNumber: number): Talk | null {
    const ofDraft = this.threadOfDraft(issueNumber);
    if (ofDraft !== null) return this.talk(ofDraft);
    const query = "SELECT talk FROM github_talks JOIN github_threads USING (thread_id) WHERE issue_number = ?";
    const [row] = this.sql.exec<{ talk: string }>(query, issueNumber).toArray();
    return row ? (JSON.parse(row.talk) as Talk) : null;
  }

  putTalk(talk: Talk): void {
    this.sql.exec("INSERT OR REPLACE INTO github_talks (thread_id, talk) VALUES (?, ?)", talk.threadId, JSON.stringify(talk));
  }

  /** The thread whose draft pull request this is; null when it is nobody's. */
  threadOfDraft(number: number): string | null {
    const query = "SELECT thread_id AS threadId FROM github_drafts WHERE number = ?";
    return this.sql.exec<{ threadId: string }>(query, number).toArray()[0]?.threadId ?? null;
  }

  /** Whether a turn was asked for in this issue or pull request before it was a thread's draft. */
  hasOwnTalk(number: number): boolean {
    const query = "SELECT 1 FROM github_threads JOIN github_talks USING (thread_id) WHERE issue_number = ?";
    return this.sql.exec(query, number).toArray().length > 0;
  }

  /** From here on what is said in that pull request is said to the thread. */
  /** Of a thread that is deleted: the talk, its drafts, its proposals and every yes to them. Answers the requests that they were. */
  forgetThread(threadId: string): string[] {
    const requestIds = this.sql
      .exec<{ id: string }>("SELECT request_id AS id FROM github_proposals WHERE thread_id = ?", threadId)
      .toArray()
      .map(({ id }) => id);
    const ids = JSON.stringify(requestIds);
    this.sql.exec("DELETE FROM github_approvals WHERE request_id IN (SELECT value FROM json_each(?))", ids);
    for (const table of ["github_talks", "github_drafts", "github_proposals"])
      this.sql.exec(`DELETE FROM ${table} WHERE thread_id = ?`, threadId);
    return requestIds;
  }

  putDraft(number: number, threadId: string): void {
    this.sql.exec("INSERT OR REPLACE INTO github_drafts (number, thread_id) VALUES (?, ?)", number, threadId);
  }

  proposal(requestId: string): Proposal | null {
    return this.read("SELECT proposal FROM github_proposals WHERE request_id = ?", requestId)[0] ?? null;
  }

  /** Of one thread, in the order in which they were made. */
  proposalsIn(threadId: string, states: readonly ProposalState["type"][]): Proposal[] {
    return this.read(
      `SELECT proposal FROM github_proposals WHERE thread_id = ? AND state IN (SELECT value FROM json_each(?)) ORDER BY seq`,
      threadId,
      JSON.stringify(states),
    );
  }

  proposalOfItem(threadId: string, itemId: string): Proposal | null {
    return this.last("thread_id = ? AND item_id = ?", threadId, itemId);
  }

  lastProposalOfTurn(threadId: string, turnId: string): Proposal | null {
    return this.last("thread_id = ? AND turn_id = ?", threadId, turnId);
  }

  /** Those of all threads whose hash begins so, in hexadecimal digits, and the open ones of this thread. */
  namedBy(prefix: string, threadId: string): NamedProposal[] {
    type Row = { request_id: string; thread_id: string; hash: string; state: ProposalState["type"] };
    // "g" is behind every digit.
    return this.sql
      .exec<Row>(
        `SELECT request_id, thread_id, hash, state FROM github_proposals
           WHERE (hash >= ? AND hash < ? || 'g') OR (thread_id = ? AND state = 'open') ORDER BY seq`,
        prefix,
        prefix,
        threadId,
      )
      .toArray()
      .map((row) => ({ requestId: row.request_id, threadId: row.thread_id, hash: row.hash, state: row.state }));
  }

  /** The newest of a thread that are bound to a commit, decided or not. */
  newestBound(threadId: string): Proposal[] {
    return this.read(
      "SELECT proposal FROM github_proposals WHERE thread_id = ? AND hash IS NOT NULL ORDER BY seq DESC LIMIT ?",
      threadId,
      githubApiLimits.proposalsSparedMax,
    );
  }

  putProposal(given: Proposal): void {
    const isDecided = decided.includes(given.state.type);
    const proposal: Proposal = isDecided ? { ...given, changes: [], suggestions: null } : given;
    const { requestId, threadId, itemId, turnId, bound, state } = proposal;
    this.sql.exec(
      `INSERT INTO github_proposals (request_id, thread_id, item_id, turn_id, state, hash, proposal) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (request_id) DO UPDATE SET state = excluded.state, hash = excluded.hash, proposal = excluded.proposal`,
      requestId,
      threadId,
      itemId,
      turnId,
      state.type,
      bound?.hash ?? null,
      JSON.stringify(proposal),
    );
  }

  /** Contents of proposals stay while somebody may still approve them, or their commit is on its way. */
  neededBlobs(): string[] {
    const rows = this.sql.exec<{ proposal: string }>(
      "SELECT proposal FROM github_proposals WHERE state IN (SELECT value FROM json_each(?))",
      JSON.stringify(undecided),
    );
    const needed: string[] = [];
    for (const row of rows) {
      const { changes, state } = JSON.parse(row.proposal) as Proposal;
      const part = state.type === "approved" || state.type === "committing" ? (state.part?.changes ?? []) : [];
      needed.push(...[...changes, ...part].flatMap(({ before, after }) => [before, after].flatMap((side) => side?.hash ?? [])));
    }
    return needed;
  }

  /**
   * The oldest of the decided go once there are too many, a few at a time; gives the ids of their requests. An approval of one of those
   * finds nothing.
   */
  forget(): string[] {
    const rows = this.sql.exec<{ request_id: string }>(
      `DELETE FROM github_proposals WHERE seq IN (
         SELECT seq FROM github_proposals
           WHERE seq <= (SELECT max(seq) FROM github_proposals) - ? AND state IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?)
       RETURNING request_id`,
      githubApiLimits.proposalsMax,
      JSON.stringify(decided),
      githubApiLimits.forgottenAtOnceMax,
    );
    const requestIds = rows.toArray().map((row) => row.request_id);
    for (const requestId of requestIds) this.approvals.forget(requestId);
    return requestIds;
  }

  putContents(contents: readonly Uint8Array[]): void {
    for (const content of contents) putBlob(this.sql, content);
  }

  content(oid: string): Uint8Array {
    return readBlob(this.sql, oid);
  }

  /** Whether an effect of this key was ever wanted. */
  hasEffect(key: string): boolean {
    return this.sql.exec("SELECT 1 FROM github_effects WHERE key = ?", key).toArray().length > 0;
  }

  /** Effects of the lane wait, also those that are to come, until it is let go. */
  holdLane(lane: string): void {
    this.sql.exec("INSERT OR IGNORE INTO github_held_lanes (lane) VALUES (?)", lane);
  }

  /** What waited is not given up for the time in which nobody was to do it. */
  releaseLane(lane: string, nowMs: number): void {
    this.sql.exec("DELETE FROM github_held_lanes WHERE lane = ?", lane);
    this.sql.exec("UPDATE github_effects SET created_at_ms = ? WHERE lane = ? AND state = 'waiting'", nowMs, lane);
  }

  private last(where: string, ...values: string[]): Proposal | null {
    return this.read(`SELECT proposal FROM github_proposals WHERE ${where} ORDER BY seq DESC LIMIT 1`, ...values)[0] ?? null;
  }

  private read(query: string, ...values: (string | number)[]): Proposal[] {
    return this.sql
      .exec<{ proposal: string }>(query, ...values)
      .toArray()
      .map(({ proposal }) => JSON.parse(proposal) as Proposal);
  }
}
