/** What must be true of every story, whatever happened in it. */
import { expect } from "vitest";
import type { Frame } from "#core/frame";
import { add, type Counts } from "#core/metrics/counts";
import { gaugesOf, newTally, tallied } from "#core/metrics/tally";
import type { FileChange } from "#core/private";
import { reduce } from "#core/reduce";
import { openTurn, type Thread } from "#core/thread";
import { accountNotifications } from "#protocol/notifications";
import { textOf } from "#protocol/user-input";
import { exportThread } from "#thread/export";
import { turnReport } from "#thread/turn-report";
import { withCopyEnd } from "../../web/terminal/copy-end.ts";
import { blobHash, treeOf, type World } from "./world.ts";

export function checkInvariants(world: World): void {
  const { runtime } = world;
  const frames = Array.from(runtime.log.frames(0));
  expect(world.failures, "the house never fails by itself").toEqual([]);
  checkLog(world, frames);
  checkTurns(frames);
  checkReadings(world, frames);
  checkLandings(world, frames);
  for (const [command, runs] of world.executions) expect(runs, `${command} ran again`).toBe(1);
  checkFolds(world, frames);
  checkProjections(world);
  const told = world.directory.get(world.threadId);
  if (runtime.current.info.preview)
    expect(told?.thread.status, "the Directory knows how the thread stands").toEqual(runtime.current.status);
  checkNews(world, frames);
  checkReports(world, frames);
  checkMetrics(world, frames);
}

/** What the metrics say is what the log says, folded once from its beginning: whatever died, and however often what was told. */
function checkMetrics({ runtime, metricsLedger }: World, frames: Frame[]): void {
  const counts: Counts = {};
  let tally = newTally;
  // Streamed text may have left the log, and says nothing that is counted.
  for (const frame of runtime.log.lastingFrames(0, runtime.current.seq)) tally = tallied(tally, frame, counts);
  add(counts, "frames_appended_total", {}, runtime.current.seq);
  const told = metricsLedger.read();
  const ofThreads = Object.fromEntries(Object.entries(told.counts).filter(([series]) => !series.startsWith("metrics_reports_")));
  expect(ofThreads, "the metrics say what the log says").toEqual(counts);
  expect(told.gauges, "the metrics know how the thread stands").toEqual(gaugesOf(tally).values);
  const began = frames.filter(({ method }) => method === "turn/started").length;
  expect(told.counts["turns_started_total{}"] ?? 0, "each turn is counted once").toBe(began);
}

/** The memory heard of every turn that a person asked for something in, and what it heard last is what the log says now. */
function checkReports(world: World, frames: Frame[]): void {
  const { runtime, memory } = world;
  const spoken = frames.flatMap((frame) =>
    frame.method === "item/completed" && frame.params.item.type === "userMessage" ? [frame.params.turnId] : [],
  );
  const expected = [...new Set(spoken)];
  expect([...memory.turns.keys()].toSorted(), "the memory hears of every turn").toEqual(expected.toSorted());
  for (const [turnId, heard] of memory.turns) {
    expect(heard, `what the memory knows of ${turnId}`).toEqual(structuredClone(turnReport(runtime, turnId, heard.revision)));
    if (heard.used?.shown.length) world.count("notes shown");
    if (heard.used?.arm === "none") world.count("held out");
  }
  const used = frames.flatMap(({ private: hidden }) => (hidden?.event?.type === "memoryUsed" ? [hidden.event] : []));
  expect(new Set(used.map(({ turnId }) => turnId)).size, "a turn is given notes once").toBe(used.length);
  expect(new Set(used.map(({ use }) => use.arm)).size, "a thread keeps its arm").toBeLessThan(2);
  for (let times = 0; times < memory.repeated; times++) world.count("report repeated");
}

/** What concerns the account reaches its Directory, each thing once and in order, and so does every message that stands. */
function checkNews(world: World, frames: Frame[]): void {
  const concerning = frames.filter(({ method }) => accountNotifications.has(method)).map(({ seq }) => seq);
  expect(world.announced, "the account hears all that concerns it").toEqual(concerning);
  const { history, current } = world.runtime;
  const live = new Set(history.allTurns(current).map(({ id }) => id));
  const messages = frames.flatMap((frame) => {
    if (frame.method !== "item/completed" || !live.has(frame.params.turnId)) return [];
    const { item } = frame.params;
    const text = item.type === "userMessage" ? textOf(item.content) : item.type === "agentMessage" ? item.text : "";
    return text === "" ? [] : [item.id];
  });
  expect(Array.from(world.said.keys()), "every message can be found, and none that was taken back").toEqual(messages);
}

