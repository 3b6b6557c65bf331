import { expect } from "vitest";
import type { Client, Wire } from "./client.ts";
import { crash, inThread, story } from "./story.ts";

/** What it thinks aloud is read to it again, and it says what it assumed. */
const thinking = `think assume A1 p=0.7 kind=code_fact path=a.txt: a.txt is not there yet
think action create cost=0.10 gain[A1]=0.9 gain[!A1]=-0.6: write a.txt: alpha
write a.txt: alpha
say end`;
const reading = { decisionExtraction: true };
const asksChanges = "item/fileChange/requestApproval";
const updated = "spindle/decisionTree/updated";

function updates(client: Client): Wire[] {
  return client.frames.filter(({ method }) => method === updated).map(({ params }) => params);
}

story(
  "what was thought aloud is shown as a tree while its changes wait; who was away folds the same",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread();
    await client.say(thinking, reading);
    const asked = await client.until(asksChanges);
    await client.until(updated);
    await client.untilQuiet();
    await sleep();
    const { tree } = await client.request("spindle/decisionTree/read", { threadId });
    expect(tree).toMatchObject({ revision: 1, mode: "observe", source: "trace", leadingActionId: "create" });
    expect(tree.assumptions).toMatchObject([{ id: "A1", text: "a.txt is not there yet", prior: 0.7, resolved: null }]);
    await client.request("spindle/decisionTree/annotate", { threadId, assumptionId: "A1", observed: true });
    await sleep();
    client.answer(asked, "accept");
    expect((await client.untilTurnEnds()).status).toBe("completed");
    expect(await client.files()).toEqual(["a.txt"]);
    // A person said so, then the file changed: what they said was of another file.
    expect(updates(client).map(({ revision, delta }) => [revision, delta.assumptions?.[0].status])).toEqual([
      [1, "open"],
      [2, "confirmed"],
      [3, "stale"],
    ]);
    const other = await connect();
    await other.resume(threadId, { afterSeq: 0 });
    await other.untilThat(({ method }) => method === "turn/completed");
    await other.untilQuiet();
    expect(other.fold()).toEqual(client.fold());
  },
);

story("whoever dies meanwhile loses the tree and nothing else", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await inThread(threadId, ({ host }) => {
    const { model } = host;
    host.model = (name) => ({
      ...model(name),
      stream: (request, signal) =>
        request.bounds
          ? { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
          : model(name).stream(request, signal),
    });
  });
  await client.say(thinking, reading);
  const asked = await client.until(asksChanges);
  await client.untilQuiet();
  await crash(threadId);
  await sleep();
  await client.resume(threadId, { afterSeq: client.threadFrames().at(-1)?.seq ?? 0 });
  client.answer(asked, "accept");
  expect((await client.untilTurnEnds()).status).toBe("completed");
  expect(updates(client)).toEqual([]);
});

story(
  "the rehearsal is read only where somebody asks for it; the setting stays, and can be taken back",
  async ({ client, sleep }) => {
    const threadId = await client.startThread();
    /** How many trees there are while the changes of a turn wait. */
    const treesOf = async (prompt: string) => {
      await client.say(prompt);
      const asked = await client.until(asksChanges);
      await client.untilQuiet();
      const count = updates(client).length;
      client.answer(asked, "decline");
      await client.untilTurnEnds();
      return count;
    };
    expect(await treesOf(thinking)).toBe(0);
    await client.request("spindle/decisionTree/setMode", { threadId, mode: "observe", extraction: true });
    await sleep();
    expect(await treesOf(thinking)).toBe(1);
    await client.request("spindle/decisionTree/setMode", { threadId, mode: "observe" });
    expect(await treesOf(thinking)).toBe(2);
    await client.request("spindle/decisionTree/setMode", { threadId, mode: "off" });
    expect(await treesOf(thinking)).toBe(2);
    await client.request("spindle/decisionTree/setMode", { threadId, mode: "observe", extraction: false });
    await sleep();
    expect(await treesOf(thinking)).toBe(2);
  },
);
