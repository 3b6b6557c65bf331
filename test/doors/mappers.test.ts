/**
 * One log, many mappers: whatever happened in a thread, each door shows the same approvals, the same diffs and the same words. The thread is
 * a story of the simulation, looked at again and again while it is told; what Codex clients fold is what the others are compared with.
 */
import { expect, test } from "vitest";
import type { Frame } from "#core/frame";
import { stickyComment } from "#core/github/sticky-comment";
import { newThreadView, view } from "#core/github/thread-view";
import { numberedPieces } from "#core/hunks";
import { reduce } from "#core/reduce";
import type { PendingRequest, Thread } from "#core/thread";
import type { ItemOf, ThreadItem } from "#protocol/item";
import { proposedBy } from "#thread/asked-proposal";
import { proposedFile } from "#workspace/part";
import { type PatchHunk, patchFiles } from "../../web/app/diff/patch-files.ts";
import { rowsOf } from "../../web/app/talk/rows.ts";
import { permissionOf } from "../../workers/acp/permission.ts";
import { toolCall } from "../../workers/acp/tool-calls.ts";
import { updatesOf } from "../../workers/acp/updates.ts";
import { eventText, seqOf } from "../../workers/http/event-stream.ts";
import type { House } from "../../workers/mcp/house.ts";
import { approvalsOf, showApproval } from "../../workers/mcp/tools/approval.ts";
import { showItem } from "../../workers/mcp/tools/items.ts";
import { tell } from "../simulation/story.ts";
import type { World } from "../simulation/world.ts";
import { createRandom } from "../support/random.ts";

const seeds = Array.from({ length: 8 }, (_, index) => index + 1);
/** A look at the whole log costs its length: not after every step, but whenever something new waits. */
const stepsBetweenLooks = 30;

/** How much was compared: a story in which nothing waits proves nothing. */
const compared = { looks: 0, approvals: 0, diffs: 0, texts: 0, cuts: 0 };

test.for(seeds)("each door shows what the log of story %i says", { timeout: 120_000 }, async (seed) => {
  const moments: Moment[] = [];
  let steps = 0;
  let waited = "";
  await tell(seed, 420, (world) => {
    steps += 1;
    if (!world.isAlive || !world.runtime.thread) return;
    const waits = world.runtime.thread.requests.map(({ id }) => id).join();
    if (steps % stepsBetweenLooks === 0 || (waits !== waited && waits !== "")) moments.push(momentOf(world));
    waited = waits;
  });
  for (const [index, moment] of moments.entries()) {
    await compare(index % 2 === 0 ? moment : withoutStreamedText(moment), seed + index);
  }
});

test("what was compared is enough to mean something", () => {
  expect(compared.looks).toBeGreaterThan(60);
  expect(compared.approvals).toBeGreaterThan(10);
  expect(compared.diffs).toBeGreaterThan(100);
  expect(compared.texts).toBeGreaterThan(200);
  expect(compared.cuts).toBeGreaterThan(100);
});

/** The log as it stands, and what GitHub would be shown: what waits is asked of the workspace while it waits. */
interface Moment {
  wire: string[];
  /** By request. Null where GitHub has no door for it. */
  comments: Map<string, string | null>;
}

function momentOf(world: World): Moment {
  const wire = wireOf(world);
  const requests = wire.reduce<Thread | null>((thread, text) => reduce(thread, JSON.parse(text)), null)?.requests ?? [];
  return { wire, comments: new Map(requests.map(({ id }) => [id, commentOf(world, id)])) };
}

/** As the log is when what was streamed has left it. */
function withoutStreamedText({ wire, comments }: Moment): Moment {
  const frames = wire.map((text) => ({ text, frame: JSON.parse(text) as Frame }));
  const isOver = new Set(frames.flatMap(({ frame }) => (frame.method === "item/completed" ? [frame.params.item.id] : [])));
  const isStreamed = ({ method, params }: Frame) =>
    /[dD]elta$/.test(method) && "itemId" in params && typeof params.itemId === "string" && isOver.has(params.itemId);
  return { wire: frames.flatMap(({ text, frame }) => (isStreamed(frame) ? [] : [text])), comments };
}

