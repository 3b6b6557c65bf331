/**
 * The one comment of a thread on an issue or pull request: what stands, what is to be decided, and the exact line that decides
 * it.
 */

import { stickyMarker } from "#core/github/marker";
import { fenced, neutralCode, neutralLine } from "#core/github/neutral";
import { takesWords } from "#core/github/question";
import { type RedactionKnowledge, redact } from "#core/github/redact";
import { needsNaming } from "#core/github/refused-paths";
import { numberRanges, type Piece } from "#core/hunks";
import { githubTextLimits } from "#core/limits";
import { revealedText } from "#core/visible-text";
import type { Question } from "#protocol/server-requests";

export interface StickyComment {
  threadId: string;
  state: StickyState;
  /** The steps of the model's plan, with what the protocol calls their status. */
  plan: readonly { step: string; status: "pending" | "inProgress" | "completed" }[];
  /** What was decided and why, or what the model said last, in a sentence. null: nothing yet. */
  sentence: string | null;
  /** The other conversation of the thread, which has a comment like this: its pull request, or where it began. */
  link: { type: "draft" | "ready" | "home"; number: number } | null;
  /** The thread in the web client; null where none is configured. */
  webUrl: string | null;
  /** The login of who put it on hold. Absent where nobody did. */
  heldBy?: string;
}

export type StickyState =
  | { type: "queued" | "working" | "finished" | "stopped" | "held" }
  | { type: "failed"; reason: string }
  | { type: "asking"; questions: readonly Question[] }
  /** `stale`: a diff whose base has moved; this one takes its place. `isFork`: of a pull request whose branch we may not write to. */
  | {
      type: "awaitingApproval";
      proposal: StickyProposal;
      stale: { hash: string } | null;
      approvalsMissing: number;
      approvedBy: readonly string[];
      /** Hunks that somebody said yes to, and to no more; absent where nobody did. */
      partsApproved?: readonly { hash: string; hunks: readonly number[]; by: readonly string[] }[];
      isFork: boolean;
    }
  /** The diff waits, and cannot be approved: its branch moved, or the issue or pull request is closed. */
  | { type: "stale" | "closed"; hash: string }
  /** By somebody in another client, whose yes commits nothing. */
  | { type: "acceptedElsewhere"; hash: string }
  /** `partOf`: the diff that `hash` is some hunks of; absent where it is all of it. */
  | { type: "committed"; hash: string; partOf?: PartOf; commitOid: string; branch: string; by: string }
  | { type: "suggested"; hash: string; partOf?: PartOf; baseOid: string; by: string }
  | { type: "declined"; hash: string; by: string; reason: string | null };

export interface PartOf {
  hash: string;
  hunks: readonly number[];
}

export interface StickyProposal {
  /** Whole. */
  hash: string;
  baseOid: string;
  pieces: readonly Piece[];
}

export interface StickyBody {
  /** Not longer than GitHub takes. */
  body: string;
  /** Numbers of the hunks that did not fit, and how many secrets were hidden; the comment says both. */
  hunksNotShown: number[];
  secretsHidden: number;
}

/**
 * Every text of others is inert in it; only lines of ours are Markdown. Secrets are hidden in each text before it is escaped or
 * cut, for neither an escaped nor half a secret looks like one.
 */
export function stickyComment(comment: StickyComment, knowledge: RedactionKnowledge): StickyBody {
  const { threadId, state, link, webUrl } = comment;
  const known = { ...knowledge, spared: [...knowledge.spared, threadId] };
  let secretsHidden = 0;
  const hide: Hide = (text) => {
    const hidden = redact(text, known);
    secretsHidden += hidden.count;
    return hidden.text;
  };
  const head = [
    stickyMarker(threadId),
    ...headLines(comment, hide),
    ...(link === null ? [] : ["", `${linkTexts[link.type]} #${link.number}.`]),
    ...(webUrl === null ? [] : ["", webLine(webUrl)]),
  ];
  if (state.type !== "awaitingApproval") {
    const asked = state.type === "asking" ? questionLines(state.questions, hide) : [];
    return { body: [...head, ...asked, ...hiddenLines(secretsHidden)].join("\n"), hunksNotShown: [], secretsHidden };
  }
  const isHeld = comment.heldBy !== undefined;
  const howToDecide = isHeld ? ["", madeOn(state.proposal)] : howLines(state, { isReviewed: link?.type === "home", hide });
  const how = [...howToDecide, ...(state.isFork ? forkLines : [])];
  const room = githubTextLimits.bodyCharactersMax - [...head, ...how].join("\n").length - roomForNotes;
  const { lines, hunksNotShown } = diffLines(state.proposal, room, webUrl, hide);
  return { body: [...head, ...how, ...hiddenLines(secretsHidden), ...lines].join("\n"), hunksNotShown, secretsHidden };
}

/** How it stands in one sentence, as the comment begins. */
export function stateSentence(state: StickyState, knowledge: RedactionKnowledge): string {
  return `**Spindle** ${stateText(state, (text) => redact(text, knowledge).text)}`;
}

const linkTexts = { draft: "Draft pull request", ready: "Pull request", home: "Asked for in" } as const;

