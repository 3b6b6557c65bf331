/** A client of the simulation: a socket that may break, a retry for what was not answered, and a fold of all it heard. */
import type { Session, SessionState } from "#connection/session";
import type { Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import type { World } from "./world.ts";

type Message = {
  id?: string;
  seq?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string };
};

export class SimulatedClient {
  readonly replay: boolean;
  connection = "";
  session: Session | null = null;
  /** What a client with the extension knows. */
  thread: Thread | null = null;
  readonly frames = new Map<number, string>();
  /** What a plain client knows of each message: the text it put together. */
  readonly texts = new Map<string, string>();
  readonly completedTurns: string[] = [];
  /** Requests of the server that wait, as this client knows. */
  readonly asked = new Map<string, string>();
  /** Sent, and not answered as far as the client knows: to be sent again after a reconnect, with the same key. */
  unanswered = new Map<string, { method: string; params: Record<string, unknown> }>();
  private readonly world: World;
  private kept: SessionState | null = null;
  private inbox: string[] = [];
  private inFlight = 0;
  private lastOnSocket = 0;

  constructor(world: World, replay: boolean) {
    this.world = world;
    this.replay = replay;
  }

  get isOnline(): boolean {
    return this.session !== null;
  }

  get hasMail(): boolean {
    return this.inbox.length > 0;
  }

  /** A new socket, its handshake, and the thread where we were. */
  connect(first: boolean): void {
    this.connection = this.world.name("connection");
    this.kept = {
      version: 1,
      account: "simulated",
      connection: this.connection,
      initialized: null,
      threads: [],
      searches: [],
      watches: [],
    };
    // What still waits is asked again; a client that replays hears also what was resolved.
    if (!this.replay) this.asked.clear();
    this.inFlight = 0;
    this.lastOnSocket = 0;
    this.wake();
    const extensions = this.replay ? { "spindle/replay": {} } : {};
    this.post("initialize", {
      clientInfo: { name: "simulated", version: "0" },
      capabilities: { experimentalApi: true, extensions },
    });
    if (first) this.post("thread/start", this.beginning());
    else this.resume();
    for (const [key, { method, params }] of this.unanswered) {
      this.world.count("request repeated");
      this.send({ id: key, method, params });
    }
  }

  /** The socket breaks: what was under way in either direction is lost. */
  disconnect(): void {
    const { session } = this;
    this.session = null;
    this.inbox = [];
    if (session) void session.end().catch(() => {});
  }

  /** The connection's object slept: its memory is gone, the socket and what is attached to it are not. */
  sleep(): void {
    if (!this.session || this.inFlight > 0) return;
    this.world.count("connection slept");
    this.wake();
  }

  /** Reads what arrived. */
  read(): void {
    for (const text of this.inbox.splice(0)) this.take(JSON.parse(text) as Message);
  }

  /** Says something under a key of its own, twice now and then. */
  say(method: "turn/start" | "turn/steer" | "thread/queue/add", extra: Record<string, unknown> = {}): void {
    const key = this.world.name("message-");
    const input = [{ type: "text", text: `do ${key}`, text_elements: [] }];
    const params = { threadId: this.world.threadId, input, clientUserMessageId: key, ...extra };
    this.unanswered.set(key, { method, params });
    this.send({ id: key, method, params });
    if (this.world.random.chance(0.1)) {
      this.world.count("request doubled");
      this.send({ id: key, method, params });
    }
  }

  post(method: string, params: Record<string, unknown>): void {
    this.send({ id: this.world.name(`${method}#`), method, params });
  }

  answer(requestId: string, reply: { result: unknown } | { error: unknown }): void {
    this.send({ id: requestId, ...reply });
  }

  resume(): void {
    const threadId = this.world.threadId;
    const afterSeq = this.replay ? (this.thread?.seq ?? 0) : undefined;
    this.post("thread/resume", { threadId, excludeTurns: true, afterSeq });
  }

  private beginning(): Record<string, unknown> {
    const tool = { type: "function", name: "lookup", description: "Looks a ticket up", inputSchema: { type: "object" } };
    return {
      approvalPolicy: this.world.policy,
      dynamicTools: [{ type: "namespace", name: "tickets", description: "", tools: [tool] }],
    };
  }

  private wake(): void {
    const socket = {
      send: (text: string) => {
        if (this.session === session) this.inbox.push(text);
        return true;
      },
      close: () => this.disconnect(),
      keep: (state: SessionState) => {
        // What is kept with a socket goes with it: a session that still works for one that is closed keeps nothing for the next.
        if (this.session === session) this.kept = structuredClone(state);
      },
    };
    const session: Session = this.world.session(structuredClone(this.kept) as SessionState, socket);
    this.session = session;
  }

