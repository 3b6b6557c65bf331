/**
 * One session of one connection: a thread that is followed, told as updates, asked as permissions. It has nothing of its own that matters:
 * whatever is here is made again from the log when the client comes back.
 */
import type { RequestPermissionRequest, StopReason } from "@agentclientprotocol/sdk";
import type { ThreadHandle } from "#client/thread-handle";
import type { Frame } from "#core/frame";
import type { Thread } from "#core/thread";
import type { ThreadSettings } from "#protocol/thread-settings";
import type { Turn } from "#protocol/turn";
import type { UserInput } from "#protocol/user-input";
import { acpLimits } from "./limits.ts";
import { answerOf, isDismissable, permissionOf } from "./permission.ts";
import { AcpRefusal, acpCodes } from "./refusals.ts";
import { endOf } from "./stop-reason.ts";
import { type Hearing, type Told, updatesOf } from "./updates.ts";

/** What a session needs of its connection. */
export interface SessionPeer {
  readonly hearing: Hearing;
  /** `seq` is the frame that it comes from. */
  tell(sessionId: string, told: Told, seq: number): void;
  ask(requestId: string, params: RequestPermissionRequest): void;
  /** Somebody else has answered, or the turn ended. */
  withdraw(requestId: string): void;
  /** The thread cannot be followed any more. */
  ended(session: AcpSession): void;
}

interface Held {
  seq: number;
  turnId: string | null;
  told: Told[];
}

interface Prompt {
  isCancelled: boolean;
}

export class AcpSession {
  readonly thread: ThreadHandle;
  private readonly peer: SessionPeer;
  private before: Thread | null;
  /** What the log says until everything of it is here; null from then on. */
  private held: Held[] | null;
  /** Requests of the thread that this client was asked, or that have no form for it. */
  private readonly asked = new Map<string, "open" | "answered" | "notForUs">();
  /** Prompts that this connection said: it knows them. */
  private readonly ownKeys = new Set<string>();
  private readonly prompts = new Set<Prompt>();
  private readonly stop: () => void;

  /** `isNew`: it begins here, so that nothing of it has to be caught up with. */
  constructor(thread: ThreadHandle, peer: SessionPeer, isNew: boolean) {
    this.thread = thread;
    this.peer = peer;
    this.before = thread.state;
    this.held = isNew ? null : [];
    this.stop = thread.subscribe((_, frame) => this.hear(frame));
  }

  /** Resolves when the client was told everything after this frame; null: from now on only. Rejects with the server's refusal. */
  async open(afterSeq: number | null): Promise<void> {
    await this.thread.opened();
    const held = this.held ?? [];
    this.held = null;
    for (const { seq, told } of held) if (afterSeq !== null && seq > afterSeq) this.tell(told, seq);
    this.ask();
  }

  get settings(): ThreadSettings {
    const { settings } = this.thread;
    if (!settings) throw new AcpRefusal(acpCodes.internal, "this thread does not say what it runs under");
    return settings;
  }

  /** `key` makes it happen once, however often it is said. Resolves when the turn has ended. */
  async prompt(input: UserInput[], key: string): Promise<StopReason> {
    this.ownKeys.add(key);
    const [oldest] = this.ownKeys;
    if (oldest !== undefined && this.ownKeys.size > acpLimits.ownPromptsMax) this.ownKeys.delete(oldest);
    return this.turn(async () => (await this.thread.send(input, { clientUserMessageId: key })).turn.id);
  }

  /** The end of a turn that `begin` begins, and whose id it tells. */
  async turn(begin: () => Promise<string>): Promise<StopReason> {
    const prompt: Prompt = { isCancelled: false };
    this.prompts.add(prompt);
    try {
      const turnId = await begin();
      // Its frames come behind the answer.
      await this.thread.until(({ turns }) => turns.some(({ id }) => id === turnId));
      // It was cancelled before it was known what runs.
      if (prompt.isCancelled) await this.thread.interrupt();
      const turn = await this.endOfTurn(turnId);
      if (prompt.isCancelled || !turn) return "cancelled";
      const end = endOf(turn);
      if ("refused" in end) throw new AcpRefusal(end.refused.code, end.refused.message, end.refused.data);
      return end.stopReason;
    } finally {
      this.prompts.delete(prompt);
    }
  }

  /** Stops what runs; every prompt that waits ends as cancelled, also where its turn was done a moment before. */
  async cancel(): Promise<void> {
    for (const prompt of this.prompts) prompt.isCancelled = true;
    await this.thread.interrupt();
  }

  /** The client answered what it was asked: an option's id, or null where it dismissed the question. */
  answer(requestId: string, optionId: string | null): void {
    const { state } = this.thread;
    const request = state?.requests.find(({ id }) => id === requestId);
    if (!state || !request || this.asked.get(requestId) !== "open") return;
    this.asked.set(requestId, "answered");
    if (optionId === null) {
      if (isDismissable(request)) this.thread.answer(requestId, "cancel");
      return;
    }
    const answer = answerOf(state, request, optionId);
    if (answer) this.thread.reply(requestId, answer);
  }

  /** Follows the thread no more; the thread goes on. */
  end(): void {
    this.stop();
    this.thread.close();
  }

  private hear(frame: Frame | null): void {
    if (!frame) {
      if (this.thread.failure) this.peer.ended(this);
      return;
    }
    const { before } = this;
    this.before = this.thread.state;
    const told = updatesOf(before, frame, this.peer.hearing);
    if (!this.held) {
      this.tell(told, frame.seq);
      this.ask();
      return;
    }
    if (frame.method === "thread/reverted") this.held = withoutTurns(this.held, before, this.thread.state);
    if (told.length === 0) return;
    const turnId = "turnId" in frame.params ? frame.params.turnId : null;
    this.held.push({ seq: frame.seq, turnId, told });
  }

  private tell(told: Told[], seq: number): void {
    for (const one of told) {
      if (one.clientUserMessageId !== undefined && this.ownKeys.has(one.clientUserMessageId)) continue;
      this.peer.tell(this.thread.id, one, seq);
    }
  }

  /** What waits for an answer is asked once; what does not wait any more is taken back. */
  private ask(): void {
    const { state } = this.thread;
    if (!state) return;
    for (const request of state.requests) {
      if (this.asked.has(request.id)) continue;
      const permission = permissionOf(state, request);
      this.asked.set(request.id, permission ? "open" : "notForUs");
      if (permission) this.peer.ask(request.id, permission);
    }
    for (const [id, how] of this.asked) {
      if (state.requests.some((request) => request.id === id)) continue;
      this.asked.delete(id);
      if (how === "open") this.peer.withdraw(id);
    }
  }

  /** Null when it was taken back. */
  private async endOfTurn(turnId: string): Promise<Turn | null> {
    let wasSeen = false;
    const isOver = ({ turns, seq }: Thread) => {
      const turn = turns.findLast(({ id }) => id === turnId);
      wasSeen ||= turn !== undefined;
      return seq > 0 && wasSeen && turn?.status !== "inProgress";
    };
    const { turns } = await this.thread.until(isOver);
    return turns.find(({ id }) => id === turnId) ?? null;
  }
}

/** What the turns said that are gone now. */
function withoutTurns(held: Held[], before: Thread | null, after: Thread | null): Held[] {
  const left = new Set(after?.turns.map(({ id }) => id));
  const gone = new Set(before?.turns.flatMap(({ id }) => (left.has(id) ? [] : [id])));
  return held.filter(({ turnId }) => turnId === null || !gone.has(turnId));
}
