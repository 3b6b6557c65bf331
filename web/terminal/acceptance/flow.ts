/** What a stranger's client does with a server, from the handshake to a deleted thread. Exact about the protocol, not about a model's words. */
import { randomBytes, randomUUID } from "node:crypto";
import { RequestError } from "#client/failures";
import { patchLines } from "#client/patch-lines";
import type { ThreadHandle } from "#client/thread-handle";
import type { PendingRequest, Thread } from "#core/thread";
import type { ItemOf } from "#protocol/item";
import type { Turn } from "#protocol/turn";
import type { CheckArguments } from "./arguments.ts";
import { requestsFor } from "./requests.ts";
import { must, type Step, type Tally, tryAll, within } from "./steps.ts";
import { openTap, type Tap } from "./tapped-socket.ts";

const cwd = "/workspace";
const asksChanges = "item/fileChange/requestApproval";
const cleanUpTimeoutMs = 20_000;
/** A model that proposes again and again after a no is stopped. */
const declinesMax = 5;

/** One thread, begun, used and deleted; it is deleted also where a step failed. */
export async function acceptOnce(given: CheckArguments): Promise<Tally> {
  const flow = new Flow(given);
  try {
    return await tryAll(flow.steps(), { timeoutMs: given.timeoutMs, untilFailure: true });
  } finally {
    await flow.end();
  }
}

class Flow {
  private readonly given: CheckArguments;
  private readonly first: Tap;
  private readonly second: Tap;
  private readonly threadId = randomUUID();
  /** In no other thread of the account: what is found by it is ours. */
  private readonly nonce = `acceptance-${randomBytes(8).toString("hex")}`;
  private model = "";
  /** The turn that was asked for a diff last. */
  private turnId = "";
  private mine: ThreadHandle | null = null;
  private theirs: ThreadHandle | null = null;
  private isBegun = false;
  private isDeleted = false;

  constructor(given: CheckArguments) {
    this.given = given;
    this.first = openTap(given, "spindle-acceptance");
    this.second = openTap(given, "spindle-acceptance-2");
    // Who is not asked yet may fail meanwhile.
    for (const { ready } of [this.first, this.second]) ready.catch(() => {});
  }

  steps(): Step[] {
    return [
      { title: "two clients shake hands", run: () => this.shakeHands() },
      { title: "a thread begins, and both follow it", run: () => this.begin() },
      { title: "a turn goes on while its connection is cut, and no frame is lost or told twice", run: () => this.cutInTurn() },
      { title: "a diff waits for a yes, the same at both clients", run: () => this.propose("kept.txt") },
      { title: "a yes to another hash is refused, and the diff goes on waiting", run: () => this.refuseOtherHash() },
      {
        title: "a yes to its hash lands what was shown, and the other client sees who was first",
        run: () => this.accept("kept.txt"),
      },
      { title: "a declined diff lands nothing", run: () => this.decline("declined.txt") },
      { title: "both clients folded the same thread from gapless frames", run: () => this.compare() },
      { title: "the thread is deleted, and nothing of it is left", run: () => this.remove() },
    ];
  }

  /** Leaves nothing behind; says so where it cannot. */
  async end(): Promise<void> {
    try {
      if (this.isBegun && !this.isDeleted) await within(this.cleanUp(), cleanUpTimeoutMs);
    } catch (error) {
      console.log(`       thread ${this.threadId} was left behind: ${error instanceof Error ? error.message : error}`);
    } finally {
      this.first.client.close();
      this.second.client.close();
    }
  }

  private async cleanUp(): Promise<void> {
    const tap = openTap(this.given, "spindle-acceptance-end");
    try {
      await tap.ready;
      await tap.client.request("thread/delete", { threadId: this.threadId }, { isIdempotent: true });
    } catch (error) {
      // It never began, or is gone already.
      if (!(error instanceof RequestError)) throw error;
    } finally {
      tap.client.close();
    }
  }