  private send(message: object): void {
    const { session } = this;
    if (!session) return;
    this.inFlight += 1;
    void session.receive(JSON.stringify(message)).finally(() => {
      if (this.session === session) this.inFlight -= 1;
    });
  }

  private take(message: Message): void {
    if (message.method === undefined) {
      this.takeAnswer(message);
      return;
    }
    // An answer that could not be meant: told to this client alone, and no frame of the thread.
    if (message.method === "spindle/approval/refused") return;
    if (message.id !== undefined) this.asked.set(message.id, message.method);
    if (message.method === "serverRequest/resolved") this.asked.delete(String(message.params?.requestId));
    if (this.replay) this.takeFrame(message);
    else this.takePlain(message);
  }

  private takeAnswer({ id = "", error }: Message): void {
    if (error?.code === -32603) {
      // The thread died under the request. A retry is the client's business, with the same key.
      this.world.count("answer lost");
      const lost = this.unanswered.get(id);
      if (lost) this.send({ id, ...lost });
      else if (id.startsWith("thread/resume") || id.startsWith("thread/start")) this.resume();
      return;
    }
    const refused = error?.code === -32001 ? this.unanswered.get(id) : undefined;
    if (refused) {
      // The account had no room: nothing was written, and the same key may be sent again.
      this.world.count("refused, and sent again");
      this.send({ id, ...refused });
      return;
    }
    if (id.startsWith("thread/resume") || id.startsWith("thread/start")) {
      // A thread whose very first frame was lost was never begun.
      if (error && id.startsWith("thread/resume") && !this.thread) this.post("thread/start", this.beginning());
      else if (error && id.startsWith("thread/start")) this.resume();
    }
    this.unanswered.delete(id);
  }

  private takeFrame(message: Message): void {
    const { seq } = message;
    if (seq === undefined) throw new Error(`a frame without seq: ${message.method}`);
    const text = JSON.stringify({ ...message, seq: undefined });
    const known = this.frames.get(seq);
    if (known !== undefined && known !== text) throw new Error(`frame ${seq} came twice, and was another the second time`);
    // What waits is asked again after a resume; every other frame comes to a socket once.
    if (message.id === undefined && seq <= this.lastOnSocket) throw new Error(`frame ${seq} came twice to one socket`);
    this.lastOnSocket = Math.max(this.lastOnSocket, seq);
    const last = this.thread?.seq ?? 0;
    if (this.world.holdsFrameBetween(last, seq)) throw new Error(`frame ${seq} came after ${last}: a gap`);
    this.frames.set(seq, text);
    this.thread = reduce(this.thread, { emittedAtMs: 0, ...message } as unknown as Frame);
    if (message.method === "turn/completed") this.completedTurns.push(turnIdOf(message));
  }

  /** A plain client puts a text together from what it hears, and it has to be what the item says in the end. */
  private takePlain(message: Message): void {
    const item = message.params?.item as StreamedItem | undefined;
    if (message.method === "turn/completed") this.completedTurns.push(turnIdOf(message));
    const text = item && streamedText(item);
    if (item && text !== undefined && message.method === "item/started") this.texts.set(item.id, text);
    if (message.method === "item/agentMessage/delta" || message.method === "item/commandExecution/outputDelta") {
      const id = String(message.params?.itemId);
      const before = this.texts.get(id);
      if (before === undefined) throw new Error(`text for ${id}, which was never begun`);
      this.texts.set(id, before + String(message.params?.delta));
    }
    if (item && text !== undefined && message.method === "item/completed") {
      const heard = this.texts.get(item.id);
      if (heard !== undefined && heard !== text) throw new Error(`a plain client read "${heard}" where the item says "${text}"`);
      if (heard !== undefined) this.world.count(item.type === "agentMessage" ? "plain text checked" : "plain output checked");
    }
  }
}

function turnIdOf(message: Message): string {
  const turn = message.params?.turn as { id: string } | undefined;
  return turn?.id ?? "";
}

interface StreamedItem {
  id: string;
  type: string;
  text?: string;
  aggregatedOutput?: string | null;
}

function streamedText({ type, text, aggregatedOutput }: StreamedItem): string | undefined {
  if (type === "agentMessage") return text ?? "";
  return type === "commandExecution" ? (aggregatedOutput ?? "") : undefined;
}
