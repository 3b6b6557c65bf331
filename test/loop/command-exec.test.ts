/** `command/exec` with a shell that gives its output in pieces while it runs, which the interpreter does not do by itself. */
import { expect, test } from "vitest";
import { limits } from "#core/limits";
import type { Notice } from "#protocol/connection-notifications";
import { createThread, echoShell } from "#test/support/thread";
import { scriptedModel } from "./scripted-model.ts";

test("output goes out as it comes, in order, each stream up to its cap, and then the answer", async () => {
  const { told, run } = await commandWith((give) => {
    give("one ");
    give("two ");
    give("oops", "stderr");
    give("three");
  });
  expect(await run({ outputBytesCap: 10 })).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  expect(told.map(({ params }) => [params.stream, text(params), params.capReached])).toEqual([
    ["stdout", "one ", false],
    ["stdout", "two ", false],
    ["stderr", "oops", false],
    ["stdout", "th", true],
  ]);
});

test("a piece that is too large for one notification comes in several", async () => {
  const { told, run } = await commandWith((give) => give("x".repeat(2 * limits.commandDeltaBytesMax + 1)));
  await run({});
  expect(told.map(({ params }) => text(params).length)).toEqual([limits.commandDeltaBytesMax, limits.commandDeltaBytesMax, 1]);
});

test.each([
  ["is gone", async () => false],
  ["cannot be reached", () => Promise.reject(new Error("unreachable"))],
])("a connection that %s ends the command", async (_, tell) => {
  let signal: AbortSignal | undefined;
  const { run, thread } = await commandWith((give, abort) => {
    signal = abort;
    give("to nobody");
  });
  thread.runtime.host.tell = tell;
  await run({});
  expect(signal?.aborted).toBe(true);
});

type Give = (text: string, stream?: "stdout" | "stderr") => void;

async function commandWith(act: (give: Give, signal: AbortSignal) => void) {
  const told: { params: { stream: string; deltaBase64: string; capReached: boolean } }[] = [];
  const thread = await createThread({
    model: scriptedModel(),
    shell: async (shellRun) => {
      act((piece, stream = "stdout") => shellRun.onOutput?.(piece, stream), shellRun.signal);
      return { ...(await echoShell(shellRun)), unheard: { stdout: "", stderr: "" } };
    },
  });
  thread.runtime.host.tell = async (_connection: string, { text: frame }: Notice) => {
    told.push(JSON.parse(frame));
    return true;
  };
  const run = async (params: Record<string, unknown>) => {
    const request = {
      method: "command/exec",
      params: { command: ["x"], processId: "p", streamStdoutStderr: true, ...params },
    } as unknown as Parameters<typeof thread.service.request>[0];
    const reply = await thread.service.request(request, "c");
    if ("refused" in reply) throw new Error(reply.refused.message);
    return JSON.parse(reply.resultText);
  };
  return { told, run, thread };
}

function text({ deltaBase64 }: { deltaBase64: string }): string {
  return Buffer.from(deltaBase64, "base64").toString();
}
