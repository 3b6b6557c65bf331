/**
 * A model that says when it said it: a Responses API server on loopback, in a process of its own, whose text is made of the moments at
 * which it was written. The last user message says what to stream, as `prompt` writes it.
 */
import { spawn } from "node:child_process";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ResponsesServer } from "./responses-server.ts";

/** What one response is made of. An interval of 0 ms writes all of it at once. */
export interface Stream {
  messages: number;
  /** Of each message. */
  deltas: number;
  intervalMs: number;
}

export function prompt({ messages, deltas, intervalMs }: Stream): string {
  return `stream ${messages} messages of ${deltas} deltas, ${intervalMs} ms apart`;
}

/** Microseconds of the machine's monotonic clock: all its processes see the same one, and nobody sets it while we measure. */
export function stampUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** The stamps in streamed text, oldest first. */
export function stampsOf(text: string): number[] {
  return text.split(" ").filter(Boolean).map(Number);
}

/** The stamp in the id of a message that begins. */
export function stampOfMessage(id: string): number {
  return Number(id.split("_")[1]);
}

export async function startStampingServer(): Promise<ResponsesServer> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill());
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (line: Buffer) => resolve(line.toString().trim()));
    child.once("exit", () => reject(new Error("the stand-in for the model ended")));
  });
  return { baseUrl: `http://127.0.0.1:${port}/v1`, close: () => child.kill() };
}

function serve(): void {
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") {
      response.writeHead(404).end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const receivedAtUs = stampUs();
    response.writeHead(200, { "content-type": "text/event-stream" });
    await answer(response, lastPrompt(JSON.parse(Buffer.concat(chunks).toString()).input), receivedAtUs);
  });
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
}

type InputItem = { role?: string; content?: { text?: string }[] | string };

function lastPrompt(input: InputItem[]): Stream {
  for (const { role, content } of input.toReversed()) {
    const text = typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("\n");
    const asked = role === "user" && /^stream (\d+) messages of (\d+) deltas, (\d+) ms apart$/.exec(text);
    if (asked) return { messages: Number(asked[1]), deltas: Number(asked[2]), intervalMs: Number(asked[3]) };
  }
  throw new Error("nobody said what to stream");
}

let responses = 0;

async function answer(response: ServerResponse, { messages, deltas, intervalMs }: Stream, receivedAtUs: number): Promise<void> {
  responses += 1;
  let events = 0;
  let unsent = "";
  const event = (type: string, fields: object) => {
    unsent += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: events, ...fields })}\n\n`;
    events += 1;
  };
  const send = async () => {
    if (intervalMs === 0) return;
    response.write(unsent);
    unsent = "";
    await pause(intervalMs);
  };
  const about = { id: `resp_${responses}`, object: "response", created_at: 0, model: "stub" };
  event("response.created", { response: { ...about, status: "in_progress", output: [], usage: null } });
  await send();
  const output: object[] = [];
  for (let output_index = 0; output_index < messages; output_index++) {
    const message = { id: `msg_${stampUs()}_${responses}_${output_index}`, type: "message", role: "assistant" };
    const place = { item_id: message.id, output_index, content_index: 0 };
    const part = { type: "output_text", annotations: [], logprobs: [], text: "" };
    event("response.output_item.added", { output_index, item: { ...message, status: "in_progress", content: [] } });
    event("response.content_part.added", { ...place, part });
    await send();
    for (let index = 0; index < deltas; index++) {
      const delta = `${stampUs()} `;
      part.text += delta;
      event("response.output_text.delta", { ...place, delta, logprobs: [] });
      await send();
    }
    event("response.output_text.done", { ...place, text: part.text, logprobs: [] });
    event("response.content_part.done", { ...place, part });
    const item = { ...message, status: "completed", content: [part] };
    event("response.output_item.done", { output_index, item });
    await send();
    output.push(item);
  }
  // The usage is what a client sees of this event, so the two moments travel in the counters that nobody adds up.
  const usage = {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: receivedAtUs },
    output_tokens: 20,
    output_tokens_details: { reasoning_tokens: stampUs() },
    total_tokens: 120,
  };
  event("response.completed", { response: { ...about, status: "completed", output, usage } });
  response.end(unsent);
}

if (import.meta.main) serve();
