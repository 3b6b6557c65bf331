/** The answer to `/spindle status`: how a thread stands, without its diff, which our comment shows. */
import { neutralLine } from "#core/github/neutral";
import type { RedactionKnowledge } from "#core/github/redact";
import { type StickyState, stateSentence } from "#core/github/sticky-comment";
import { githubTextLimits } from "#core/limits";

export interface Status {
  state: StickyState;
  /** Logins. */
  askedBy: string;
  heldBy: string | null;
  open: readonly OpenDiff[];
}

export interface OpenDiff {
  /** Whole. */
  hash: string;
  baseOid: string;
  approvalsMissing: number;
  /** Logins. */
  approvedBy: readonly string[];
}

export function statusText({ state, askedBy, heldBy, open }: Status, knowledge: RedactionKnowledge): string {
  const spared = [...knowledge.spared, ...open.flatMap(({ hash, baseOid }) => [hash, baseOid])];
  return [
    stateSentence(state, { ...knowledge, spared }),
    "",
    `- Asked by ${neutralLine(askedBy)}`,
    ...(heldBy === null ? [] : [`- On hold by ${neutralLine(heldBy)}`]),
    ...(open.length === 0 ? ["- No diff waits for approval"] : open.map(diffLine)),
  ].join("\n");
}

function diffLine({ hash, baseOid, approvalsMissing, approvedBy }: OpenDiff): string {
  const shown = hash.slice(0, githubTextLimits.hashDigitsShown);
  const missing = approvalsMissing === 1 ? "1 approval is missing" : `${approvalsMissing} approvals are missing`;
  const said = approvedBy.length === 0 ? "" : `, ${approvedBy.map(neutralLine).join(", ")} said yes`;
  return `- Diff \`${shown}\` on commit ${baseOid.slice(0, 12)}: ${missing}${said}`;
}
