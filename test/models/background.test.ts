/** Background mode against a server on loopback that keeps its responses: cut anywhere, taken up again, nothing is missing or said twice. */
import { afterEach, describe, expect, test } from "vitest";
import type { ModelEvent, ModelRequest } from "#models/model";
import { createOpenAiModel } from "#models/openai";
import {
  type Answer,
  answering,
  collect,
  listen,
  type ModelServer,
  modelRequest,
  recordedResponses,
  refusing,
  type WireEvent,
} from "./model-server.ts";

const never = new AbortController().signal;
const servers: ModelServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serving(...answers: [Answer, ...Answer[]]): Promise<ModelServer> {
  const server = await listen(...answers);
  servers.push(server);
  return server;
}

/** Answers a POST with the first `cutAt` events and a broken connection, and a GET with those behind `starting_after`. */
function keeping(events: WireEvent[], cutAt: number): Answer {
  return (response, request) => {
    if (request.method === "POST") return answering(events.slice(0, cutAt), "break")(response, request);
    const after = Number(new URL(request.url, "http://server").searchParams.get("starting_after"));
    return answering(events.filter((event) => Number(event.sequence_number) > after))(response, request);
  };
}

/** What was seen until the stream ended or broke. */
async function seen(events: AsyncIterable<ModelEvent>): Promise<{ events: ModelEvent[]; error: unknown }> {
  const collected: ModelEvent[] = [];
  try {
    for await (const event of events) collected.push(event);
  } catch (error) {
    return { events: collected, error };
  }
  return { events: collected, error: null };
}

const withoutOutput = (event: ModelEvent): ModelEvent => {
  if (event.type !== "completed") return event;
  const { output: _, ...rest } = event;
  return rest;
};

test("the request asks for it, and the first event says under which id the response goes on", async () => {
  const [response = []] = recordedResponses("phase.1.jsonl");
  const { baseUrl, requests } = await serving(answering(response));
  const events = await collect(createOpenAiModel({ apiKey: "key", baseUrl, background: true }).stream(modelRequest(), never));
  expect(requests[0]?.body).toMatchObject({ background: true, stream: true, store: true });
  expect(events[0]).toEqual({
    type: "responseStarted",
    responseId: "resp_0a63f40a2632b74300699f8818e5648196a8fa657ae8091421",
    sequenceNumber: 0,
  });
});

test("without it no event carries a number, and the request stores nothing", async () => {
  const [response = []] = recordedResponses("phase.1.jsonl");
  const { baseUrl, requests } = await serving(answering(response));
  const events = await collect(createOpenAiModel({ apiKey: "key", baseUrl }).stream(modelRequest(), never));
  expect(requests[0]?.body).toMatchObject({ store: false });
  expect(requests[0]?.body).not.toHaveProperty("background");
  expect(events.filter((event) => event.type === "responseStarted" || event.sequenceNumber !== undefined)).toEqual([]);
});

describe("a response that was cut and taken up again tells the same as an uncut one, wherever the cut was:", () => {
  for (const name of ["phase.1.jsonl", "reasoning-encrypted-content.1.jsonl", "shell-tool.1.jsonl", "apply-patch-tool.1.jsonl"]) {
    test(name, async () => {
      for (const response of recordedResponses(name).slice(0, 2)) {
        const whole = await serving(answering(response));
        const unsplit = await collect(
          createOpenAiModel({ apiKey: "key", baseUrl: whole.baseUrl, background: true }).stream(modelRequest(), never),
        );
        await whole.close();
        for (let cutAt = 1; cutAt < response.length; cutAt++) {
          const { baseUrl, requests, close } = await listen(keeping(response, cutAt));
          const model = createOpenAiModel({ apiKey: "key", baseUrl, background: true });
          const first = await seen(model.stream(modelRequest(), never));
          expect(first.error).toMatchObject({ willRetry: true, responseIsOver: false });
          const started = first.events[0];
          if (started?.type !== "responseStarted") throw new Error("the response has no id");
          // Only what is known to be whole was kept: everything up to the last numbered event.
          const lastKept = first.events.findLastIndex((event) => event.sequenceNumber !== undefined);
          const afterSequenceNumber = first.events[lastKept]?.sequenceNumber ?? -1;
          const resume = { responseId: started.responseId, afterSequenceNumber };
          const rest = await collect(model.stream(modelRequest({ resume }), never));
          await close();
          expect(requests[1]).toMatchObject({
            method: "GET",
            url: `/v1/responses/${started.responseId}?stream=true&starting_after=${afterSequenceNumber}`,
          });
          expect([...first.events.slice(0, lastKept + 1), ...rest.map(withoutOutput)]).toEqual(unsplit);
          const items = unsplit.flatMap((event) => (event.type === "itemDone" ? [event.item] : []));
          expect(rest.at(-1)).toMatchObject({ type: "completed", output: items.map(({ id, type }) => ({ id, type })) });
        }
      }
    });
  }
});