/** A fork at any turn that is left has the files of the moment that turn ended; one from the end has what the model knows. */
export async function checkForks(world: World): Promise<void> {
  const { runtime } = world;
  // Nobody has spoken in it, or all of it was taken back: there is nothing to begin from, though a person's command may be left.
  if (!runtime.current.info.preview) return;
  const turns = runtime.history.turns(runtime.current, { itemsView: "notLoaded", sortDirection: "asc", limit: 500 }).data;
  for (const [index, { id }] of turns.entries()) {
    const fork = await world.fork({ lastTurnId: id });
    expect(treeOf(fork.sql), `the files of a fork at turn ${index}`).toEqual(world.trees.get(id));
    const ids = fork.runtime.history.allTurns(fork.runtime.current).map((turn) => turn.id);
    expect(ids, "the turns of a fork").toEqual(turns.slice(0, index + 1).map((turn) => turn.id));
    expect(Array.from(fork.runtime.log.frames(0)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: fork.runtime.current.seq }, (_, seq) => seq + 1),
    );
    world.count("forked");
  }
  const fork = await world.fork({});
  const input = ({ log, current }: typeof runtime) => log.modelInput(current.inputFromSeq);
  expect(input(fork.runtime), "what the model knows in a fork").toEqual(input(runtime));
}

/**
 * What a copy says of a thread, the thread that is made of it says again: the same frames, files and contents, whatever the thread went through. So
 * does one that ends anywhere within: what it leaves open is ended behind all that came along, and then nothing is added any more.
 */
export function checkCopies(world: World): void {
  const { runtime } = world;
  const copy = copyOf(runtime);
  const whole = world.import(withCopyEnd(copy));
  expect(claims(copyOf(whole.runtime)), "a copy of what was imported is the copy").toEqual(claims(copy));
  expect(treeOf(whole.sql), "the files of an import").toEqual(treeOf(world.storage.sql));
  const turns = (of: typeof runtime) => of.history.allTurns(of.current);
  expect(turns(whole.runtime), "the turns of an import").toEqual(turns(runtime));
  checkResting(whole.runtime);
  const frames = copy.filter(isFrame);
  const cut = frames.slice(0, world.random.below(frames.length + 1));
  const named = cut.flatMap((line) => JSON.stringify(JSON.parse(line).event ?? {}).match(/[0-9a-f]{40}/g) ?? []);
  const contents = copy.filter((line) => line.startsWith('{"type":"blob"') && named.includes(JSON.parse(line).hash));
  const partly = world.import(withCopyEnd([copy[0] ?? "", ...cut, ...contents]));
  const ended = copyOf(partly.runtime);
  expect(claims(ended).frames.slice(0, cut.length), "what came along stands before what ends it").toEqual(cut);
  checkResting(partly.runtime);
  const again = world.import(withCopyEnd(ended));
  expect(claims(copyOf(again.runtime)), "and nothing is added any more").toEqual(claims(ended));
  if (ended.filter(isFrame).length > cut.length) world.count("an open turn was copied");
  world.count("copied");
}

/** Nobody is asked anything, nothing is allowed beforehand, every turn ended once, and no call waits for its answer. */
function checkResting({ current, log }: World["runtime"]): void {
  expect(current).toMatchObject({ requests: [], work: null, grants: { commands: [] }, status: { type: "idle" } });
  expect(openTurn(current)).toBeNull();
  checkTurns(Array.from(log.frames(0)));
  const input = log.modelInput(current.inputFromSeq);
  const idsOf = (suffix: string) => input.filter(({ type }) => type.endsWith(suffix)).map(({ call_id }) => call_id);
  expect(idsOf("_call_output").toSorted(), "every call of the model's past has its answer").toEqual(idsOf("_call").toSorted());
}

