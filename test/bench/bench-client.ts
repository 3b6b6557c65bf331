/** A client that looks at its watch. */
import { ProbeClient, type ProbeMessage } from "../checks/probe-client.ts";
import type { Contestant } from "./contestants.ts";

/** Moments of a turn, in milliseconds after it was asked for; and how many frames it took. */
export interface Moments {
  answered: number;
  firstDelta: number;
  /** The last message is complete. */
  message: number;
  completed: number;
  frames: number;
}

export class Bench {
  readonly client: ProbeClient;
  private listener: (message: ProbeMessage) => void = () => {};

  static async open({ wsUrl }: Contestant): Promise<Bench> {
    let bench: Bench | null = null;
    const client = await ProbeClient.open(wsUrl, { onMessage: (message) => bench?.listener(message) });
    bench = new Bench(client);
    return bench;
  }

  private constructor(client: ProbeClient) {
    this.client = client;
  }

  async startThread({ threadParams }: Contestant): Promise<string> {
    const { thread } = await this.client.request("thread/start", threadParams);
    return thread.id;
  }

  /** One turn from its question to its end. Throws when it does not complete. */
  async turn(threadId: string, text: string): Promise<Moments> {
    const startedAt = performance.now();
    const since = () => performance.now() - startedAt;
    const moments: Moments = {
      answered: Number.NaN,
      firstDelta: Number.NaN,
      message: Number.NaN,
      completed: Number.NaN,
      frames: 0,
    };
    const completed = new Promise<void>((resolve, reject) => {
      this.listener = ({ method, params }) => {
        if (params?.threadId !== threadId) return;
        moments.frames += 1;
        if (method === "item/agentMessage/delta" && Number.isNaN(moments.firstDelta)) moments.firstDelta = since();
        if (method === "item/completed" && params.item.type === "agentMessage") moments.message = since();
        if (method !== "turn/completed") return;
        moments.completed = since();
        if (params.turn.status === "completed") resolve();
        else reject(new Error(`a turn ended ${params.turn.status}: ${JSON.stringify(params.turn.error)}`));
      };
    });
    await this.client.request("turn/start", { threadId, input: [{ type: "text", text }] });
    moments.answered = since();
    await completed;
    return moments;
  }
}