/** Hides what is secret in a text of others. */
type Hide = (text: string) => string;

/** Characters for the lines that say what is not shown, and for what holds the hunks. */
const roomForNotes = 1_000;

function hiddenLines(count: number): string[] {
  if (count === 0) return [];
  const values = count === 1 ? "One value looks like a secret and is" : `${count} values look like a secret and are`;
  return ["", `**${values} hidden here.**`];
}

function headLines({ state, plan, sentence, heldBy }: StickyComment, hide: Hide): string[] {
  const shortLine = (text: string) => inertLine(hide(text));
  const steps = plan.slice(0, githubTextLimits.planStepsMax).map(({ step, status }) => {
    return `- [${status === "completed" ? "x" : " "}] ${shortLine(step)}${status === "inProgress" ? " *(now)*" : ""}`;
  });
  const more = plan.length - steps.length;
  return [
    `**Spindle** ${stateText(state, hide)}`,
    ...(heldBy === undefined ? [] : ["", heldLine(shortLine(heldBy))]),
    ...(sentence === null ? [] : ["", shortLine(sentence)]),
    ...(steps.length === 0 ? [] : ["", ...steps]),
    ...(more > 0 ? [`- and ${more} more steps`] : []),
  ];
}

function heldLine(by: string): string {
  return `**On hold** by ${by}: no diff can be approved here and nothing is committed until \`/spindle unhold\`.`;
}

/** Each question with its options by number, and the comment that answers them. */
function questionLines(questions: readonly Question[], hide: Hide): string[] {
  const shortLine = (text: string) => inertLine(hide(text));
  const asked = questions.flatMap(({ question, options }, index) => [
    "",
    `${questions.length === 1 ? "" : `Question ${index + 1}: `}**${shortLine(question)}**`,
    "",
    ...(options ?? []).map(({ label, description }, at) => {
      return `${at + 1}. ${shortLine(label)}${description === "" ? "" : `: ${shortLine(description)}`}`;
    }),
  ]);
  const example = questions.map(({ options }) => ((options ?? []).length === 0 ? "<your words>" : "1"));
  const words = questions.some(takesWords) ? " Your own words will do too." : "";
  const how =
    questions.length === 1
      ? `The first answer counts, an option's number or its label.${words}`
      : `One comment answers all, a line for each, an option's number or its label.${words}`;
  return [...asked, "", how, fenced(`/spindle steer ${example.join("\n")}`, "text")];
}

function stateText(state: StickyState, hide: Hide): string {
  const shortLine = (text: string) => inertLine(hide(text));
  switch (state.type) {
    case "queued":
      return "has this in its queue.";
    case "working":
      return "is working on it.";
    case "finished":
      return "is done; nothing is to be committed.";
    case "stopped":
      return "was stopped.";
    case "held":
      return "is on hold; `/spindle unhold` lets it go on.";
    case "asking":
      return "asks something, and waits for the answer.";
    case "failed":
      return `failed: ${shortLine(state.reason)}`;
    case "awaitingApproval":
      return state.stale === null
        ? "asks for approval of a diff."
        : `asks anew: ${digits(state.stale.hash)} is stale because the branch moved. Nothing of it was committed.`;
    case "stale":
      return `committed nothing of ${digits(state.hash)}: the branch moved after it was made. \`/spindle retry\` makes it anew.`;
    case "acceptedElsewhere":
      return `committed nothing of ${digits(state.hash)}: it was accepted in another client, which commits nothing at GitHub. \`/spindle retry\` begins anew.`;
    case "closed":
      return `waits: this is closed, and ${digits(state.hash)} cannot be approved unless it is opened again.`;
    case "suggested": {
      const commit = state.baseOid.slice(0, 12);
      const part = state.partOf ? ` (${partText(state.partOf)})` : "";
      return `offered ${digits(state.hash)}${part} as suggestions on ${commit}, approved by ${shortLine(state.by)}. Suggestions are no commit: who writes the pull request takes them or not.`;
    }
    case "committed": {
      const branch = neutralCode(hide(state.branch).slice(0, githubTextLimits.pathCharactersMax));
      const commit = state.commitOid.slice(0, 12);
      const part = state.partOf ? ` (${partText(state.partOf)})` : "";
      return `committed ${digits(state.hash)}${part} as ${commit} to ${branch}, approved by ${shortLine(state.by)}.`;
    }
    case "declined": {
      const why = state.reason === null ? "." : `: ${shortLine(state.reason)}`;
      return `committed nothing: ${shortLine(state.by)} declined ${digits(state.hash)}${why}`;
    }
    default:
      return state satisfies never;
  }
}

function madeOn({ baseOid }: Pick<StickyProposal, "baseOid">): string {
  return `Made on commit ${baseOid.slice(0, 12)}.`;
}

/** As the comment and the check run say of which diff something is a part. */
export function partText({ hash, hunks }: PartOf): string {
  return `${hunks.length === 1 ? "hunk" : "hunks"} ${numberRanges(hunks)} of ${digits(hash)}`;
}

const instruction = " To commit exactly this diff, comment the first line; the second says no.";

