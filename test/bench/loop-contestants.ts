/** Who is measured by bench:loop, seen through the same eyes: Spindle, and a bare relay of the same model stream on the same Miniflare. */
import { join } from "node:path";
import { type MiniflareServer, startMiniflare } from "../checks/miniflare-server.ts";
import { ProbeClient, type ProbeMessage } from "../checks/probe-client.ts";
import { stampOfMessage, stampsOf, stampUs } from "./stamping-server.ts";

export interface LoopContestant {
  name: string;
  server: MiniflareServer;
  /** A socket of its own, with a thread of its own where there are threads. */
  open(): Promise<Conversation>;
}

export interface Conversation {
  /** One turn from its question to its end. Throws when it does not complete. */
  turn(prompt: string): Promise<Heard>;
  close(): Promise<void>;
}

/** When things were heard of, in milliseconds after they happened. */
export interface Heard {
  /** From the client's question until the model had the request. */
  asked: number;
  items: number[];
  /** Of every delta the model sent: until the frame that contains it was here. */
  deltas: number[];
  deltaFrames: number;
  /** `response.completed`. */
  response: number;
  /** From `response.completed` until the client knew that the turn is over. */
  turn: number;
}

const model = "gpt-5.1-codex";

function environment(modelUrl: string): Record<string, string> {
  return { OPENAI_API_KEY: "none-needed-here", OPENAI_BASE_URL: modelUrl, OPENAI_MODEL: model };
}

export async function startSpindle(bundle: string, modelUrl: string): Promise<LoopContestant> {
  const server = await startMiniflare({ bundle, env: environment(modelUrl) });
  return {
    name: "spindle",
    server,
    async open() {
      let onMessage: (message: ProbeMessage) => void = () => {};
      const client = await ProbeClient.open(server.wsUrl, { onMessage: (message) => onMessage(message) });
      const { thread } = await client.request("thread/start", { model, approvalPolicy: "never" });
      return {
        async turn(prompt) {
          const watch = new Watch();
          const over = new Promise<void>((resolve, reject) => {
            onMessage = ({ method, params }) => {
              if (method === "item/started" && params.item.type === "agentMessage") watch.item(params.item.id);
              else if (method === "item/agentMessage/delta") watch.deltas(params.delta);
              else if (method === "thread/tokenUsage/updated") {
                const { cachedInputTokens, reasoningOutputTokens } = params.tokenUsage.last;
                watch.response(cachedInputTokens, reasoningOutputTokens);
              } else if (method === "turn/completed") {
                watch.over();
                if (params.turn.status === "completed") resolve();
                else reject(new Error(`a turn ended ${params.turn.status}: ${JSON.stringify(params.turn.error)}`));
              }
            };
          });
          await Promise.all([
            over,
            client.request("turn/start", { threadId: thread.id, input: [{ type: "text", text: prompt }] }),
          ]);
          return watch.heard;
        },
        close: () => client.close(),
      };
    },
  };
}

export async function startRelay(modelUrl: string): Promise<LoopContestant> {
  const server = await startMiniflare({ bundle: join(import.meta.dirname, "relay"), env: environment(modelUrl) });
  return {
    name: "relay",
    server,
    async open() {
      const socket = new WebSocket(server.wsUrl);
      await new Promise<void>((resolve, reject) => {
        socket.onopen = () => resolve();
        socket.onerror = () => reject(new Error("the relay does not listen"));
      });
      return {
        async turn(prompt) {
          const watch = new Watch();
          await new Promise<void>((resolve, reject) => {
            socket.onclose = () => reject(new Error("the relay hung up"));
            socket.onmessage = ({ data }) => {
              const event = JSON.parse(String(data));
              if (event.type === "response.output_item.added") watch.item(event.item.id);
              else if (event.type === "response.output_text.delta") watch.deltas(event.delta);
              else if (event.type === "response.completed") {
                const { input_tokens_details, output_tokens_details } = event.response.usage;
                watch.response(input_tokens_details.cached_tokens, output_tokens_details.reasoning_tokens);
                watch.over();
                resolve();
              }
            };
            const input = [{ type: "message", role: "user", content: [{ type: "input_text", text: prompt }] }];
            socket.send(JSON.stringify({ model, input, stream: true, store: false }));
          });
          return watch.heard;
        },
        async close() {
          socket.onclose = null;
          socket.close();
        },
      };
    },
  };
}

/** Reads the stamps as they arrive. */
class Watch {
  readonly heard: Heard = {
    asked: Number.NaN,
    items: [],
    deltas: [],
    deltaFrames: 0,
    response: Number.NaN,
    turn: Number.NaN,
  };
  private readonly askedAtUs = stampUs();
  private completedAtUs = Number.NaN;

  item(id: string): void {
    this.heard.items.push(sinceMs(stampOfMessage(id)));
  }

  deltas(text: string): void {
    this.heard.deltaFrames += 1;
    for (const stamp of stampsOf(text)) this.heard.deltas.push(sinceMs(stamp));
  }

  response(receivedAtUs: number, completedAtUs: number): void {
    this.heard.asked = (receivedAtUs - this.askedAtUs) / 1_000;
    this.heard.response = sinceMs(completedAtUs);
    this.completedAtUs = completedAtUs;
  }

  over(): void {
    this.heard.turn = sinceMs(this.completedAtUs);
  }
}

function sinceMs(thenUs: number): number {
  return (stampUs() - thenUs) / 1_000;
}