  private async shakeHands(): Promise<void> {
    await this.first.ready;
    await this.second.ready;
    const { data } = await this.first.client.request("model/list", {});
    const wanted = data.find(({ id, isDefault }) => (this.given.model === null ? isDefault : id === this.given.model));
    must(wanted !== undefined, `there is no model ${this.given.model ?? "that is the default"}`);
    this.model = wanted.id;
  }

  private async begin(): Promise<void> {
    this.isBegun = true;
    const { threadId } = this;
    this.mine = await this.first.client.startThread({ threadId, cwd, model: this.model, approvalPolicy: "on-request" });
    must(this.mine.id === threadId, `the thread was begun as ${this.mine.id}, not as ${threadId}`);
    // What is only tried teaches nobody anything.
    await this.first.client.request("thread/memoryMode/set", { threadId, mode: "disabled" }, { isIdempotent: true });
    this.theirs = await this.second.client.openThread(threadId);
    this.mine.subscribe((thread) => this.answerOthers(thread));
  }

  /** What is no diff is let through: a model may want to look around first. */
  private answerOthers(thread: ThreadHandle): void {
    for (const request of thread.questions) {
      if (request.method === "item/commandExecution/requestApproval") thread.answer(request.id, "accept");
      if (request.method === "item/tool/requestUserInput") thread.reply(request.id, { answers: firstOptions(request) });
    }
  }

  private async cutInTurn(): Promise<void> {
    const [mine, theirs] = this.both();
    const { turn } = await mine.send(requestsFor(this.model).talk);
    await mine.until((thread) => spokenIn(thread, turn.id).length > 0);
    this.first.cut();
    const resumedBefore = this.first.asked("thread/resume").length;
    await this.completed(mine, turn.id);
    const resumes = this.first.asked("thread/resume").slice(resumedBefore);
    must(resumes.length > 0, "the client did not come back to the thread after the cut");
    must(Number(resumes[0]?.afterSeq) > 0, "the client came back without afterSeq");
    await this.completed(theirs, turn.id);
    must(
      spokenIn(this.stateOf(mine), turn.id) === spokenIn(this.stateOf(theirs), turn.id),
      "after the cut the answer reads otherwise than at the client that was not cut",
    );
    this.checkGapless();
  }

  private async propose(name: string): Promise<void> {
    const [mine, theirs] = this.both();
    const { turn } = await mine.send(requestsFor(this.model).makeFile(name, this.nonce));
    this.turnId = turn.id;
    const { request, change } = await this.asked(mine);
    must(change.proposal !== undefined && change.proposal.hash !== "", "the diff has no hash");
    must(
      change.proposal.diff.includes(this.nonce),
      `the diff does not have the line that was asked for:\n${change.proposal.diff}`,
    );
    must(change.proposal.diff.includes(name), `the diff is not of ${name}:\n${change.proposal.diff}`);
    must((await this.read(name)) === null, "the file is there before anybody said yes");
    const seen = await this.asked(theirs);
    must(seen.request.id === request.id, "the other client is asked under another id");
    must(seen.change.proposal?.hash === change.proposal.hash, "the other client sees another hash");
  }

  private async refuseOtherHash(): Promise<void> {
    const [mine] = this.both();
    const { request, change } = await this.asked(mine);
    const hash = change.proposal?.hash ?? "";
    const other = `${hash.startsWith("0") ? "1" : "0"}${hash.slice(1)}`;
    const refused = new Promise<void>((resolve, reject) => {
      const stop = mine.subscribe(({ state }) => {
        if (mine.refusals.has(request.id)) resolve();
        else if (state && !isWaiting(state, request.id)) reject(new Error("a yes to another hash was taken"));
        else return;
        stop();
      });
    });
    mine.answerHunks(request.id, [1], other);
    await refused;
    must(isWaiting(this.stateOf(mine), request.id), "the refused answer ended the question");
  }

