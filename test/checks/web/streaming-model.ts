/**
 * A model that writes at a given pace: a Responses API server on loopback. `many N` answers with N messages at once; `flow SEED N` with N pieces of
 * Markdown, 200 of them a second, the same for the same seed; `rush SEED N` with the same, five times as fast; `utter NAME` with the text of
 * that name, at most 200 pieces long.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createRandom } from "#test/support/random";

export interface StreamingModel {
  /** What a server needs in its environment to ask it. */
  env: Record<string, string>;
  close(): void;
}

/** Every so many milliseconds so many pieces: a timer of 5 ms would be late on a busy machine. */
const everyMs = 25;
const piecesAtOnce: Record<string, number> = { flow: 5, utter: 5, rush: 25 };

/** Pieces of a text that is uttered: enough to be seen while it is written, few enough for a text of megabytes. */
const utteredPiecesMax = 200;

/** `texts`: what `utter` knows. */
export async function startStreamingModel(texts: Readonly<Record<string, string>> = {}): Promise<StreamingModel> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method !== "POST") return void response.writeHead(404).end();
    const { input = [] } = JSON.parse(Buffer.concat(chunks).toString()) as { input?: InputItem[] };
    response.writeHead(200, { "content-type": "text/event-stream" });
    await answer(wish(input), response, texts);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: { OPENAI_API_KEY: "none-needed-here", OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_MODEL: "check-model" },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export const flowPieces = (seed: number, count: number): string[] => {
  const random = createRandom(seed);
  const words = ["one", "of **many**", "with `code`", "and\nmore", "[a link](https://example.org/x)", "é", "a\\*b", "_so_"];
  const breaks = [
    "\n\n",
    "\n\n## Next\n\n",
    "\n\n- ",
    "\n- ",
    "\n\n```ts\nconst a = 1;\n\n",
    "\n```\n\n",
    "\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "\n\n> ",
  ];
  return Array.from({ length: count }, () => (random.chance(0.12) ? random.pick(breaks) : `${random.pick(words)} `));
};

type InputItem = { role?: string; content?: { text?: string }[] | string };

function wish(input: InputItem[]): string {
  for (const { role, content } of input.toReversed()) {
    const text = typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("\n");
    if (role === "user" && /^(many|flow|rush|utter) /.test(text)) return text;
  }
  return "many 1";
}

let responses = 0;

async function answer(asked: string, response: ServerResponse, texts: Readonly<Record<string, string>>): Promise<void> {
  responses += 1;
  const [word, first, second] = asked.split(" ");
  const pace = piecesAtOnce[word ?? ""] ?? 0;
  const messages =
    word === "utter"
      ? [uttered(texts[first ?? ""] ?? "")]
      : pace > 0
        ? [flowPieces(Number(first), Number(second))]
        : manyMessages(Number(first));
  let number = 0;
  const event = (type: string, fields: object) => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number, ...fields })}\n\n`);
    number += 1;
  };
  const whole = { id: `resp_${responses}`, object: "response", created_at: 0, model: "check-model" };
  event("response.created", { response: { ...whole, status: "in_progress", output: [], usage: null } });
  const output: object[] = [];
  for (const [output_index, pieces] of messages.entries()) {
    const message = { id: `msg_${responses}_${output_index}`, type: "message", role: "assistant" };
    const place = { item_id: message.id, output_index, content_index: 0 };
    const text = pieces.join("");
    const part = { type: "output_text", annotations: [], logprobs: [], text };
    event("response.output_item.added", { output_index, item: { ...message, status: "in_progress", content: [] } });
    event("response.content_part.added", { ...place, part: { ...part, text: "" } });
    for (const [index, delta] of pieces.entries()) {
      event("response.output_text.delta", { ...place, delta, logprobs: [] });
      if (pace > 0 && index % pace === 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    event("response.output_text.done", { ...place, text, logprobs: [] });
    event("response.content_part.done", { ...place, part });
    const item = { ...message, status: "completed", content: [part] };
    event("response.output_item.done", { output_index, item });
    output.push(item);
  }
  const usage = {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 20,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 120,
  };
  event("response.completed", { response: { ...whole, status: "completed", output, usage } });
  response.end();
}

function uttered(text: string): string[] {
  const length = Math.max(20, Math.ceil(text.length / utteredPiecesMax));
  return Array.from({ length: Math.ceil(text.length / length) }, (_, index) => text.slice(index * length, (index + 1) * length));
}

function manyMessages(count: number): string[][] {
  return Array.from({ length: count }, (_, index) => [
    `Message ${index + 1} of ${count}.${"\n\nWith a second paragraph.".repeat(index % 3)}`,
  ]);
}
