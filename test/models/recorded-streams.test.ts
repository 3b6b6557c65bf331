/** What real servers sent, played through the OpenAI model. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ModelEvent } from "#models/model";
import { createOpenAiModel } from "#models/openai";
import {
  collect,
  eventStream,
  modelRequest,
  recordedResponses,
  serve,
  serverSentEvents,
  told,
  type WireEvent,
} from "./model-server.ts";

const failing = "error.1.jsonl";
const recordings = readdirSync(new URL("../fixtures/model-streams", import.meta.url)).filter((name) => name.endsWith(".jsonl"));

function play(response: WireEvent[], pieceBytes?: number): Promise<ModelEvent[]> {
  const { fetch } = serve((signal) => eventStream(serverSentEvents(response), signal, { pieceBytes }));
  return collect(createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(), new AbortController().signal));
}

describe("every recorded response", () => {
  for (const name of recordings.filter((recording) => recording !== failing)) {
    for (const [index, response] of recordedResponses(name).entries()) {
      test(`${name}, response ${index + 1}, is told the same whether it comes in one piece, in small pieces or byte by byte`, async () => {
        const events = await play(response);
        expect(await play(response, 7)).toEqual(events);
        expect(await play(response, 1)).toEqual(events);
      });

      test(`${name}, response ${index + 1}, hands on every item exactly as it came`, async () => {
        const done = response.filter((event) => event.type === "response.output_item.done").map((event) => event.item);
        const events = await play(response);
        expect(events.filter((event) => event.type === "itemDone").map((event) => event.item)).toEqual(done);
        expect(events.at(-1)?.type).toBe("completed");
      });
    }
  }
});

test("a patch is one item, told when it is whole", async () => {
  const [response] = recordedResponses("apply-patch-tool.1.jsonl");
  const events = await play(response ?? []);
  expect(told(events)).toEqual(["itemDone apply_patch_call", "completed 709"]);
  expect(events[0]).toMatchObject({ itemId: "apc_0372d86dfc1762fe00692741f3f3dc8190879cba489ff2fc8b" });
});

test("reasoning is announced, told part by part, and kept with its encrypted content", async () => {
  const [response] = recordedResponses("reasoning-encrypted-content.1.jsonl");
  const events = await play(response ?? []);
  expect(told(events)).toEqual([
    "reasoningStarted",
    "reasoningPartAdded",
    `thinks 0 ${JSON.stringify("**Calculating step-by-step using calculator**\n\nI'll compute 12 plus 7, then multiply the result by 3, and finally multiply that by 10, reporting the final product.")}`,
    "itemDone reasoning",
    "itemDone function_call",
    "completed 162",
  ]);
  const reasoning = events.find((event) => event.type === "itemDone");
  expect(String(reasoning?.item.encrypted_content)).toMatch(/^gAAAA/);
});

test("a message streams, and its usage comes with the end", async () => {
  const [response] = recordedResponses("shell-local-multiturn.1.jsonl");
  const events = await play(response ?? []);
  expect(told(events)).toEqual(["messageStarted", 'says "`arm64` (Apple Silicon)."', "itemDone message", "completed 456"]);
  expect(events.at(-1)).toEqual({
    type: "completed",
    usage: {
      totalTokens: 456,
      inputTokens: 444,
      cachedInputTokens: 0,
      cacheWriteInputTokens: 0,
      outputTokens: 12,
      reasoningOutputTokens: 0,
    },
  });
});

test("a commentary and a final answer are two messages", async () => {
  const [response] = recordedResponses("phase.1.jsonl");
  const lines = told(await play(response ?? [])).map((line) => line.split(" ")[0]);
  expect(lines).toEqual(["messageStarted", "says", "itemDone", "messageStarted", "says", "itemDone", "completed"]);
});

test("an exhausted quota in the middle of a stream is final", async () => {
  const [response] = recordedResponses(failing);
  await expect(play(response ?? [])).rejects.toMatchObject({
    name: "ModelError",
    message: "Quota exceeded. Check your plan and billing details.",
    info: "usageLimitExceeded",
    willRetry: false,
  });
});
