/** A thread of a repository that a person deletes: the repository forgets it; and a turn that the account has no room for waits. */
import { afterEach, expect, test } from "vitest";
import { refusals } from "#protocol/errors";
import { commentEvent, deliver, openWorld, privateKey, silence } from "../support/github/repository.ts";
import { openStage, type Stage } from "../support/github/stage.ts";
import { openTalking, type Talking } from "../support/github/talking.ts";

const stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) {
    expect(stage.problems).toEqual([]);
    await stage.close();
  }
});

async function stageOf(): Promise<Stage> {
  const stage = await openStage({ privateKey });
  stages.push(stage);
  return stage;
}

/** All rows of all tables, as text. */
function everything({ world }: Talking): string {
  const { sql } = world.storage;
  const tables = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
  return tables.map(({ name }) => JSON.stringify(sql.exec(`SELECT * FROM "${name}"`).toArray())).join("\n");
}

test("a repository forgets a thread that was deleted, and begins another one when it is asked again", async () => {
  const word = "qzxjvkumquat";
  const talking = await openTalking(await stageOf());
  const number = await talking.newIssue("An issue", "");
  await talking.say(number, `/spindle run fix the ${word}`);
  const [first] = talking.calls;
  const threadId = first?.threadId ?? "";
  expect(threadId).not.toBe("");
  expect(everything(talking)).toContain(threadId);
  expect(everything(talking)).toContain(word);
  await talking.hear(threadId, [{ method: "thread/deleted", params: { threadId } }]);
  expect(everything(talking)).not.toContain(threadId);
  expect(everything(talking)).not.toContain(word);
  // Told again, say because the answer was lost, it changes nothing.
  await talking.hear(threadId, [{ method: "thread/deleted", params: { threadId } }]);
  await talking.say(number, "/spindle run once more");
  const again = talking.calls.at(-1);
  expect(again?.call).toMatchObject({ type: "begin" });
  expect(again?.threadId).not.toBe(threadId);
});

test("a turn that the account has no room for waits, counts as no attempt, and begins when there is some", async () => {
  const stage = await stageOf();
  const calls: number[] = [];
  let refusesTimes = 20;
  const limit = { limit: "tokensPerDay", max: 10, now: 10 } as const;
  const world = openWorld(stage, {
    consequences: {
      ...silence,
      ofEvent: async () => () => [
        {
          key: "ask/begin",
          lane: "thread one",
          action: { type: "callThread", threadId: "one", call: { type: "request", request: { method: "turn/start" } as never } },
        },
      ],
    },
    thread: {
      callThread: async () => {
        calls.push(world.clock.nowMs);
        refusesTimes -= 1;
        return refusesTimes < 0 ? { text: "{}" } : { refused: refusals.accountLimit({ ...limit, retryAfterMs: 5 * 60_000 }) };
      },
      readProposal: async () => null,
    },
  });
  deliver(world, commentEvent(stage, { number: 1, body: "" }));
  await world.settle();
  expect(calls).toHaveLength(21);
  expect((calls[1] ?? 0) - (calls[0] ?? 0)).toBeGreaterThanOrEqual(5 * 60_000);
  expect(world.repository.outcomeOf("ask/begin")).toEqual({ type: "done", result: { type: "threadReply", text: "{}" } });
});