  private async accept(name: string): Promise<void> {
    const [mine, theirs] = this.both();
    const { request, change } = await this.asked(mine);
    const diff = change.proposal?.diff ?? "";
    const hunks = patchLines(diff).reduce((most, line) => Math.max(most, line.hunk ?? 0), 0);
    const all = Array.from({ length: Math.max(1, hunks) }, (_, place) => place + 1);
    mine.answerHunks(request.id, all, change.proposal?.hash ?? "");
    const { turnId } = request.params;
    await Promise.race([this.completed(mine, turnId), refusalOf(mine, request.id)]);
    await theirs.until((thread) => !isWaiting(thread, request.id));
    await this.completed(theirs, turnId);
    for (const thread of [mine, theirs]) {
      const status = changeOf(this.stateOf(thread), request.params.itemId)?.status;
      must(status === "completed", `the accepted change is ${status}`);
    }
    const shown = addedBy(diff, name);
    const landed = await this.read(name);
    must(landed !== null, "the file did not land");
    must(landed.trimEnd() === shown.trimEnd(), `what landed is not what was shown:\n${landed}\ninstead of\n${shown}`);
  }

  private async decline(name: string): Promise<void> {
    const [mine, theirs] = this.both();
    const { turn } = await mine.send(requestsFor(this.model).makeFile(name, this.nonce));
    this.turnId = turn.id;
    const { request } = await this.asked(mine);
    let declines = 0;
    const over = (thread: Thread) => isOver(thread, turn.id);
    const declineAll = () => {
      for (const { id, method } of mine.questions) {
        if (method !== asksChanges) continue;
        declines += 1;
        if (declines > declinesMax) void mine.interrupt();
        else mine.answer(id, "decline");
      }
    };
    const stop = mine.subscribe(declineAll);
    declineAll();
    await mine.until(over).finally(stop);
    await theirs.until(over);
    const status = changeOf(this.stateOf(theirs), request.params.itemId)?.status;
    must(status === "declined", `the declined change is ${status}`);
    must((await this.read(name)) === null, "the file is there, though nobody said yes");
  }

  private async compare(): Promise<void> {
    const [mine, theirs] = this.both();
    const head = Math.max(this.stateOf(mine).seq, this.stateOf(theirs).seq);
    for (const thread of [mine, theirs]) await thread.until(({ seq }) => seq >= head);
    must(
      JSON.stringify(this.stateOf(mine).turns) === JSON.stringify(this.stateOf(theirs).turns),
      "the two clients folded different threads",
    );
    this.checkGapless();
  }

  private async remove(): Promise<void> {
    const { threadId, nonce, second } = this;
    const heard = new Promise<void>((resolve) => {
      second.client.onMessage((message) => {
        const { params } = message as { params: { threadId?: string } };
        if (message.method === "thread/deleted" && params.threadId === threadId) resolve();
      });
    });
    await this.first.client.request("thread/delete", { threadId }, { isIdempotent: true });
    this.isDeleted = true;
    await heard;
    const { client } = second;
    for (const method of ["thread/read", "spindle/thread/export", "thread/resume"] as const) {
      must(await isRefused(client.request(method, { threadId })), `${method} still answers for the deleted thread`);
    }
    must(await isRefused(client.request("fs/readDirectory", { threadId, path: cwd })), "its files can still be listed");
    const { data: listed } = await client.request("thread/list", {});
    must(!listed.some(({ id }) => id === threadId), "thread/list still has it");
    const { data: loaded } = await client.request("thread/loaded/list", {});
    must(!loaded.includes(threadId), "thread/loaded/list still has it");
    const { data: found } = await client.request("thread/search", { searchTerm: nonce });
    must(found.length === 0, "what was said in it can still be found");
  }

  /** The open question about a diff, with the diff; ends early where the turn ends without one. */
  private async asked(thread: ThreadHandle): Promise<{ request: ChangeRequest; change: ItemOf<"fileChange"> }> {
    const { turnId } = this;
    const state = await thread.until((each) => {
      return each.requests.some(({ method }) => method === asksChanges) || isOver(each, turnId);
    });
    const request = state.requests.find((each): each is ChangeRequest => each.method === asksChanges);
    const change = request && changeOf(state, request.params.itemId);
    must(request !== undefined && change !== undefined, `the turn ended without a diff: ${endOf(turnOf(state, turnId))}`);
    return { request, change };
  }

