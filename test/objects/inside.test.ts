/** Doors without a socket of their own ask as a client does: the same answers and refusals, and no other account's threads. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Context } from "hono";
import { afterEach, expect, test } from "vitest";
import type { Environment } from "../../durable-objects/environment.ts";
import type { Door } from "../../workers/authentication.ts";
import { insideClient } from "../../workers/inside/client.ts";
import { answerServerRequest, question } from "../../workers/inside/question.ts";

const executions: ExecutionContext[] = [];
afterEach(async () => {
  for (const execution of executions.splice(0)) await waitOnExecutionContext(execution);
});

function doorOf(account: string): Context<Door> {
  const executionCtx = createExecutionContext();
  executions.push(executionCtx);
  const caller = { account, credential: null, endsAtMs: null };
  return {
    env: { ...(env as unknown as Environment), SPINDLE_METRICS_INTERVAL_MS: "1" },
    executionCtx,
    get: () => caller,
  } as unknown as Context<Door>;
}

const asked = { name: "test-door", version: "1" };

test("a thread is begun, read and listed by questions; another account's id is nothing", async () => {
  const alice = doorOf("alice");
  const begun = await question(alice, "test-door", "thread/start", { cwd: "/workspace" });
  if ("refused" in begun) throw new Error(begun.refused.message);
  const { id } = begun.result.thread;
  const read = await question(alice, "test-door", "thread/read", { threadId: id });
  expect(read).toMatchObject({ result: { thread: { id } }, seq: expect.any(Number) });
  const foreign = await question(doorOf("bob"), "test-door", "thread/read", { threadId: id });
  const unknown = await question(doorOf("bob"), "test-door", "thread/read", { threadId: "01a1b2c3-0000-7000-8000-000000000000" });
  expect(foreign).toEqual(JSON.parse(JSON.stringify(unknown).replaceAll("01a1b2c3-0000-7000-8000-000000000000", id)));
});

test("what a question says wrongly is named as on a socket", async () => {
  const answered = await question(doorOf("carol"), "test-door", "thread/read", { threadId: 7 } as never);
  expect(answered).toMatchObject({ refused: { code: -32600 } });
});

test("a door that streams follows a turn to its end, and an approval is answered from another door", async () => {
  const dave = doorOf("dave");
  const client = insideClient(dave, asked);
  try {
    const thread = await client.startThread({ cwd: "/workspace" });
    await thread.send("write hello.txt: hello");
    const { requests } = await thread.until(({ requests }) => requests.length === 1);
    const requestId = requests[0]?.id ?? "";
    expect(await answerServerRequest(dave, thread.id, requestId, { decision: "accept" })).toBeNull();
    const { turns } = await thread.until(({ turns }) => turns.at(-1)?.status === "completed");
    expect(turns.at(-1)?.items.at(-1)).toMatchObject({ type: "agentMessage" });
  } finally {
    client.close();
  }
});
