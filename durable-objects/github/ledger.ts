/** What a repository keeps of its threads: which issue or pull request each belongs to, how it stands, and what it proposed. */

import type { SuggestionComment } from "#core/github/suggestion";
import type { ThreadView } from "#core/github/thread-view";
import type { FileChange } from "#core/private";
import type { Sql } from "#core/sql";
import type { Conversation } from "#github/effect";
import type { Person } from "#github/event";
import { putBlob, readBlob } from "#workspace/blob";

export function createLedgerSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS github_talks (thread_id TEXT PRIMARY KEY, talk TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS github_proposals (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL UNIQUE, thread_id TEXT NOT NULL, proposal TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS github_proposals_of_thread ON github_proposals (thread_id, seq);
  `);
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
  /** The commit that the workspace holds; null when it holds what is no commit of the repository. */
  baseOid: string | null;
  /** What the last turn was asked, in the person's words, and by whom: told again on `retry`. */
  asked: { key: string; text: string; by: Person };
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
}

export type ProposalState =
  /** The commit before it is on its way: what it is made on is not known yet. */
  | { type: "waiting" }
  | { type: "open" }
  /** Somebody who may said yes at GitHub; the thread is told. */
  | { type: "approved"; by: Person }
  /** The thread has landed it, and the commit is on its way. */
  | { type: "committing"; by: Person }
  | { type: "committed"; by: Person; commitOid: string }
  /** To the author of a fork's pull request, who takes them or not. The workspace has it, and no commit. */
  | { type: "suggested"; by: Person }
  /** In another client: the workspace has it, and GitHub does not. */
  | { type: "acceptedElsewhere" }
  | { type: "declined"; by: Person | null; reason: string | null }
  | { type: "stale" }
  /** Cannot be approved at GitHub. */
  | { type: "unapprovable"; reason: string };

export interface Proposal {
  requestId: string;
  threadId: string;
  itemId: string;
  turnId: string;
  changes: FileChange[];
  /** `proposalHash`, whole, and the commit it is bound to; null while that is not known. */
  bound: { hash: string; baseOid: string } | null;
  /** What becomes of it once it was approved and landed, instead of a commit; null for a commit. */
  suggestions: SuggestionComment[] | null;
  state: ProposalState;
}

export class Ledger {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** GitHub's number of this repository. */
  repositoryId(): number {
    return this.sql.exec<{ id: number }>("SELECT repository_id AS id FROM github_place").one().id;
  }

  talk(threadId: string): Talk | null {
    const [row] = this.sql.exec<{ talk: string }>("SELECT talk FROM github_talks WHERE thread_id = ?", threadId).toArray();
    return row ? (JSON.parse(row.talk) as Talk) : null;
  }

  /** Of an issue or pull request in which a turn was ever asked for. */
  talkAt(issueNumber: number): Talk | null {
    const query = "SELECT talk FROM github_talks JOIN github_threads USING (thread_id) WHERE issue_number = ?";
    const [row] = this.sql.exec<{ talk: string }>(query, issueNumber).toArray();
    return row ? (JSON.parse(row.talk) as Talk) : null;
  }

  putTalk(talk: Talk): void {
    this.sql.exec("INSERT OR REPLACE INTO github_talks (thread_id, talk) VALUES (?, ?)", talk.threadId, JSON.stringify(talk));
  }

  proposal(requestId: string): Proposal | null {
    return this.read("SELECT proposal FROM github_proposals WHERE request_id = ?", requestId)[0] ?? null;
  }

  /** In the order in which they were made. */
  proposalsOf(threadId: string): Proposal[] {
    return this.read("SELECT proposal FROM github_proposals WHERE thread_id = ? ORDER BY seq", threadId);
  }

  /** Of all threads. */
  proposals(): Proposal[] {
    return this.read("SELECT proposal FROM github_proposals ORDER BY seq");
  }

  putProposal(proposal: Proposal): void {
    this.sql.exec(
      `INSERT INTO github_proposals (request_id, thread_id, proposal) VALUES (?, ?, ?)
       ON CONFLICT (request_id) DO UPDATE SET proposal = excluded.proposal`,
      proposal.requestId,
      proposal.threadId,
      JSON.stringify(proposal),
    );
  }

  /** Contents of proposals stay while somebody may still approve them, or their commit is on its way. */
  neededBlobs(): string[] {
    return this.proposals().flatMap(({ state, changes }) =>
      ["waiting", "open", "approved", "committing"].includes(state.type)
        ? changes.flatMap(({ before, after }) => [before, after].flatMap((side) => side?.hash ?? []))
        : [],
    );
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

  private read(query: string, ...values: string[]): Proposal[] {
    return this.sql
      .exec<{ proposal: string }>(query, ...values)
      .toArray()
      .map(({ proposal }) => JSON.parse(proposal) as Proposal);
  }
}