/** What a yes to a diff on the commits of a fork does: to be known before it is given. */
const forkLines = [
  "This pull request comes from a fork. The diff is offered as suggestions where each part of it can be one. Else it is committed to a branch of this repository, upon the fork's commits: programs that run on its branches run what the fork brings.",
];

/** How to say yes and no, to be copied as it stands. */
function howLines(
  { proposal, approvalsMissing, approvedBy, partsApproved = [] }: Extract<StickyState, { type: "awaitingApproval" }>,
  { isReviewed, hide }: { isReviewed: boolean; hide: Hide },
): string[] {
  const { hash, baseOid, pieces } = proposal;
  const named = [...new Set(pieces.map(({ path }) => path).filter(needsNaming))];
  const including = named.length === 0 ? "" : ` including=${named.join(",")}`;
  const approve = `/spindle approve ${hash.slice(0, githubTextLimits.hashDigitsShown)}${including}`;
  const isWritable =
    approve.length <= githubTextLimits.commandCharactersMax &&
    named.every((path) => !/[\s,]/.test(revealedText(path)) && revealedText(path) === path);
  return [
    "",
    `${madeOn({ baseOid })}${isWritable ? instruction : ""}`,
    ...(isWritable
      ? [fenced(approve, "text")]
      : ["It changes files whose names cannot be written in a comment, so only the web client can approve it."]),
    fenced("/spindle decline", "text"),
    ...(named.length === 0
      ? []
      : ["It changes files that instruct agents or choose reviewers, which is why an approval names them."]),
    ...(pieces.length > 1 ? ["Some hunks only: add `hunks=1,3-5`. What was left out is not committed."] : []),
    ...(isReviewed && isWritable && named.length === 0 ? [reviewInstruction] : []),
    ...approvalsLines(
      approvalsMissing,
      approvedBy.map((login) => inertLine(hide(login))),
    ),
    ...partsApproved.map(({ hash: partHash, hunks, by }) => {
      const names = by.map((login) => inertLine(hide(login))).join(", ");
      return `${names} said yes to ${partText({ hash, hunks })} and to no more: to ${digits(partHash)}.`;
    }),
  ];
}

const reviewInstruction =
  "A review that is submitted from now on and approves says yes to exactly this diff; one that requests changes says no.";

/** How many are still to say yes, and who has; nothing where one is enough and nobody has. */
export function approvalsLines(missing: number, approvedBy: readonly string[]): string[] {
  if (approvedBy.length === 0) return missing > 1 ? [`${missing} people have to approve.`] : [];
  return [
    `${approvedBy.join(", ")} said yes; ${missing === 1 ? "1 more person has" : `${missing} more people have`} to approve.`,
  ];
}

/** Hunks as long as there is room; one that does not fit is not cut, because half a hunk looks like a whole one. */
function diffLines(
  { pieces }: StickyProposal,
  room: number,
  webUrl: string | null,
  hide: Hide,
): { lines: string[]; hunksNotShown: number[] } {
  const shown: string[] = [];
  const hunksNotShown: number[] = [];
  let roomLeft = room;
  for (const piece of pieces) {
    const lines = pieceLines(piece, hide);
    const size = lines.join("\n").length + 1;
    if (size > roomLeft) hunksNotShown.push(piece.number);
    else {
      roomLeft -= size;
      shown.push(...lines);
    }
  }
  const files = new Set(pieces.map(({ path }) => path)).size;
  const left = `**${hunksNotShown.length} of ${pieces.length} hunks do not fit here** (${numberRanges(hunksNotShown)}).`;
  const also = `An approval without \`hunks=\` commits them too${webUrl === null ? "." : "; the web client shows them all."}`;
  const notShown = hunksNotShown.length === 0 ? [] : ["", `${left} ${also}`];
  const summary = `${pieces.length === 1 ? "1 hunk" : `${pieces.length} hunks`} in ${files === 1 ? "1 file" : `${files} files`}`;
  return { lines: [...notShown, "", "<details>", `<summary>${summary}</summary>`, "", ...shown, "</details>"], hunksNotShown };
}

function pieceLines({ number, path, kind, text }: Piece, hide: Hide): string[] {
  const note = { lines: "", added: " (new file)", deleted: " (deleted)", mode: " (other mode)", binary: " (binary)" }[kind];
  return [`**${number}** ${neutralCode(hide(path))}${note}`, ...(text === "" ? [] : [fenced(hide(text), "diff")]), ""];
}

function webLine(webUrl: string): string {
  const url = encodeURI(webUrl).replace(/[()<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return `[Open the thread](${url})`;
}

/** Escaped a text grows up to ninefold; one that does is cut again, so that the comment's length is bounded whatever it holds. */
function inertLine(text: string): string {
  const most = githubTextLimits.sentenceCharactersMax;
  const line = neutralLine(text.slice(0, most));
  const isCut = text.length > most || line.length > 2 * most;
  return `${line.length > 2 * most ? neutralLine(text.slice(0, most / 5)) : line}${isCut ? "…" : ""}`;
}

function digits(hash: string): string {
  return `\`${hash.slice(0, githubTextLimits.hashDigitsShown)}\``;
}