async function compare({ wire, comments }: Moment, seed: number): Promise<void> {
  const frames = wire.map((text) => JSON.parse(text) as Frame);
  const thread = frames.reduce<Thread | null>(reduce, null);
  if (!thread) return;
  const shown = shownByCodex(thread);
  expect(overEvents(wire, seed), "server-sent events").toEqual(frames);
  expectSame(shown, shownByAcp(frames, thread), "ACP");
  expectSame(shown, shownByWeb(thread), "the web client");
  expectSame(shown, await shownByMcp(thread), "MCP");
  expectSameOnGitHub(shown, frames, comments);
  compared.looks += 1;
  compared.approvals += shown.approvals.length;
  compared.diffs += shown.diffs.size;
  compared.texts += shown.texts.size;
}

interface Approval {
  requestId: string;
  itemId: string;
  /** Of a change of files; null of a command. */
  hash: string | null;
}

interface Shown {
  approvals: Approval[];
  /** By item: each file with what goes and what comes. */
  diffs: Map<string, string[]>;
  /** By item: what the agent said, as far as it has. */
  texts: Map<string, string>;
}

function expectSame(shown: Shown, other: Shown, door: string): void {
  expect(other.approvals, `approvals of ${door}`).toEqual(shown.approvals);
  expect(Object.fromEntries(other.diffs), `diffs of ${door}`).toEqual(Object.fromEntries(shown.diffs));
  expect(Object.fromEntries(other.texts), `words of ${door}`).toEqual(Object.fromEntries(shown.texts));
}

/** As a client with `spindle/replay` hears it. */
function wireOf({ runtime }: World): string[] {
  const texts: string[] = [];
  for (let after = 0, page = runtime.log.wireFrames(0); page.length > 0; page = runtime.log.wireFrames(after)) {
    for (const { seq, text } of page) {
      texts.push(`${text.slice(0, -1)},"seq":${seq}}`);
      after = seq;
    }
  }
  return texts;
}

function itemsOf({ turns }: Thread): ThreadItem[] {
  return turns.flatMap(({ items }) => items);
}

function approvalRequests({ requests }: Thread) {
  return requests.filter(
    (request): request is Extract<PendingRequest, { method: `${string}/requestApproval` }> =>
      request.method === "item/commandExecution/requestApproval" || request.method === "item/fileChange/requestApproval",
  );
}

function hashOf(item: ThreadItem | undefined): string | null {
  return item?.type === "fileChange" ? (item.proposal?.hash ?? null) : null;
}

/** The frames, folded; a diff by the texts of its changes. */
function shownByCodex(thread: Thread): Shown {
  const items = new Map(itemsOf(thread).map((item) => [item.id, item]));
  const approvals = approvalRequests(thread).map(({ id, params }) => {
    return { requestId: id, itemId: params.itemId, hash: hashOf(items.get(params.itemId)) };
  });
  return { approvals, ...shownItems([...items.values()], (item) => sidesOfChanges(item)) };
}

function shownItems(items: ThreadItem[], sidesOf: (item: ItemOf<"fileChange">) => string[]): Omit<Shown, "approvals"> {
  const diffs = items.flatMap((item) => (item.type === "fileChange" ? [[item.id, sidesOf(item)] as const] : []));
  const texts = items.flatMap((item) => (item.type === "agentMessage" ? [[item.id, item.text] as const] : []));
  return { diffs: new Map(diffs), texts: new Map(texts) };
}

