/** What a command says while it runs is in the log, once, whatever happens to the process or the turn meanwhile. */
import { expect, test } from "vitest";
import { limits } from "#core/limits";
import type { ShellResult, ShellRun } from "#tools/shell";
import { createThread, echoShell, type TestThread } from "../support/thread.ts";
import { functionCall, scriptedModel } from "./scripted-model.ts";

/** A shell whose runs say something first, and then go on when the test says so. */
function saying(...runs: string[][]) {
  const ends: ((output: string) => void)[] = [];
  const shell = async (run: ShellRun): Promise<ShellResult> => {
    const ended = Promise.withResolvers<string>();
    ends.push(ended.resolve);
    for (const text of runs.shift() ?? []) run.onOutput?.(text, "stdout");
    const output = await ended.promise;
    return { ...(await echoShell(run)), output, stdout: output };
  };
  return { shell, end: (output: string) => ends.at(-1)?.(output) };
}

const running = (command: string) => scriptedModel({ calls: [functionCall("shell", { command })] }, { text: "done" });

function deltas(thread: TestThread): string[] {
  return thread
    .frames()
    .filter(({ method }) => method === "item/commandExecution/outputDelta")
    .map(({ params }) => params.delta);
}

function outputs(thread: TestThread): unknown[] {
  const items = thread.frames().flatMap(({ method, params }) => (method === "item/completed" ? [params.item] : []));
  return items.flatMap(({ type, aggregatedOutput }) => (type === "commandExecution" ? [aggregatedOutput] : []));
}

test("the first words go at once, those that follow together, and the end says only what is new", async () => {
  const { shell, end } = saying(["one\n", "two\n", "three\n"]);
  const thread = await createThread({ model: running("make"), shell, now: () => 1_795_000_000_000 });
  await thread.say("go");
  const first = await thread.until("item/commandExecution/outputDelta");
  await thread.until("item/commandExecution/outputDelta", first.seq);
  expect(deltas(thread)).toEqual(["one\n", "two\nthree\n"]);
  end("one\ntwo\nthree\nfour\n");
  await thread.until("turn/completed");
  expect(deltas(thread)).toEqual(["one\n", "two\nthree\n", "four\n"]);
  expect(outputs(thread)).toEqual(["one\ntwo\nthree\nfour\n"]);
});

test("much at once does not wait", async () => {
  const much = "x".repeat(limits.deltaCharactersMax);
  const { shell } = saying(["one\n", much, much]);
  const thread = await createThread({ model: running("make"), shell, now: () => 1_795_000_000_000 });
  await thread.say("go");
  await thread.until("item/commandExecution/outputDelta");
  expect(deltas(thread)).toEqual(["one\n", much, much]);
});

test("a read that runs again after a crash says again only what nobody heard", async () => {
  const { shell, end } = saying(["one\n", "two\n"], ["one\n"], ["one\n", "two\n", "three\n"]);
  const thread = await createThread({ model: running("cat list.txt"), shell });
  await thread.say("go");
  const first = await thread.until("item/commandExecution/outputDelta");
  await thread.until("item/commandExecution/outputDelta", first.seq);
  thread.restart();
  thread.restart();
  const second = thread.frames().at(-1)?.seq ?? 0;
  await thread.until("item/commandExecution/outputDelta", second);
  end("one\ntwo\nthree\n");
  await thread.until("turn/completed");
  expect(deltas(thread).join("")).toBe("one\ntwo\nthree\n");
  expect(outputs(thread)).toEqual(["one\ntwo\nthree\n"]);
});

test("a read that says something else after a crash says it when it is complete", async () => {
  const { shell, end } = saying(["old\n"], ["new\n"]);
  const thread = await createThread({ model: running("cat list.txt"), shell });
  await thread.say("go");
  await thread.until("item/commandExecution/outputDelta");
  thread.restart();
  end("new\n");
  await thread.until("turn/completed");
  expect(deltas(thread)).toEqual(["old\n"]);
  expect(outputs(thread)).toEqual(["new\n"]);
});

test("an interrupt keeps all that was said, also what was not yet written down", async () => {
  const { shell, end } = saying(["one\n", "two\n"]);
  const thread = await createThread({ model: running("make"), shell, now: () => 1_795_000_000_000 });
  await thread.say("go");
  await thread.until("item/commandExecution/outputDelta");
  thread.runtime.interrupt();
  end("one\ntwo\nthree\n");
  await thread.until("turn/completed");
  await new Promise((resolve) => setImmediate(resolve));
  expect(deltas(thread)).toEqual(["one\n", "two\n"]);
  expect(outputs(thread)).toEqual(["one\ntwo\n"]);
  expect(thread.reports).toEqual([]);
});
