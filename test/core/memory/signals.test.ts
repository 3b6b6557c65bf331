/** What a turn was worth, read off a thread's log. The logs are the shipped runtime's own. */
import { expect, test } from "vitest";
import { citedNumbers } from "#core/memory/citation";
import { outcomeOf } from "#core/memory/outcome";
import { repositoryOf } from "#core/memory/recall";
import type { TurnReport } from "#core/memory/report";
import type { ShellResult } from "#tools/shell";
import { functionCall, type ScriptedResponse, scriptedModel } from "../../loop/scripted-model.ts";
import { createThread, echoShell, type TestThread } from "../../support/thread.ts";

const patch = (text: string) =>
  functionCall("apply_patch", { patch: `*** Begin Patch\n*** Add File: src/a.ts\n+${text}\n*** End Patch` });
const tests = functionCall.bind(null, "shell", { command: "npm test" });

interface Told {
  thread: TestThread;
  /** The newest report of the turn that was told of as this one: 0 is the first. */
  report(place: number): TurnReport;
}

async function told(responses: ScriptedResponse[], outputs: { text: string; exitCode: number }[] = []): Promise<Told> {
  const reports = new Map<string, TurnReport>();
  const hear = (heard: TurnReport[]) => {
    for (const report of heard) reports.set(report.turn.turnId, report);
  };
  const shell = async (run: Parameters<typeof echoShell>[0]): Promise<ShellResult> => {
    const said = outputs.shift();
    const ran = await echoShell(run);
    return said ? { ...ran, output: said.text, stdout: said.text, exitCode: said.exitCode } : ran;
  };
  const memory = { read: () => null, hear };
  const thread = await createThread({
    model: scriptedModel(...responses),
    memory,
    shell,
    start: { approvalPolicy: "on-request" },
  });
  const report = (place: number) => {
    const found = [...reports.values()][place];
    if (!found) throw new Error(`no report of turn ${place}`);
    return found;
  };
  return { thread, report };
}

/** Says it, and answers what is asked about changes, one after the other. */
async function answered(thread: TestThread, text: string, ...decisions: string[]): Promise<void> {
  let after = thread.frames().at(-1)?.seq ?? 0;
  const before = after;
  await thread.say(text);
  for (const decision of decisions) {
    const asked = await thread.until("item/fileChange/requestApproval", after);
    after = asked.seq;
    thread.service.respond(asked.id ?? "", { result: { decision } });
  }
  await thread.until("turn/completed", before);
  await new Promise((resolve) => setImmediate(resolve));
}

test("changes that a person let in, and what of them they wrote over afterwards", async () => {
  const { thread, report } = await told([{ calls: [patch("one")] }, { text: "done" }, { text: "ok" }]);
  await answered(thread, "add a file about dates", "accept");
  expect(report(0)).toMatchObject({
    revision: 1,
    turn: { request: "add a file about dates", changes: [{ path: "src/a.ts", isApproved: true }], correction: null },
    signals: [{ type: "accepted", editedShare: 0 }],
    used: null,
  });
  thread.runtime.changeFiles(() => thread.runtime.workspace.write("src/a.ts", new TextEncoder().encode("two\n")));
  // Also where no message follows, but a command of the person's own.
  const { seq } = thread.frames().at(-1) ?? {};
  await ask(thread, "thread/shellCommand", { command: "true" });
  await thread.until("turn/completed", seq);
  await new Promise((resolve) => setImmediate(resolve));
  expect(report(0).signals).toEqual([{ type: "accepted", editedShare: 1 }]);
  expect(outcomeOf(report(0).signals)).toEqual({ y: 0.4, weight: 1 });
});

/** As a client asks, and once all that it sets off is told. */
async function ask(thread: TestThread, method: string, params: object): Promise<void> {
  const request = { method, params: { threadId: thread.runtime.host.threadId, ...params } };
  await thread.service.request(request as Parameters<typeof thread.service.request>[0], "test");
  await new Promise((resolve) => setImmediate(resolve));
}

test("a decline, and the next message as what was wrong", async () => {
  const { thread, report } = await told([{ calls: [patch("one")] }, { text: "not done" }, { text: "ok" }]);
  await answered(thread, "add a file about dates", "decline");
  expect(report(0)).toMatchObject({ signals: [{ type: "declined" }], turn: { correction: null } });
  await thread.turn("dates belong into the folder lib, not into src");
  expect(report(0)).toMatchObject({
    signals: [{ type: "declined" }],
    turn: { changes: [{ path: "src/a.ts", isApproved: false }], correction: "dates belong into the folder lib, not into src" },
  });
});