/** Numbers ascend; what is missing is streamed text that left the log after its stay. */
function checkLog(world: World, frames: Frame[]): void {
  const present = new Set(frames.map(({ seq }) => seq));
  expect(present.size).toBe(frames.length);
  const missing = Array.from({ length: world.runtime.current.seq }, (_, index) => index + 1).filter((seq) => !present.has(seq));
  if (missing.length > 0) world.count("compacted");
  for (const client of world.clients) {
    for (const seq of missing) {
      const text = client.frames.get(seq);
      if (text) expect(text, `seq ${seq} is missing`).toMatch(/"method":"item\/\w+\/(\w*[dD]elta|summaryPartAdded)"/);
    }
  }
}

function checkTurns(frames: Frame[]): void {
  const started = frames.flatMap((frame) => (frame.method === "turn/started" ? [frame.params.turn.id] : []));
  const completed = frames.flatMap((frame) => (frame.method === "turn/completed" ? [frame.params.turn.id] : []));
  expect(completed, "every turn ends in exactly one turn/completed").toEqual(started);
  const begun = frames.flatMap((frame) => (frame.method === "item/started" ? [frame.params.item.id] : []));
  const ended = frames.flatMap((frame) => (frame.method === "item/completed" ? [frame.params.item.id] : []));
  expect(ended.toSorted(), "every item that began ends, once").toEqual(begun.toSorted());
  const messages = frames.flatMap((frame) =>
    frame.method === "item/started" && frame.params.item.type === "userMessage" ? [frame.params.item.clientId] : [],
  );
  expect(new Set(messages).size, "a message that was sent twice is there once").toBe(messages.length);
  const asked = frames.flatMap((frame) => ("id" in frame ? [frame.id] : []));
  const resolved = frames.flatMap((frame) => (frame.method === "serverRequest/resolved" ? [frame.params.requestId] : []));
  expect(resolved, "every request is resolved, once").toEqual(asked);
  for (const frame of frames) {
    expect(JSON.stringify(frame.params), "what is private stays private").not.toContain("secret");
  }
}

/** What the model said is read once in a turn at most, and what comes of that comes while the turn is open. */
function checkReadings(world: World, frames: Frame[]): void {
  let turn: { readings: number; trees: number } | null = null;
  for (const { method, private: hidden } of frames) {
    if (method === "turn/started") turn = { readings: 0, trees: 0 };
    if (method === "turn/completed") turn = null;
    if (hidden?.event?.type === "responded" && hidden.event.isExtracted && turn) turn.readings += 1;
    if (hidden?.event?.type !== "decisionExtracted") continue;
    world.count("words shown as a tree");
    expect(turn, "a tree comes while its turn is open").not.toBeNull();
    if (turn) turn.trees += 1;
    expect(turn, "one reading, one tree").toEqual({ readings: 1, trees: 1 });
  }
}

/** Nothing lands without an exact yes, and what landed is there, once and whole. */
function checkLandings(world: World, frames: Frame[]): void {
  let thread: Thread | null = null;
  const expected = new Map<string, string | null>();
  for (const frame of frames) {
    const event = frame.private?.event;
    if (event?.type === "decided" && event.part) {
      const asked = proposedFor(event.requestId, frames);
      const isPart = event.part.changes.length < asked.length && event.part.changes.every((change) => has(asked, change));
      expect(isPart, "hunks are of what was asked for").toBe(true);
    }
    if (event?.type === "settled" && event.landed.length > 0) {
      const call = thread?.work?.calls.find(({ callId }) => callId === event.callId);
      if (call?.state.type !== "changesApproved") throw new Error(`${event.callId} landed while ${call?.state.type}`);
      const { proposed, part } = call.state;
      expect(event.landed, "what landed is what was proposed").toEqual(part?.changes ?? proposed.changes);
      const shown = frame.method === "item/completed" && frame.params.item.type === "fileChange" ? frame.params.item : null;
      expect(shown?.proposal?.hash, "an item shows what landed").toBe(part?.hash ?? proposed.hash);
      if (part) world.count("hunks landed");
      const free =
        thread?.settings?.approvalPolicy === "never" || event.landed.every(({ path }) => thread?.grants.paths?.includes(path));
      const asked = frames.some(({ seq, private: hidden }) => seq < frame.seq && isYesTo(hidden?.event, event.callId, frames));
      expect(free || asked, `${event.callId} landed unasked`).toBe(true);
      for (const { path, after } of event.landed) expected.set(path, after?.hash ?? null);
    }
    if (event?.type === "reverted") for (const { path, after } of event.landed) expected.set(path, after?.hash ?? null);
    thread = reduce(thread, frame);
  }
  // People write to `shared.txt` themselves, past the log; what only the agent touches is exactly what landed.
  for (const path of ["one.txt", "two.txt", "log.txt"]) {
    expect(world.runtime.workspace.version(path)?.hash ?? null, path).toBe(expected.get(path) ?? null);
  }
  const log = world.runtime.workspace.version("log.txt");
  if (log) {
    const lines = new TextDecoder().decode(world.runtime.workspace.read("log.txt")).trim().split("\n");
    expect(new Set(lines).size, "no approved change landed twice").toBe(lines.length);
    expect(blobHash(`${lines.join("\n")}\n`)).toBe(log.hash);
  }
}

