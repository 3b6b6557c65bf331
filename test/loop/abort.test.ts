/** The process dies at every single step of one turn with every tool: before and after each commit, and before each event of the model. */
import { expect, test } from "vitest";
import type { Model, ModelEvent, ModelItem } from "#models/model";
import { runShell, type ShellResult, type ShellRun } from "#tools/shell";
import { createThread, type TestThread } from "../support/thread.ts";

const call = (id: string, item: object): ModelItem => ({ id: `item_${id}`, call_id: id, ...item }) as unknown as ModelItem;
const shell = (id: string, command: string) => call(id, { type: "shell_call", action: { commands: [command] } });
const called = (id: string, name: string, given: object) =>
  call(id, { type: "function_call", name, arguments: JSON.stringify(given) });

/** What the model asks for, response by response; the last one only speaks. */
const script: ModelItem[][] = [
  [shell("read", "ls"), shell("write", "echo once >> log.txt")],
  [call("patch", { type: "apply_patch_call", operation: { type: "create_file", path: "made.txt", diff: "+made\n" } })],
  [called("plan", "update_plan", { plan: [{ step: "ask", status: "in_progress" }] })],
  [called("ask", "request_user_input", { questions: [{ id: "go", question: "Go on?" }] })],
  [called("ticket", "lookup", { id: 1 }), called("nothing", "no_such_tool", {})],
  [],
];

const tools = [{ type: "function", name: "lookup", description: "", inputSchema: { type: "object" } }];

test("wherever the process dies, the turn ends right and no write runs twice", async () => {
  const tried = { before: 0, after: 0, event: 0 };
  for (const moment of ["before", "after"] as const) {
    for (let dying = 1; ; dying++) {
      let commits = 0;
      const ran = await tell({ diesAtCommit: (now) => now === moment && ++commits === dying });
      if (commits < dying) break;
      check(ran);
      tried[moment] += 1;
    }
  }
  for (let dying = 1; ; dying++) {
    let events = 0;
    const ran = await tell({ diesAtEvent: () => ++events === dying });
    if (events < dying) break;
    check(ran);
    tried.event += 1;
  }
  // Every commit and every event of the undisturbed turn was a place to die.
  expect(tried.before).toBeGreaterThan(25);
  expect(tried.after).toBe(tried.before);
  expect(tried.event).toBeGreaterThan(15);
  console.log(
    `died before ${tried.before} commits, after ${tried.after}, and before ${tried.event} events of the model: all right`,
  );
}, 60_000);

interface Told {
  thread: TestThread;
  executions: Map<string, number>;
  lastInput: ModelItem[];
}

async function tell(faults: {
  diesAtCommit?: (moment: "before" | "after") => boolean;
  diesAtEvent?: () => boolean;
}): Promise<Told> {
  const executions = new Map<string, number>();
  let isReady = false;
  const model = modelOf(() => {
    if (!isReady || !faults.diesAtEvent?.()) return false;
    setImmediate(() => thread.restart());
    return true;
  });
  const thread = await createThread({
    model,
    start: { approvalPolicy: "on-request", dynamicTools: tools },
    shell: async (run: ShellRun): Promise<ShellResult> => {
      executions.set(run.command, (executions.get(run.command) ?? 0) + 1);
      return runShell(run);
    },
    diesAtCommit: (moment) => isReady && (faults.diesAtCommit?.(moment) ?? false),
  });
  isReady = true;
  await answerEverything(thread);
  return { thread, executions, lastInput: model.lastInput() };
}

/** Says it until it is heard, under one key, and answers whatever is asked until the turn has ended. */
async function answerEverything(thread: TestThread): Promise<void> {
  const rested = () => new Promise((resolve) => setTimeout(resolve, 1));
  const ended = () => thread.frames().some(({ method }) => method === "turn/completed");
  for (let patience = 0; patience < 2_000 && !ended(); patience++) {
    if (!thread.frames().some(({ method }) => method === "turn/started")) {
      await thread.say("do it all", { clientUserMessageId: "key" }).catch(() => {});
    }
    for (const { id, method } of thread.runtime.thread?.requests ?? []) {
      try {
        thread.service.respond(id, { result: answers[method] });
      } catch {
        // It died of the answer. What was not written down is asked again, and answered again.
      }
    }
    await rested();
  }
  await rested();
}

const answers: Record<string, unknown> = {
  "item/fileChange/requestApproval": { decision: "accept" },
  "item/tool/requestUserInput": { answers: { go: { answers: ["yes"] } } },
  "item/tool/call": { contentItems: [{ type: "inputText", text: "open" }], success: true },
};

function check({ thread, executions, lastInput }: Told): void {
  const frames = thread.frames();
  const of = (method: string) => frames.filter((frame) => frame.method === method);
  expect(of("turn/started")).toHaveLength(1);
  expect(of("turn/completed").map(({ params }) => params.turn.status)).toEqual(["completed"]);
  expect(
    of("item/completed")
      .map(({ params }) => params.item.id)
      .toSorted(),
  ).toEqual(
    of("item/started")
      .map(({ params }) => params.item.id)
      .toSorted(),
  );
  expect(executions.get("echo once >> log.txt") ?? 0).toBeLessThanOrEqual(1);
  const { workspace } = thread.runtime;
  const text = (path: string) => (workspace.entry(path) ? new TextDecoder().decode(workspace.read(path)) : null);
  expect(text("made.txt")).toBe("made\n");
  const outcome = lastInput.find(({ call_id, type }) => call_id === "write" && type === "shell_call_output");
  // It happened, once; or nobody knows, nothing of it was kept, and the model was told.
  if (JSON.stringify(outcome).includes("may or may not have happened")) expect(text("log.txt")).toBeNull();
  else expect(text("log.txt")).toBe("once\n");
  const asked = lastInput.filter(({ type }) => type.endsWith("_call")).map(({ call_id }) => call_id);
  const answered = lastInput.filter(({ type }) => type.endsWith("_call_output")).map(({ call_id }) => call_id);
  expect(answered).toEqual(asked);
  expect(asked).toEqual(script.flat().map(({ call_id }) => call_id));
}

/** Says the next response of the script, by what it is told happened; it remembers nothing itself. */
function modelOf(dies: () => boolean): Model & { lastInput(): ModelItem[] } {
  let lastInput: ModelItem[] = [];
  return {
    lastInput: () => lastInput,
    async *stream({ input }, signal) {
      lastInput = input;
      const said = script.findIndex((items) => items.every(({ call_id }) => !input.some((item) => item.call_id === call_id)));
      for (const event of eventsOf(script[said] ?? [])) {
        await Promise.resolve();
        if (dies()) await new Promise(() => {});
        if (signal.aborted) return;
        yield event;
      }
    },
  };
}

let serial = 0;

function eventsOf(items: ModelItem[]): ModelEvent[] {
  serial += 1;
  const itemId = `msg_${serial}`;
  return [
    { type: "messageStarted", itemId },
    { type: "messageDelta", itemId, delta: "so " },
    { type: "itemDone", itemId, item: { type: "message", role: "assistant", content: [{ type: "output_text", text: "so " }] } },
    ...items.map((item): ModelEvent => ({ type: "itemDone", itemId: String(item.id), item })),
    {
      type: "completed",
      usage: {
        totalTokens: 3,
        inputTokens: 2,
        cachedInputTokens: 0,
        cacheWriteInputTokens: 0,
        outputTokens: 1,
        reasoningOutputTokens: 0,
      },
    },
  ];
}
