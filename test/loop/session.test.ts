/** A whole session against a scripted Responses server over HTTP, on a real repository: this one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { ModelItem } from "#core/private";
import { createOpenAiModel } from "#models/openai";
import { answering, listen, type WireEvent } from "../models/model-server.ts";
import { createThread, type TestThread } from "../support/thread.ts";

const root = resolve(import.meta.dirname, "../..");
const checkout = mkdtempSync(join(tmpdir(), "spindle-session-"));
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

const uuid = "durable-objects/core/uuid.ts";

/** What a coding agent does: searches, reads, edits with a patch that fits only nearly, fails, mends, plans, asks, and sums up. */
const script: ModelItem[][] = [
  [shellCall("grep -rln 'RFC 9562' durable-objects | sort"), shellCall(`cat ${uuid} | head -4`)],
  [
    patchCall({
      type: "update_file",
      path: uuid,
      // Trailing blanks in the context that the file does not have, as models write them.
      diff: "@@\n-/** `random` gives 10 bytes; `nowMs` is Unix milliseconds. */  \n+/** `random` gives 10 bytes; `nowMs` is Unix milliseconds. Never the same twice. */\n export function uuidv7(nowMs: number, random: Uint8Array): string {   \n",
    }),
  ],
  [shellCall("cat no-such-file.txt")],
  [
    shellCall(
      "for f in durable-objects/core/next.ts durable-objects/core/frame.ts; do sed -i '1s/^/\\/\\/ seen\\n/' $f; done; printf 'new\\r\\nfile' > notes.md; rm biome.json",
    ),
  ],
  [functionCall("update_plan", { plan: [{ step: "ask", status: "in_progress" }] })],
  [functionCall("request_user_input", { questions: [{ id: "go", header: "Go", question: "Shall I add the last file?" }] })],
  [patchCall({ type: "create_file", path: "docs/last.md", diff: "+# Last\n+\n+naïve café ☕\n" })],
  [message("Four changes landed.")],
];

test("search, read, a patch with a fuzzy hunk, a failure, a plan, a question and an answer; what landed is what git makes of the diffs", async () => {
  const files = takeAlong();
  const server = await listen(...(script.map((items) => answering(eventsOf(items))) as [ReturnType<typeof answering>]));
  const model = createOpenAiModel({ apiKey: "key", baseUrl: server.baseUrl });
  const thread = await createThread({ model, start: { approvalPolicy: "on-request" } });
  try {
    fill(thread, files);
    await thread.say("Tidy this up.");
    const approved = await answerEverything(thread);
    expect(thread.frames().at(-1)?.params.turn).toMatchObject({ status: "completed" });
    expect(server.requests).toHaveLength(script.length);

    for (const [index, diff] of approved.entries()) applyWithGit(diff, index);
    expect(approved).toHaveLength(3);
    expect(treeOf(thread)).toEqual(checkedOut());

    const outputs = inputOf(server.requests.at(-1)?.body).filter(({ type }) => String(type).endsWith("_output"));
    expect(JSON.stringify(outputs[0])).toContain(uuid);
    expect(JSON.stringify(outputs[1])).toContain("RFC 9562");
    expect(JSON.stringify(outputs[3])).toContain("No such file");
    expect(JSON.stringify(outputs.at(-2))).toContain("yes, do");
    const final = thread
      .frames()
      .findLast(({ method, params }) => method === "item/completed" && params.item.type === "agentMessage");
    expect(final?.params.item.text).toBe("Four changes landed.");
  } finally {
    await server.close();
  }
});

