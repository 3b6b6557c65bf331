import { expect } from "vitest";
import { limits } from "#core/limits";
import type { Client, Wire } from "./client.ts";
import { crash, inThread, story } from "./story.ts";

story("a command's output and exit code are its answer", async ({ client, sleep }) => {
  await client.startThread();
  await sleep();
  expect(await client.request("command/exec", { command: ["echo", "hi"] })).toEqual({ exitCode: 0, stdout: "hi\n", stderr: "" });
  const script = ["bash", "-lc", "echo $0 $1 $WORD; echo oops >&2; exit 3", "zero", "it's $HOME"];
  const env = { WORD: "a 'b' $c", HOME: null };
  expect(await client.request("command/exec", { command: script, env })).toEqual({
    exitCode: 3,
    stdout: "zero it's $HOME a 'b' $c\n",
    stderr: "oops\n",
  });
});

story("what a command changed is in the workspace when it is answered, unless it ran read-only", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.writeFile("sub/a.txt", "old");
  await sleep();
  const asked = { command: ["sh", "-c", "cat a.txt; printf new > a.txt"], cwd: "/workspace/sub" };
  expect((await client.request("command/exec", asked)).stdout).toBe("old");
  expect(await client.readFile("sub/a.txt")).toBe("new");
  await sleep();
  const kept = "Nothing that this command changed was kept: it ran read-only\n";
  for (const readOnly of [{ sandboxPolicy: { type: "readOnly" } }, { permissionProfile: ":read-only" }]) {
    const command = ["sh", "-c", "rm a.txt; echo gone > b.txt"];
    const params = { command, cwd: "sub", threadId, ...readOnly };
    expect(await client.request("command/exec", params)).toEqual({ exitCode: 1, stdout: "", stderr: kept });
  }
  expect(await client.readFile("sub/a.txt")).toBe("new");
  expect((await client.request("fs/readDirectory", { path: "/workspace/sub" })).entries).toHaveLength(1);
});

story("the workspace is that of the thread whose folder holds cwd", async ({ client, sleep }) => {
  const outer = await client.startThread({ cwd: "/project" });
  const inner = await client.startThread({ cwd: "/project/inner" });
  await sleep();
  await client.request("command/exec", { command: ["touch", "outer.txt"], cwd: "/project" });
  await client.request("command/exec", { command: ["touch", "inner.txt"], cwd: "/project/inner" });
  await client.request("command/exec", { command: ["touch", "newest.txt"] });
  const files = (threadId: string) => inThread(threadId, ({ workspace }) => workspace.files().map(({ path }) => path));
  expect([await files(outer), await files(inner)]).toEqual([["outer.txt"], ["inner.txt", "newest.txt"]]);
  expect(await client.refusal("command/exec", { command: ["ls"], cwd: "/elsewhere" })).toBe(
    "-32600 Invalid request: no thread of this connection has a workspace that contains /elsewhere",
  );
  expect(await client.refusal("command/exec", { command: ["ls"], cwd: "/project/nowhere" })).toBe(
    "-32603 failed to spawn command: No such file or directory (os error 2)",
  );
});

