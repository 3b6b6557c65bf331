/** A Responses API server inside the test: a `fetch`, or a real server on loopback, that answers with what it is given. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ModelEvent, ModelItem, ModelRequest } from "#models/model";

export type WireEvent = { type: string; [field: string]: unknown };

/** The responses of a recording, one after another. */
export function recordedResponses(name: string): WireEvent[][] {
  const text = readFileSync(new URL(`../fixtures/model-streams/${name}`, import.meta.url), "utf8");
  const responses: WireEvent[][] = [];
  for (const line of text.trim().split("\n")) {
    const event: WireEvent = JSON.parse(line);
    if (event.type === "response.created") responses.push([]);
    responses.at(-1)?.push(event);
  }
  return responses;
}

export function serverSentEvents(events: WireEvent[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

export interface ServedRequest {
  url: string;
  headers: Headers;
  body: { [field: string]: unknown };
}

/** Answers every request with `answer`; `requests` keeps what was asked. */
export function serve(answer: (signal: AbortSignal) => Response | Promise<Response>): {
  fetch: typeof fetch;
  requests: ServedRequest[];
} {
  const requests: ServedRequest[] = [];
  const fetchHere: typeof fetch = async (url, init) => {
    requests.push({ url: String(url), headers: new Headers(init?.headers), body: JSON.parse(String(init?.body)) });
    return answer(init?.signal ?? new AbortController().signal);
  };
  return { fetch: fetchHere, requests };
}

export interface ModelServer {
  /** For `createOpenAiModel`, e.g. `http://127.0.0.1:40123/v1`. */
  baseUrl: string;
  requests: (ServedRequest & { method: string })[];
  close(): Promise<void>;
}

export type Answer = (response: ServerResponse, request: ServedRequest & { method: string }) => void | Promise<void>;

/** A real HTTP server on loopback. Request number n (from 0) gets `answers[n]`, and whatever comes after the last one gets that again. */
export async function listen(...answers: [Answer, ...Answer[]]): Promise<ModelServer> {
  const requests: ModelServer["requests"] = [];
  const server = createServer(async (request, response) => {
    const text = await bodyOf(request);
    const served = {
      method: request.method ?? "",
      url: request.url ?? "",
      headers: new Headers(request.headers as Record<string, string>),
      body: text === "" ? {} : JSON.parse(text),
    };
    requests.push(served);
    const answer = answers[Math.min(requests.length, answers.length) - 1] ?? answers[0];
    await answer(response, served);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Streams `chunks`, which may reach the client in other pieces; then ends, breaks the connection, or says nothing more. */
export function streaming(chunks: Iterable<string | Uint8Array>, ending: StreamShape["ending"] = "end"): Answer {
  return async (response) => {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    response.flushHeaders();
    response.socket?.setNoDelay(true);
    for (const chunk of chunks) response.write(chunk);
    if (ending === "end") response.end();
    // What was written has to leave first: a connection that is destroyed takes its buffers with it.
    else if (ending === "break") setTimeout(() => response.destroy(), 5);
  };
}

export function answering(events: WireEvent[], ending?: StreamShape["ending"]): Answer {
  return streaming([serverSentEvents(events)], ending);
}

export function refusing(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

export interface StreamShape {
  /** Bytes in one piece of the body; all in one when left out. */
  pieceBytes?: number;
  /** What happens behind the last byte: the body ends, breaks, or says nothing more until it is aborted. */
  ending?: "end" | "break" | "hang";
}

export function eventStream(text: string, signal: AbortSignal, { pieceBytes, ending = "end" }: StreamShape = {}): Response {
  const bytes = new TextEncoder().encode(text);
  let offset = 0;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      signal.addEventListener("abort", () => controller.error(signal.reason));
    },
    async pull(controller) {
      if (offset < bytes.length) {
        const end = pieceBytes ? offset + pieceBytes : bytes.length;
        controller.enqueue(bytes.slice(offset, end));
        offset = end;
      } else if (ending === "end") controller.close();
      else if (ending === "break") controller.error(new TypeError("terminated"));
      else await new Promise(() => {});
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

export function modelRequest(over: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: "gpt-test",
    instructions: "Be brief.",
    input: [user("hi")],
    tools: [],
    effort: null,
    summary: null,
    outputSchema: null,
    promptCacheKey: "thread-1",
    ...over,
  };
}

export function user(text: string): ModelItem {
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

export async function collect(events: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const collected: ModelEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

/** The events with each run of deltas as one line, which is what a person compares. */
export function told(events: ModelEvent[]): string[] {
  const lines: { head: string; text: string | null }[] = [];
  for (const event of events) {
    const last = lines.at(-1);
    switch (event.type) {
      case "messageDelta":
      case "reasoningDelta": {
        const head = event.type === "messageDelta" ? "says" : `thinks ${event.summaryIndex}`;
        if (last?.head === head && last.text !== null) last.text += event.delta;
        else lines.push({ head, text: event.delta });
        break;
      }
      case "itemDone":
        lines.push({ head: `itemDone ${event.item.type}`, text: null });
        break;
      case "completed":
        lines.push({ head: `completed ${event.usage.totalTokens}`, text: null });
        break;
      default:
        lines.push({ head: event.type, text: null });
    }
  }
  return lines.map(({ head, text }) => (text === null ? head : `${head} ${JSON.stringify(text)}`));
}

export function countedIds(): () => string {
  let count = 0;
  return () => `id-${++count}`;
}
