/**
 * A model that answers at once: a Responses API server on loopback, in a process of its own so that it does not compete with the client
 * that measures. Each line `say TEXT` of the last user message becomes one message, streamed word by word, all in one write.
 */
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

export interface ResponsesServer {
  /** `http://127.0.0.1:<port>/v1` */
  baseUrl: string;
  close(): void;
}

export async function startResponsesServer(): Promise<ResponsesServer> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill());
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (line: Buffer) => resolve(line.toString().trim()));
    child.once("exit", () => reject(new Error("the stand-in for the model ended")));
  });
  return { baseUrl: `http://127.0.0.1:${port}/v1`, close: () => child.kill() };
}

type InputItem = { type?: string; role?: string; content?: { text?: string }[] | string };

function serve(): void {
  const answers = new Map<string, Buffer>();
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") {
      response.writeHead(404).end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const prompt = lastPrompt(JSON.parse(Buffer.concat(chunks).toString()).input ?? []);
    const answer = answers.get(prompt) ?? encoded(prompt);
    answers.set(prompt, answer);
    response.writeHead(200, { "content-type": "text/event-stream" }).end(answer);
  });
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
}

function lastPrompt(input: InputItem[]): string {
  for (const { role, content } of input.toReversed()) {
    const text = typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("\n");
    if (role === "user" && text.startsWith("say ")) return text;
  }
  return "say nothing was asked";
}

let responses = 0;

function encoded(prompt: string): Buffer {
  responses += 1;
  const id = `resp_${responses}`;
  const response = { id, object: "response", created_at: 0, status: "in_progress", model: "stub", output: [], usage: null };
  const lines: string[] = [];
  const event = (type: string, fields: object) =>
    lines.push(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: lines.length, ...fields })}\n\n`);
  event("response.created", { response });
  const output = prompt.split("\n").map((line, output_index) => {
    const message = { id: `msg_${responses}_${output_index}`, type: "message", role: "assistant" };
    const place = { item_id: message.id, output_index, content_index: 0 };
    const text = line.slice("say ".length);
    const part = { type: "output_text", annotations: [], logprobs: [], text };
    event("response.output_item.added", { output_index, item: { ...message, status: "in_progress", content: [] } });
    event("response.content_part.added", { ...place, part: { ...part, text: "" } });
    for (const delta of text.match(/\S+\s*/g) ?? []) event("response.output_text.delta", { ...place, delta, logprobs: [] });
    event("response.output_text.done", { ...place, text, logprobs: [] });
    event("response.content_part.done", { ...place, part });
    const item = { ...message, status: "completed", content: [part] };
    event("response.output_item.done", { output_index, item });
    return item;
  });
  const usage = {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 20,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 120,
  };
  event("response.completed", { response: { ...response, status: "completed", output, usage } });
  return Buffer.from(lines.join(""));
}

if (import.meta.main) serve();