function proposedFor(requestId: string, frames: Frame[]): FileChange[] {
  return frames.flatMap(({ private: hidden }) => {
    const event = hidden?.event;
    return event?.type === "proposed" && event.requestId === requestId ? event.proposed.changes : [];
  });
}

function has(changes: FileChange[], change: FileChange): boolean {
  return changes.some((other) => JSON.stringify(other) === JSON.stringify(change));
}

type PrivateEvent = NonNullable<Frame["private"]>["event"];

function isYesTo(event: PrivateEvent, callId: string, frames: Frame[]): boolean {
  if (event?.type !== "decided" || (event.decision !== "accept" && event.decision !== "acceptForSession")) return false;
  return frames.some(({ private: hidden }) => {
    const proposed = hidden?.event;
    return proposed?.type === "proposed" && proposed.callId === callId && proposed.requestId === event.requestId;
  });
}

/** Whoever came and went folds to the same thread as the log. */
function checkFolds(world: World, frames: Frame[]): void {
  const folded = frames.reduce<Thread | null>((thread, { private: _, ...frame }) => reduce(thread, frame as Frame), null);
  const turns = frames.flatMap((frame) => (frame.method === "turn/completed" ? [frame.params.turn.id] : []));
  for (const client of world.clients) {
    if (client.replay) {
      expect(withoutTimes(client.thread), "a client folds to the log's thread").toEqual(withoutTimes(folded));
    }
    expect(new Set(client.completedTurns).size, "no client hears twice that a turn ended").toBe(client.completedTurns.length);
    for (const id of client.completedTurns) expect(turns).toContain(id);
    expect([...client.asked.keys()], "nothing waits for this client any more").toEqual([]);
  }
}

/** Requests carry no time on the wire. */
function withoutTimes(thread: Thread | null): unknown {
  return thread && { ...thread, info: { ...thread.info, updatedAt: 0, recencyAt: 0 } };
}

function checkProjections(world: World): void {
  const tables = () =>
    ["turns", "items", "reverted", "snapshot"].map((table) =>
      world.storage.sql.exec(`SELECT * FROM ${table} ORDER BY 1`).toArray(),
    );
  const before = tables();
  world.storage.transactionSync(() => world.runtime.log.rebuild());
  expect(tables(), "projections can be made again from the log").toEqual(before);
}

/** Every line but the last, which the caller writes. */
export function copyOf(runtime: World["runtime"]): string[] {
  const lines: string[] = [];
  for (let cursor: string | null = null, page = 0; page === 0 || cursor !== null; page++) {
    const answer = exportThread(runtime, { threadId: runtime.host.threadId, format: "copy", cursor });
    lines.push(...(answer.lines ?? []));
    cursor = answer.nextCursor;
  }
  return lines;
}

function claims(lines: string[]): { frames: string[]; rest: string[] } {
  const { threadId: _, exportedAtMs: __, ...head } = JSON.parse(lines[0] ?? "{}");
  const rest = lines.slice(1).filter((line) => !isFrame(line));
  return { frames: lines.filter(isFrame), rest: [JSON.stringify(head), ...rest] };
}

function isFrame(line: string): boolean {
  return line.startsWith('{"type":"frame"');
}