describe("a response that cannot be taken up", () => {
  const resume = { responseId: "resp_1", afterSequenceNumber: 4 };
  const run = async (answer: Answer, request: Partial<ModelRequest> = { resume }) => {
    const { baseUrl } = await serving(answer);
    return (await seen(createOpenAiModel({ apiKey: "key", baseUrl, background: true }).stream(modelRequest(request), never)))
      .error;
  };

  test("because it is gone, is asked for anew", async () => {
    const error = await run(refusing(404, { error: { message: "Response with id 'resp_1' not found." } }));
    expect(error).toMatchObject({ willRetry: true, responseIsOver: true, httpStatus: 404 });
  });

  test("because it was not made in the background, is asked for anew", async () => {
    const error = await run(refusing(400, { error: { message: "This response cannot be streamed." } }));
    expect(error).toMatchObject({ willRetry: true, responseIsOver: true });
  });

  test("because the server is busy, is there later", async () => {
    expect(await run(refusing(503, ""))).toMatchObject({ willRetry: true, responseIsOver: false });
  });

  test("because the server is overloaded, is there later", async () => {
    const error = await run(refusing(503, { error: { code: "server_is_overloaded" } }));
    expect(error).toMatchObject({ info: "serverOverloaded", willRetry: true, responseIsOver: false });
  });

  test("because it failed, is asked for anew", async () => {
    const failed = { type: "response.failed", sequence_number: 5, response: { error: { code: "server_error", message: "x" } } };
    expect(await run(answering([failed]))).toMatchObject({ willRetry: true, responseIsOver: true });
  });

  test("because its end says nothing of its items, is asked for anew", async () => {
    const completed = { type: "response.completed", sequence_number: 5, response: { output: [] } };
    expect(await run(answering([completed]))).toMatchObject({ willRetry: true, responseIsOver: true });
  });
});

test("of several things that one event says only the last one carries its number: whoever kept less resumes before it", async () => {
  const item = { type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "whole" }] };
  const response: WireEvent[] = [
    { type: "response.created", sequence_number: 0, response: { id: "resp_1" } },
    { type: "response.output_item.done", sequence_number: 7, output_index: 0, item },
    { type: "response.completed", sequence_number: 8, response: {} },
  ];
  const { baseUrl } = await serving(answering(response));
  const events = await collect(createOpenAiModel({ apiKey: "key", baseUrl, background: true }).stream(modelRequest(), never));
  expect(events.map(({ type, sequenceNumber }) => [type, sequenceNumber])).toEqual([
    ["responseStarted", 0],
    ["messageStarted", undefined],
    ["messageDelta", undefined],
    ["itemDone", 7],
    ["completed", 8],
  ]);
});

test("a server that plays the whole response again is heard from where we were", async () => {
  const [response = []] = recordedResponses("phase.1.jsonl");
  const { baseUrl } = await serving(answering(response));
  const stream = (resume?: ModelRequest["resume"]) =>
    collect(createOpenAiModel({ apiKey: "key", baseUrl, background: true }).stream(modelRequest({ resume }), never));
  const unsplit = await stream();
  const kept = unsplit.findIndex((event) => event.type === "messageDelta");
  const afterSequenceNumber = unsplit[kept]?.sequenceNumber ?? -1;
  const rest = await stream({ responseId: "resp_1", afterSequenceNumber });
  expect(rest.map(withoutOutput)).toEqual(unsplit.slice(kept + 1));
});

test("a response that somebody stopped is stopped at the endpoint too; one that broke is not", async () => {
  const [response = []] = recordedResponses("phase.1.jsonl");
  const { baseUrl, requests } = await serving((answer, request) =>
    request.url.endsWith("/cancel")
      ? refusing(200, {})(answer, request)
      : answering(response.slice(0, 6), "hang")(answer, request),
  );
  const abort = new AbortController();
  const model = createOpenAiModel({ apiKey: "key", baseUrl, background: true, stallTimeoutMs: 300 });
  for await (const event of model.stream(modelRequest(), abort.signal)) if (event.type === "messageDelta") abort.abort();
  await expect
    .poll(() => requests.map(({ method, url }) => `${method} ${url}`))
    .toEqual(["POST /v1/responses", "POST /v1/responses/resp_0a63f40a2632b74300699f8818e5648196a8fa657ae8091421/cancel"]);
  const { error } = await seen(model.stream(modelRequest(), never));
  expect(error).toMatchObject({ willRetry: true, responseIsOver: false });
  expect(requests).toHaveLength(3);
});