test("what says nothing is no correction, and the same request again is a rephrasing", async () => {
  const { thread, report } = await told([{ calls: [patch("one")] }, { text: "not done" }, { text: "one" }, { text: "two" }]);
  await answered(thread, "add a file about dates", "decline");
  await thread.turn("go on");
  expect(report(0).turn.correction).toBe(null);
  await thread.turn("fix the parser of dates");
  await thread.turn("please fix the parser of dates");
  expect(report(2).signals).toEqual([{ type: "rephrased" }]);
});

test("a turn that is taken back, after something of it had landed", async () => {
  const { thread, report } = await told([{ text: "hello" }, { calls: [patch("one")] }, { text: "done" }]);
  await thread.turn("hello there");
  await answered(thread, "add a file about dates", "accept");
  const beforeTurnId = report(1).turn.turnId;
  await ask(thread, "thread/revert", { beforeTurnId });
  expect(report(1)).toMatchObject({ signals: [{ type: "accepted" }, { type: "reverted" }] });
  expect(outcomeOf(report(1).signals)).toEqual({ y: 0.1, weight: 1 });
  await ask(thread, "thread/revert", { beforeTurnId: report(0).turn.turnId });
  expect(report(0)).toMatchObject({ revision: 3, signals: [] });
});

test("tests that went from red to green or back, by the same command; other commands prove nothing", async () => {
  const red = { text: "Tests  1 failed | 3 passed (4)", exitCode: 1 };
  const green = { text: "Tests  4 passed (4)", exitCode: 0 };
  const turned = await told([{ calls: [tests(), tests(), tests()] }, { text: "done" }], [red, green, green]);
  await turned.thread.turn("fix the parser of dates");
  expect(turned.report(0).signals).toEqual([{ type: "testsPassed" }]);
  expect(turned.report(0).turn.commands.map(({ exitCode }) => exitCode)).toEqual([1, 0, 0]);
  const broke = await told([{ calls: [tests(), tests()] }, { text: "done" }], [green, red]);
  await broke.thread.turn("fix the parser of dates");
  expect(broke.report(0).signals).toEqual([{ type: "testsBroke" }]);
  const silent = await told(
    [{ calls: [tests(), tests()] }, { text: "done" }],
    [
      { text: "cannot connect", exitCode: 1 },
      { text: "connected", exitCode: 0 },
    ],
  );
  await silent.thread.turn("fix the parser of dates");
  expect(silent.report(0).signals).toEqual([]);
});

test("an interrupt is missing, and 0.2 with the correction that follows", async () => {
  const { thread, report } = await told([{ calls: [patch("one")] }, { text: "ok" }]);
  await thread.say("add a file about dates");
  await thread.until("item/fileChange/requestApproval");
  thread.runtime.interrupt();
  await new Promise((resolve) => setImmediate(resolve));
  expect(outcomeOf(report(0).signals)).toBe(null);
  await thread.turn("look at the existing helpers first");
  expect(report(0).signals).toEqual([{ type: "interrupted" }, { type: "corrected" }]);
});

test("a report stays small, whatever a command says", async () => {
  const { thread, report } = await told([{ calls: [tests()] }, { text: "done" }], [{ text: "x".repeat(200_000), exitCode: 1 }]);
  await thread.turn(`fix ${"the parser of dates ".repeat(2_000)}`);
  expect(JSON.stringify(report(0)).length).toBeLessThan(12_000);
});

test("a note is cited by its number", () => {
  expect(citedNumbers("Note 1 helped.", 2)).toEqual([1]);
  expect(citedNumbers("see [note 2] and [note 1], note 2", 2)).toEqual([2, 1]);
  expect(citedNumbers("Notes 1 and 2", 2)).toEqual([1, 2]);
  expect(citedNumbers("note 3, footnote 1, keynote 2, notes 12", 2)).toEqual([]);
  expect(citedNumbers("", 2)).toEqual([]);
});

test("a repository has one name, without credentials", () => {
  for (const url of [
    "https://example.com/One/Repository.git",
    "https://someone:secret@example.com/one/repository",
    "git@example.com:one/repository.git",
    "ssh://git@example.com:22/one/repository/",
  ])
    expect(repositoryOf(url)).toBe("example.com/one/repository");
  for (const url of [null, undefined, "", "nothing"]) expect(repositoryOf(url)).toBe(null);
});
