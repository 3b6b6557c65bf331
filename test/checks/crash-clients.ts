/** The clients of the crash check: they follow threads over many lives of the server, keep every text they ever got, and answer approvals. */
import type { Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import { accountNotifications } from "#protocol/notifications";
import type { Random } from "../support/random.ts";
import { ProbeClient, type ProbeMessage } from "./probe-client.ts";

/** What all clients and the check itself share. */
export interface Field {
  random: Random;
  /** How often the server was killed so far; `Infinity` when no kill comes any more. */
  kills: number;
  /** Clients come back as long as this holds. */
  isOpen: boolean;
  approvals: Map<string, Asked>;
  counts: { frames: number; answers: number; lateAnswers: number; askedAgain: number; reconnects: number };
  fail(what: string): void;
}

/** What became of one approval request, over all clients. */
export interface Asked {
  /** Left unanswered until the server has been killed more often than this. */
  heldUntilKills: number;
  sent: Set<string>;
}

/** What one client knows of one thread. */
export interface Followed {
  threadId: string;
  /** The frames as they came, by `seq`; index 0 is not used. */
  texts: string[];
  fold: Thread | null;
  /** Requests that were open when the client lost its socket, and that nobody has named since. */
  unnamed: Set<string>;
}

export class CrashClient {
  readonly name: string;
  readonly followed: Map<string, Followed>;
  /** Null while the server is away, and until every thread is resumed. */
  current: ProbeClient | null = null;
  private readonly url: string;
  private readonly field: Field;

  constructor(field: Field, { name, url, threadIds }: { name: string; url: string; threadIds: string[] }) {
    this.name = name;
    this.url = url;
    this.field = field;
    this.followed = new Map(threadIds.map((threadId) => [threadId, { threadId, texts: [""], fold: null, unnamed: new Set() }]));
  }

  /** Connects, resumes, listens, and again, until the field closes. */
  async run(): Promise<void> {
    while (this.field.isOpen) {
      let client: ProbeClient | null = null;
      try {
        const opened = await ProbeClient.open(this.url, {
          replay: true,
          name: this.name,
          onMessage: (message, text) => this.receive(opened, message, text),
        });
        client = opened;
        this.field.counts.reconnects += 1;
        for (const followed of this.followed.values()) await this.resume(client, followed);
        this.current = client;
        await client.closed;
      } catch {
        // The server is away, or went away while we resumed: it is tried again until it is back.
        await client?.close();
        await pause(20 + this.field.random.below(60));
      } finally {
        this.current = null;
      }
    }
  }

  private async resume(client: ProbeClient, followed: Followed): Promise<void> {
    const { threadId, fold, texts } = followed;
    followed.unnamed = new Set(fold?.requests.map(({ id }) => id));
    await client.request("thread/resume", { threadId, afterSeq: texts.length - 1, excludeTurns: true });
    const { unnamed } = followed;
    // What was asked and is not answered is asked again right behind the answer; what was answered meanwhile is said to be.
    setTimeout(() => {
      if (unnamed === followed.unnamed && unnamed.size > 0 && client.isOpen)
        this.field.fail(`${this.name} was not asked again for ${[...unnamed].join(", ")}`);
    }, 5_000).unref();
  }

  private receive(client: ProbeClient, message: ProbeMessage, text: string): void {
    const threadId: unknown = message.params?.threadId ?? message.params?.thread?.id;
    const followed = typeof threadId === "string" ? this.followed.get(threadId) : undefined;
    if (!followed) return;
    const { seq } = message;
    if (seq === undefined) {
      // Until it has resumed a thread, a client hears of it what every client of the account hears. That is in no log that it folds.
      if (client !== this.current && accountNotifications.has(message.method)) return;
      this.field.fail(`${this.name} got a frame without seq: ${text.slice(0, 200)}`);
      return;
    }
    if (seq < followed.texts.length) this.takeAgain(followed, message, seq, text);
    else this.take(followed, message, seq, text);
    if (message.id !== undefined) void this.decide(client, String(message.id));
  }

  private take(followed: Followed, message: ProbeMessage, seq: number, text: string): void {
    if (seq !== followed.texts.length) {
      this.field.fail(`${this.name} got seq ${seq} of ${followed.threadId} behind ${followed.texts.length - 1}`);
      // Nothing that follows could be judged.
      while (followed.texts.length < seq) followed.texts.push("");
    }
    followed.texts.push(text);
    this.field.counts.frames += 1;
    if (message.method === "serverRequest/resolved") followed.unnamed.delete(String(message.params.requestId));
    // The wire is what `reduce` is made for; a frame it cannot fold is a failure of this check.
    followed.fold = reduce(followed.fold, message as unknown as Frame);
  }

  /** Only a request that still waits may come twice, and only word for word. */
  private takeAgain(followed: Followed, message: ProbeMessage, seq: number, text: string): void {
    if (message.id === undefined) {
      this.field.fail(`${this.name} got seq ${seq} of ${followed.threadId} twice`);
      return;
    }
    if (followed.texts[seq] !== text) {
      this.field.fail(`${this.name} was asked again in other words: ${text.slice(0, 200)}`);
      return;
    }
    this.field.counts.askedAgain += 1;
    followed.unnamed.delete(String(message.id));
  }

  /** Answers after a while, or leaves it open until the server has died once more. */
  private async decide(client: ProbeClient, requestId: string): Promise<void> {
    const { field } = this;
    const { random } = field;
    let asked = field.approvals.get(requestId);
    if (!asked) {
      asked = { heldUntilKills: random.chance(0.2) ? field.kills + 1 : 0, sent: new Set() };
      field.approvals.set(requestId, asked);
    }
    if (field.kills < asked.heldUntilKills) return;
    await pause(random.chance(0.3) ? random.below(20) : random.below(500));
    if (!client.isOpen) return;
    const waits = [...this.followed.values()].some(({ fold }) => fold?.requests.some(({ id }) => id === requestId));
    // Somebody was faster. Now and then we answer all the same, because a slow network would: it must change nothing.
    if (!waits && random.chance(0.5)) return;
    const decision = decisionFrom(random.below(1_000));
    asked.sent.add(decision);
    field.counts.answers += 1;
    if (!waits) field.counts.lateAnswers += 1;
    client.answer(requestId, { decision });
  }
}

/** `acceptForSession` is rare: after it the thread asks no more about the same files. */
function decisionFrom(permille: number): string {
  if (permille < 200) return "decline";
  if (permille < 230) return "cancel";
  return permille < 232 ? "acceptForSession" : "accept";
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
