/** A Responses API server inside the test: a `fetch` that answers with the events, bytes or failures it is given. */
import { readFileSync } from "node:fs";
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