/** Accepts every change, answers every question; the diffs that were accepted, in order. */
async function answerEverything(thread: TestThread): Promise<string[]> {
  const approved: string[] = [];
  const answered = new Set<string>();
  for (let ended = false; !ended; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const { id, method, params } of thread.frames()) {
      if (method === "turn/completed") ended = true;
      if (id === undefined || answered.has(id)) continue;
      answered.add(id);
      if (method === "item/tool/requestUserInput") {
        thread.service.respond(id, { result: { answers: { go: { answers: ["yes, do"] } } } });
        continue;
      }
      const item = thread.frames().find((frame) => frame.method === "item/started" && frame.params.item.id === params.itemId);
      approved.push(item?.params.item.proposal.diff);
      thread.service.respond(id, { result: { decision: "accept" } });
    }
  }
  return approved;
}

/** This repository's own files as they are, without the largest fixtures, in a checkout beside it. */
function takeAlong(): string[] {
  const listed = execFileSync("git", ["ls-files", "-z"], { cwd: root }).toString().split("\0").filter(Boolean);
  const files = listed.filter(
    (file) => statSync(join(root, file), { throwIfNoEntry: false })?.isFile() && statSync(join(root, file)).size < 100_000,
  );
  expect(files.length).toBeGreaterThan(200);
  for (const file of files) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    writeFileSync(join(checkout, file), readFileSync(join(root, file)));
  }
  execFileSync("git", ["init", "--quiet"], { cwd: checkout });
  return files;
}

function fill({ runtime }: TestThread, files: string[]): void {
  runtime.host.transaction(() => {
    for (const file of files) runtime.workspace.write(file, new Uint8Array(readFileSync(join(checkout, file))));
  });
}

function applyWithGit(diff: string, index: number): void {
  const patch = join(checkout, `.git/${index}.patch`);
  writeFileSync(patch, diff);
  execFileSync("git", ["apply", "--whitespace=nowarn", patch], { cwd: checkout });
}

function treeOf({ runtime }: TestThread): Map<string, string> {
  const bytes = (path: string) => Buffer.from(runtime.workspace.read(path)).toString("base64");
  return new Map(
    runtime.workspace
      .files()
      .map(({ path }) => [path, bytes(path)] as const)
      .toSorted(byPath),
  );
}

function checkedOut(): Map<string, string> {
  const listed = execFileSync("git", ["ls-files", "-z", "--others"], { cwd: checkout }).toString().split("\0").filter(Boolean);
  return new Map(listed.map((path) => [path, readFileSync(join(checkout, path)).toString("base64")] as const).toSorted(byPath));
}

function byPath([one]: readonly [string, string], [other]: readonly [string, string]): number {
  return one < other ? -1 : 1;
}

function inputOf(body: { [field: string]: unknown } | undefined): ModelItem[] {
  return (body?.input ?? []) as ModelItem[];
}

/** One response as the API streams it. */
function eventsOf(items: ModelItem[]): WireEvent[] {
  const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
  return [
    { type: "response.created", response: { id: "resp", status: "in_progress" } },
    ...items.flatMap((item, output_index): WireEvent[] => [
      { type: "response.output_item.added", output_index, item: { ...item, status: "in_progress" } },
      { type: "response.output_item.done", output_index, item: { ...item, status: "completed" } },
    ]),
    { type: "response.completed", response: { id: "resp", status: "completed", output: items, usage } },
  ];
}

function shellCall(command: string): ModelItem {
  return { type: "shell_call", ...ids("sh"), action: { commands: [command], timeout_ms: 10_000 } };
}

function patchCall(operation: object): ModelItem {
  return { type: "apply_patch_call", ...ids("apc"), operation };
}

function functionCall(name: string, given: object): ModelItem {
  return { type: "function_call", ...ids("fc"), name, arguments: JSON.stringify(given) };
}

function message(text: string): ModelItem {
  return { type: "message", id: "msg_last", role: "assistant", content: [{ type: "output_text", text, annotations: [] }] };
}

function ids(prefix: string): { id: string; call_id: string } {
  ids.serial += 1;
  return { id: `${prefix}_${ids.serial}`, call_id: `call_${ids.serial}` };
}
ids.serial = 0;
