/** The check run beside the sticky comment: the same state in GitHub's own form, with buttons that are bound to one proposal. */
import { neutralLine } from "#core/github/neutral";
import { type RedactionKnowledge, redact } from "#core/github/redact";
import { partText, type StickyState } from "#core/github/sticky-comment";
import { githubTextLimits } from "#core/limits";

/** Fields of `POST /repos/{owner}/{repo}/check-runs` as GitHub names them, without `head_sha` for an update. */
export interface CheckRun {
  name: string;
  head_sha: string;
  status: "queued" | "in_progress" | "completed";
  conclusion?: "success" | "neutral" | "failure" | "cancelled" | "action_required";
  /** The proposal's whole hash, else the thread's id: statuses belong to a commit, which two pull requests may share. */
  external_id: string;
  details_url?: string;
  output: { title: string; summary: string };
  actions?: { label: string; description: string; identifier: string }[];
}

export interface CheckRunOf {
  threadId: string;
  headOid: string;
  state: StickyState;
  /** One sentence; null: nothing yet. */
  sentence: string | null;
  webUrl: string | null;
}

export function checkRun({ threadId, headOid, state, sentence, webUrl }: CheckRunOf, knowledge: RedactionKnowledge): CheckRun {
  const said = sentence === null ? null : redact(sentence, knowledge).text.slice(0, githubTextLimits.sentenceCharactersMax);
  const proposal = state.type === "awaitingApproval" ? state.proposal : null;
  const digits = proposal?.hash.slice(0, githubTextLimits.hashDigitsShown) ?? "";
  const title = titles[state.type];
  return {
    name: "Spindle",
    head_sha: headOid,
    ...progress(state),
    external_id: proposal?.hash ?? threadId,
    ...(webUrl === null ? {} : { details_url: webUrl }),
    output: {
      title,
      summary: [said === null ? title : neutralLine(said), ...landedLines(state)].join("\n\n"),
    },
    ...(proposal === null
      ? {}
      : {
          actions: [
            { label: "Approve", description: `Commit exactly ${digits}`, identifier: `ok:${digits}` },
            { label: "Decline", description: `Commit nothing of ${digits}`, identifier: `no:${digits}` },
          ],
        }),
  };
}

/** The run stands under the hash of the whole diff: what landed of it has another. */
function landedLines(state: StickyState): string[] {
  if (state.type !== "committed" || !state.partOf) return [];
  return [`Only ${partText(state.partOf)}, as \`${state.hash.slice(0, githubTextLimits.hashDigitsShown)}\`.`];
}

export type RequestedAction =
  /** `hash`: whole, to be looked up by `matchProposal`. */
  { verb: "approve" | "decline"; hash: string } | { refused: "malformed" | "otherProposal" | "otherCommit"; answer: string };

/**
 * What a press of a button asks for. `headOid` is the commit that the proposal's branch is on now. The button, the run it
 * stands on and the commit that the run stands on have to mean the same.
 */
export function readRequestedAction(
  { identifier, externalId, headSha }: { identifier: string; externalId: string; headSha: string },
  headOid: string,
): RequestedAction {
  const [, mark = "", digits = ""] = /^(ok|no):([0-9a-f]{16})$/.exec(identifier) ?? [];
  if (mark === "") return { refused: "malformed", answer: "That button is none of Spindle's." };
  if (!/^[0-9a-f]{64}$/.test(externalId) || !externalId.startsWith(digits)) {
    return { refused: "otherProposal", answer: "That button belongs to another diff." };
  }
  if (headSha !== headOid)
    return { refused: "otherCommit", answer: "That button belongs to a commit that is no longer the last." };
  return { verb: mark === "ok" ? "approve" : "decline", hash: externalId };
}

const titles: Record<StickyState["type"], string> = {
  queued: "Waiting",
  working: "Working",
  awaitingApproval: "A diff waits for approval",
  stale: "The branch moved",
  closed: "Closed",
  suggested: "Offered as suggestions",
  acceptedElsewhere: "Accepted in another client",
  committed: "Committed",
  declined: "Declined",
  finished: "Done, nothing to commit",
  stopped: "Stopped",
  held: "On hold",
  asking: "A question waits for an answer",
  failed: "Failed",
};

function progress({ type }: StickyState): Pick<CheckRun, "status" | "conclusion"> {
  switch (type) {
    case "queued":
    case "held":
      return { status: "queued" };
    case "working":
      return { status: "in_progress" };
    case "asking":
    case "awaitingApproval":
      return { status: "completed", conclusion: "action_required" };
    case "committed":
    case "finished":
      return { status: "completed", conclusion: "success" };
    case "declined":
    case "stale":
    case "closed":
    case "suggested":
    case "acceptedElsewhere":
      return { status: "completed", conclusion: "neutral" };
    case "stopped":
      return { status: "completed", conclusion: "cancelled" };
    case "failed":
      return { status: "completed", conclusion: "failure" };
    default:
      return type satisfies never;
  }
}