  private async completed(thread: ThreadHandle, turnId: string): Promise<void> {
    const state = await thread.until((each) => isOver(each, turnId));
    const turn = turnOf(state, turnId);
    must(turn?.status === "completed", `the turn is ${endOf(turn)}`);
  }

  private checkGapless(): void {
    for (const [name, tap] of [
      ["the first", this.first],
      ["the second", this.second],
    ] as const) {
      const frames = tap.framesOf(this.threadId);
      const wrong = frames.findIndex((seq, place) => seq !== place + 1);
      must(wrong === -1, `${name} client heard frame ${frames[wrong]} after frame ${frames[wrong - 1] ?? 0}`);
    }
  }

  /** The file's text; null where there is none. */
  private async read(name: string): Promise<string | null> {
    try {
      const path = `${cwd}/${name}`;
      const { dataBase64 } = await this.second.client.request("fs/readFile", { threadId: this.threadId, path });
      return Buffer.from(dataBase64, "base64").toString();
    } catch (error) {
      if (error instanceof RequestError) return null;
      throw error;
    }
  }

  private both(): [ThreadHandle, ThreadHandle] {
    must(this.mine !== null && this.theirs !== null, "there is no thread");
    return [this.mine, this.theirs];
  }

  private stateOf(thread: ThreadHandle): Thread {
    must(thread.state !== null, "nothing of the thread was heard");
    return thread.state;
  }
}

type ChangeRequest = Extract<PendingRequest, { method: typeof asksChanges }>;

function turnOf({ turns }: Thread, turnId: string): Turn | undefined {
  return turns.find(({ id }) => id === turnId);
}

/** Not before its beginning was heard. */
function isOver(thread: Thread, turnId: string): boolean {
  return (turnOf(thread, turnId)?.status ?? "inProgress") !== "inProgress";
}

function changeOf({ turns }: Thread, itemId: string): ItemOf<"fileChange"> | undefined {
  return turns
    .flatMap(({ items }) => items)
    .find((item): item is ItemOf<"fileChange"> => item.id === itemId && item.type === "fileChange");
}

function isWaiting({ requests }: Thread, requestId: string): boolean {
  return requests.some(({ id }) => id === requestId);
}

function spokenIn(thread: Thread, turnId: string): string {
  const items = turnOf(thread, turnId)?.items ?? [];
  return items.flatMap((item) => (item.type === "agentMessage" ? [item.text] : [])).join("\n");
}

function endOf(turn: Turn | undefined): string {
  return `${turn?.status ?? "unknown"}${turn?.error ? `: ${turn.error.message}` : ""}`;
}

/** What a diff that makes this file puts into it. */
function addedBy(diff: string, name: string): string {
  const at = diff.split(/^(?=diff --git )/m).find((part) => part.split("\n")[0]?.includes(name)) ?? "";
  return at
    .split("\n")
    .filter((line) => line.startsWith("+") && !line.startsWith("+++ "))
    .map((line) => line.slice(1))
    .join("\n");
}

/** Rejects when the server says that our answer cannot be taken. */
function refusalOf(thread: ThreadHandle, requestId: string): Promise<never> {
  return new Promise((_, reject) => {
    const stop = thread.subscribe(() => {
      const why = thread.refusals.get(requestId);
      if (why === undefined) return;
      stop();
      reject(new Error(`the yes was refused: ${why}`));
    });
  });
}

function firstOptions({ params }: Extract<PendingRequest, { method: "item/tool/requestUserInput" }>) {
  return Object.fromEntries(params.questions.map(({ id, options }) => [id, { answers: [options?.[0]?.label ?? "as you like"] }]));
}

async function isRefused(asking: Promise<unknown>): Promise<boolean> {
  try {
    await asking;
    return false;
  } catch (error) {
    if (error instanceof RequestError) return true;
    throw error;
  }
}