story(
  "streamed output comes before the answer, which then holds none; each stream stops at its cap",
  async ({ client, sleep }) => {
    await client.startThread();
    await sleep();
    const command = ["sh", "-c", "printf 0123456789; echo e >&2"];
    const params = { command, processId: "p1", streamStdoutStderr: true, outputBytesCap: 4 };
    expect(await client.request("command/exec", params)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    const answeredAt = client.frames.findIndex(({ result }) => result?.exitCode === 0);
    const deltas = client.frames.slice(0, answeredAt).filter(({ method }) => method === "command/exec/outputDelta");
    expect(deltas.map(({ params: told }) => told)).toEqual([
      { processId: "p1", stream: "stdout", deltaBase64: base64("0123"), capReached: true },
      { processId: "p1", stream: "stderr", deltaBase64: base64("e\n"), capReached: false },
    ]);
    const buffered = await client.request("command/exec", { command, outputBytesCap: 4 });
    expect(buffered).toEqual({ exitCode: 0, stdout: "0123", stderr: "e\n" });
    const long = { command: ["sh", "-c", "seq 1 50000 | head -c 200000"], processId: "p1", streamStdoutStderr: true };
    await client.request("command/exec", long);
    const pieces = client.frames.filter(({ method }) => method === "command/exec/outputDelta").slice(2);
    const text = pieces.map(({ params: told }) => Buffer.from(told.deltaBase64, "base64").toString()).join("");
    expect([text.length, pieces.length]).toEqual([200_000, Math.ceil(200_000 / limits.commandDeltaBytesMax)]);
  },
);

story("a command whose input is streamed gets all of it, byte for byte, when it was closed", async ({ client }) => {
  await client.startThread();
  const answered = client.ask("command/exec", { command: ["od", "-An"], processId: "p1", streamStdin: true });
  await write(client, { deltaBase64: "/wA=" });
  await write(client, { deltaBase64: base64("b"), closeStdin: true });
  expect((await answered).result).toMatchObject({ exitCode: 0, stdout: " 377 000 142\n" });
  expect(await client.refusal("command/exec/write", { processId: "p1", closeStdin: true })).toBe(
    '-32600 no active command/exec for process id "p1"',
  );
});

story("a command that is ended leaves nothing behind, by the person as by its time", async ({ client, sleep }) => {
  await client.startThread();
  await sleep();
  const command = ["sh", "-c", "touch a.txt; cat; sleep 30"];
  const answered = client.ask("command/exec", { command, processId: "p1", disableTimeout: true });
  expect(await client.request("command/exec/terminate", { processId: "p1" })).toEqual({});
  expect((await answered).result).toMatchObject({ exitCode: 130 });
  const late = await client.request("command/exec", { command, timeoutMs: 20 });
  expect(late).toMatchObject({ exitCode: 124, stderr: expect.stringContaining("nothing was kept") });
  const waiting = await client.request("command/exec", { command: ["cat"], processId: "p1", streamStdin: true, timeoutMs: 20 });
  expect(waiting).toMatchObject({ exitCode: 124 });
  expect(await client.files()).toEqual([]);
});

story(
  "a command ends with the socket that asked for it, and goes on when only another one closes",
  async ({ client, connect }) => {
    const threadId = await client.startThread();
    const other = await connect();
    const mine = client.ask("command/exec", waits("mine", threadId));
    void other.ask("command/exec", waits("theirs", threadId)).catch(() => {});
    await running(client, threadId, 2);
    other.close();
    await running(client, threadId, 1);
    await client.request("command/exec/write", { processId: "mine", closeStdin: true });
    expect((await mine).result).toMatchObject({ exitCode: 0 });
  },
);

story("a crash ends the command, and it is answered all the same", async ({ client }) => {
  const threadId = await client.startThread();
  const answered = client.ask("command/exec", waits("p1", threadId));
  await running(client, threadId, 1);
  await crash(threadId);
  expect((await answered).error).toEqual({ code: -32603, message: "Spindle failed to answer this request." });
  expect(await client.files()).toEqual([]);
});

story("no more commands run at once than a workspace has room for", async ({ client }) => {
  const threadId = await client.startThread();
  const names = Array.from({ length: limits.commandExecutionsMax }, (_, index) => `p${index}`);
  const answers = names.map((processId) => client.ask("command/exec", waits(processId, threadId)));
  await running(client, threadId, names.length);
  expect(await client.refusal("command/exec", { command: ["ls"] })).toBe(
    `-32600 ${limits.commandExecutionsMax} commands of command/exec run in this workspace already`,
  );
  expect(await client.refusal("command/exec", waits("p0", threadId))).toBe(
    '-32600 duplicate active command/exec process id: "p0"',
  );
  for (const processId of names) await client.request("command/exec/terminate", { processId });
  expect((await Promise.all(answers)).map(({ result }) => result.exitCode)).toEqual(names.map(() => 130));
});

story("what contradicts itself is refused in the real server's words", async ({ client }) => {
  const threadId = await client.startThread();
  const command = ["ls"];
  const table: [params: Record<string, unknown>, refusal: string][] = [
    [{ command: [] }, "-32600 command must not be empty"],
    [{ command, size: { rows: 1, cols: 1 } }, "-32602 command/exec size requires tty: true"],
    [
      { command, disableOutputCap: true, outputBytesCap: 1 },
      "-32602 command/exec cannot set both outputBytesCap and disableOutputCap",
    ],
    [{ command, disableTimeout: true, timeoutMs: 1 }, "-32602 command/exec cannot set both timeoutMs and disableTimeout"],
    [{ command, timeoutMs: -1 }, "-32602 command/exec timeoutMs must be non-negative, got -1"],
    [
      { command, permissionProfile: ":workspace", sandboxPolicy: { type: "readOnly" } },
      "-32600 `permissionProfile` cannot be combined with `sandboxPolicy`",
    ],
    [{ command, permissionProfile: "mine" }, "-32600 invalid permission profile: mine"],
    [{ command, streamStdin: true }, "-32600 command/exec tty or streaming requires a client-supplied processId"],
    [
      { command, tty: true, processId: "t" },
      "-32600 command/exec with tty (the workspace's shell has no terminal) is not supported by Spindle",
    ],
    [{ command, env: { "a b": "1" } }, '-32602 not a name of the shell\'s environment: "a b"'],
    [{ command, cwd: "/outside", threadId }, "-32600 Invalid request: path is outside of the workspace /workspace: /outside"],
  ];
  for (const [params, refusal] of table) expect(await client.refusal("command/exec", params)).toBe(refusal);
  const answered = client.ask("command/exec", { ...waits("p1", threadId), streamStdoutStderr: true });
  await running(client, threadId, 1);
  expect(await client.refusal("command/exec/write", { processId: "p1" })).toBe(
    "-32602 command/exec/write requires deltaBase64 or closeStdin",
  );
  expect(await client.refusal("command/exec/write", { processId: "p1", deltaBase64: "?" })).toBe(
    "-32602 invalid deltaBase64: not base64",
  );
  expect(await client.refusal("command/exec/resize", { processId: "p1", size: { rows: 2, cols: 2 } })).toBe(
    "-32600 failed to resize PTY: process is not attached to a PTY",
  );
  await client.request("command/exec/terminate", { processId: "p1" });
  await answered;
});

/** A command that runs until its input is closed. */
function waits(processId: string, threadId: string): Record<string, unknown> {
  return { command: ["sh", "-c", "cat; touch done.txt"], processId, streamStdin: true, threadId };
}

/** Until so many commands run in the thread's workspace. */
async function running(client: Client, threadId: string, count: number): Promise<void> {
  const now = () => inThread(threadId, (_, __, { commands }) => commands.count);
  const deadline = Date.now() + 5_000;
  while ((await now()) !== count && Date.now() < deadline) await client.untilQuiet(10);
  expect(await now()).toBe(count);
}

function write(client: Client, params: Record<string, unknown>): Promise<Wire> {
  return client.request("command/exec/write", { processId: "p1", ...params });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