/** `a.txt -old` and `a.txt +new`, of `item.changes`: what Codex's own clients show. */
function sidesOfChanges({ changes }: ItemOf<"fileChange">): string[] {
  return changes
    .flatMap(({ path, kind, diff }) => {
      const lines = linesOf(diff);
      if (kind.type === "add") return lines.map((line) => `${nameOf(path)} +${line}`);
      if (kind.type === "delete") return lines.map((line) => `${nameOf(path)} -${line}`);
      const begins = lines.findIndex((line) => line.startsWith("@@"));
      return lines.slice(begins).flatMap((line) => (/^[+-]/.test(line) ? [`${nameOf(path)} ${line}`] : []));
    })
    .toSorted();
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** Paths are the workspace's in some protocols and the machine's in others. */
function nameOf(path: string): string {
  return path.replace(/^\/workspace\//, "");
}

/** Cut at any byte, and taken up behind the last event that came whole; each connection is its own stream. */
function overEvents(wire: string[], seed: number): Frame[] {
  const random = createRandom(seed);
  const heard: Frame[] = [];
  let last = 0;
  for (let connections = 0; connections < 10_000; connections++) {
    const rest = wire.filter((text) => (seqOf(text) ?? 0) > last);
    if (rest.length === 0) return heard;
    const stream = rest.map((text) => eventText(seqOf(text) ?? 0, text)).join("");
    const cut = random.chance(0.7) ? random.below(stream.length + 1) : stream.length;
    compared.cuts += 1;
    for (const event of stream.slice(0, cut).split("\n\n").slice(0, -1)) {
      const id = /^id: (.*)$/m.exec(event)?.[1];
      const data = /^data: (.*)$/m.exec(event)?.[1] ?? "";
      heard.push(JSON.parse(data) as Frame);
      last = Number(id);
    }
  }
  throw new Error("it never ends");
}

/** Updates as an editor gathers them: pieces of a message by its id, a tool call's content as it was told last. */
function shownByAcp(frames: Frame[], thread: Thread): Shown {
  const texts = new Map<string, string>();
  const diffs = new Map<string, string[]>();
  let before: Thread | null = null;
  for (const frame of frames) {
    for (const { update, offset = 0 } of updatesOf(before, frame, { notices: false, compaction: false })) {
      if (update.sessionUpdate === "agent_message_chunk" && update.content.type === "text") {
        const id = update.messageId ?? "";
        texts.set(id, (texts.get(id) ?? "").slice(0, offset) + update.content.text);
      }
      if (update.sessionUpdate !== "tool_call" && update.sessionUpdate !== "tool_call_update") continue;
      const contents = (update.content ?? []).filter((content) => content.type === "diff");
      if (contents.length > 0) diffs.set(update.toolCallId, contents.flatMap(sidesOfTexts).toSorted());
    }
    before = reduce(before, frame);
  }
  const approvals = approvalRequests(thread).map((request) => {
    const asked = permissionOf(thread, request);
    const allow = asked?.options.find(({ kind }) => kind === "allow_once")?.optionId ?? "";
    return { requestId: request.id, itemId: asked?.toolCall.toolCallId ?? "", hash: allow.split(":")[1] ?? null };
  });
  // A message that has said nothing yet is no update, and turns that were taken back were shown when they were not.
  const items = itemsOf(thread);
  const kept = (id: string) => items.some((item) => item.id === id);
  for (const item of items) {
    if (item.type === "agentMessage" && item.text === "" && !texts.has(item.id)) texts.set(item.id, "");
    // What waits is shown with its request, as an editor draws it; the same form.
    if (item.type === "fileChange" && !diffs.has(item.id)) {
      const contents = (toolCall(item).content ?? []).filter((content) => content.type === "diff");
      diffs.set(item.id, contents.flatMap(sidesOfTexts).toSorted());
    }
  }
  for (const map of [texts, diffs]) for (const id of map.keys()) if (!kept(id)) map.delete(id);
  return { approvals, texts, diffs };
}

/** Lines that only one side has, by the longest common ones: an editor's own diff would say the same. */
function sidesOfTexts({ path, oldText, newText }: { path: string; oldText?: string | null; newText: string }): string[] {
  const [before, after] = [linesOf(oldText ?? ""), linesOf(newText)];
  const left = [...after];
  const gone: string[] = [];
  for (const line of before) {
    const at = left.indexOf(line);
    if (at < 0) gone.push(`${nameOf(path)} -${line}`);
    else left.splice(at, 1);
  }
  return [...gone, ...left.map((line) => `${nameOf(path)} +${line}`)];
}

/** Rows of the talk, and the review of the stored patch. */
function shownByWeb(thread: Thread): Shown {
  const items = rowsOf(thread.turns, {}, false).flatMap((row) => (row.type === "item" ? [row.item] : []));
  const byId = new Map(items.map((item) => [item.id, item]));
  const approvals = approvalRequests(thread).map(({ id, params }) => {
    return { requestId: id, itemId: params.itemId, hash: hashOf(byId.get(params.itemId)) };
  });
  return { approvals, ...shownItems(items, ({ proposal }) => sidesOfPatch(proposal?.diff ?? "")) };
}

function sidesOfPatch(patch: string): string[] {
  return patchFiles(patch)
    .flatMap(({ path, hunks }) => hunks.flatMap(({ lines }: PatchHunk) => lines.map(({ sign, text }) => ({ path, sign, text }))))
    .flatMap(({ path, sign, text }) => (sign === " " ? [] : [`${path} ${sign}${text}`]))
    .toSorted();
}

/** What the tools answer, with room for all of it. */
async function shownByMcp(thread: Thread): Promise<Shown> {
  const items = itemsOf(thread);
  const house = {
    ask: async (_method: string, { itemIds }: { itemIds: string[] }) => ({
      data: items.filter(({ id }) => itemIds.includes(id)).map((item) => ({ item })),
    }),
    openRequests: async () => thread.requests,
    sha256: async () => "a command's",
  } as unknown as House;
  const room = () => ({ characters: Number.POSITIVE_INFINITY });
  const asked = await approvalsOf(house, thread.info.id);
  const approvals = asked.map((approval) => {
    const { kind, itemId, hash, diff } = showApproval(approval, room());
    if (kind === "fileChange") expect(sidesOfPatch(diff ?? "").length, "a diff to say yes to").toBeGreaterThan(0);
    return { requestId: approval.requestId, itemId, hash: kind === "fileChange" ? hash : null };
  });
  const whole = new Map(items.map((item) => [item.id, showItem(item, room())]));
  const said = shownItems(items, ({ id }) => sidesOfPatch(whole.get(id)?.text ?? ""));
  for (const id of said.texts.keys()) said.texts.set(id, whole.get(id)?.text ?? "");
  return { approvals, ...said };
}

/** The comment in which the approval is asked on GitHub; null where GitHub has no door for it. */
function commentOf({ runtime }: World, requestId: string): string | null {
  const proposed = proposedBy(runtime, requestId);
  if (!proposed) return null;
  const read = (hash: string) => runtime.workspace.readBlob(hash);
  const pieces = numberedPieces(proposed.changes.map((change) => proposedFile(change, read)));
  const proposal = { hash: proposed.hash, baseOid: "0".repeat(40), pieces };
  const state = { type: "awaitingApproval", proposal, stale: null, approvalsMissing: 1, approvedBy: [], isFork: false } as const;
  const about = { threadId: runtime.current.info.id, state, plan: [], sentence: null, link: null, webUrl: null };
  return stickyComment(about, { secrets: [], spared: [proposed.hash] }).body;
}

/** GitHub is told of changes only: their hash, their lines, and what the agent said last. */
function expectSameOnGitHub(shown: Shown, frames: Frame[], comments: Moment["comments"]): void {
  const seen = frames.reduce((before, frame) => view(before, frame as Parameters<typeof view>[1]), newThreadView);
  const asked = new Set(seen.requests.flatMap(({ id, isFileChange }) => (isFileChange ? [id] : [])));
  expect([...asked], "changes that wait on GitHub").toEqual(
    shown.approvals.flatMap(({ requestId, hash }) => (hash === null ? [] : [requestId])),
  );
  for (const { requestId, itemId, hash } of shown.approvals) {
    const comment = comments.get(requestId) ?? null;
    expect(comment !== null, "a comment asks for changes, and for nothing else").toBe(hash !== null);
    if (comment === null || hash === null) continue;
    expect(comment).toContain(`/spindle approve ${hash.slice(0, 12)}`);
    const blocks = [...comment.matchAll(/^(`{3,})diff\n([\s\S]*?)\n\1$/gm)].flatMap(([, , text = ""]) => text.split("\n"));
    const lines = blocks.filter((line) => /^[+-]/.test(line)).toSorted();
    expect(lines, "the diff on GitHub").toEqual(
      shown.diffs
        .get(itemId)
        ?.map((line) => line.slice(line.indexOf(" ") + 1))
        .toSorted(),
    );
  }
}
