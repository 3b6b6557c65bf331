import { expect, test } from "vitest";
import type { Model, ModelEvent, ModelItem, ModelRequest } from "#models/model";
import { createThread } from "../support/thread.ts";

const message = (text: string): ModelItem => ({
  type: "message",
  id: "msg",
  role: "assistant",
  content: [{ type: "output_text", text }],
});
const thought: ModelItem = { type: "reasoning", id: "rs", encrypted_content: "hidden" };
const usage = {
  totalTokens: 3,
  inputTokens: 2,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 1,
  reasoningOutputTokens: 0,
};

/** A response of the background, each event under its number, as the adapter gives it. */
const response: ModelEvent[] = (
  [
    { type: "responseStarted", responseId: "resp_1" },
    { type: "reasoningStarted", itemId: "rs" },
    { type: "reasoningPartAdded", itemId: "rs", summaryIndex: 0 },
    { type: "reasoningDelta", itemId: "rs", summaryIndex: 0, delta: "hm" },
    { type: "itemDone", itemId: "rs", item: thought },
    { type: "messageStarted", itemId: "msg" },
    ...["one ", "two ", "three ", "four"].map((delta) => ({ type: "messageDelta", itemId: "msg", delta }) as const),
    { type: "itemDone", itemId: "msg", item: message("one two three four") },
    { type: "completed", usage },
  ] satisfies ModelEvent[]
).map((event, sequenceNumber) => ({ ...event, sequenceNumber }));

/** Gives the response from where it is asked for; before event `diesAt` of the first life the process dies. */
function backgroundModel(diesAt: number, die: () => void): Model & { requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  let dead = false;
  return {
    requests,
    async *stream(request) {
      requests.push(request);
      const { resume } = request;
      for (const event of response) {
        const number = event.sequenceNumber ?? 0;
        if (resume && number <= resume.afterSequenceNumber) continue;
        if (number === diesAt && !dead) {
          dead = true;
          die();
          await new Promise(() => {});
        }
        const output = [thought, message("one two three four")];
        yield event.type === "completed" && resume ? { ...event, output } : event;
        await Promise.resolve();
      }
    },
  };
}

for (let diesAt = 0; diesAt < response.length; diesAt++) {
  test(`a background response cut before event ${diesAt} is taken up there, and paid for once`, async () => {
    const model = backgroundModel(diesAt, () => thread.restart());
    const thread = await createThread({ model });
    await thread.say("go");
    await thread.until("turn/completed");
    const [first, second] = model.requests;
    expect(first?.resume).toBeUndefined();
    // Before the first frame nothing says that there is a response: then, and only then, it is asked for anew.
    expect(second?.resume?.responseId).toBe(diesAt < 2 ? undefined : "resp_1");
    const of = (method: string) => thread.frames().filter((frame) => frame.method === method);
    const streamed = of("item/agentMessage/delta")
      .map(({ params }) => params.delta)
      .join("");
    expect(streamed).toBe("one two three four");
    const completed = of("item/completed").map(({ params }) => params.item);
    expect(completed.filter(({ type }) => type === "agentMessage")).toMatchObject([{ text: "one two three four" }]);
    expect(completed.filter(({ type }) => type === "reasoning")).toMatchObject([{ summary: ["hm"] }]);
    expect(of("turn/completed")).toHaveLength(1);
    // The next request has the response whole, with what only the endpoint can read.
    await thread.turn("and now");
    expect(model.requests.at(-1)?.input.slice(1, 3)).toEqual([thought, message("one two three four")]);
  });
}
