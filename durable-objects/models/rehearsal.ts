/** The rehearsal: a deterministic stand-in for a model that needs no key and no network. It answers `fetch` in the Responses API's own words. */
import * as z from "zod";
import { exampleOf } from "#models/json-example";
import { declarationOf, parseDeclared } from "#models/rehearsal-declaration";
import { functionTool, inputItem, isPrompt, type Output, type Plan, planResponse, say } from "#models/rehearsal-plan";
import { declareAssumptionsTool } from "#protocol/declare-assumptions";

/** As the list of models shows it. */
export const rehearsalModelInfo = {
  id: "rehearsal",
  displayName: "Rehearsal (no model)",
  description:
    "An embedded stand-in that needs no key. It is not a language model: it obeys one instruction a line, such as `say hello`.",
  efforts: ["medium"],
  defaultEffort: "medium",
};

export interface RehearsalOptions {
  newId: () => string;
  /** Waits so many milliseconds; may reject when the signal aborts. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Milliseconds between two numbers of `count`. */
  countIntervalMs?: number;
}

/**
 * A `fetch` for `createOpenAiModel({ apiKey: "rehearsal", baseUrl: "http://rehearsal.invalid/v1", fetch })`: whatever runs with the
 * rehearsal has run the code that talks to a real model. It keeps nothing between requests.
 */
export function createRehearsalFetch({ newId, sleep, countIntervalMs = 50 }: RehearsalOptions): typeof fetch {
  return async (_url, init) => {
    const signal = init?.signal ?? undefined;
    signal?.throwIfAborted();
    const body = String(init?.body);
    const parsed = request.safeParse(JSON.parse(body));
    if (!parsed.success) return refuse(400, z.prettifyError(parsed.error));
    const plan = planFor(parsed.data);
    if (plan.type === "refuse") return refuse(plan.status, `the message asked for a failure with status ${plan.status}`);
    const pause = async () => {
      if (countIntervalMs) await sleep(countIntervalMs, signal);
    };
    const events = responseEvents(plan, { newId, pause, model: parsed.data.model, inputCharacters: body.length });
    return new Response(serverSentEvents(events, signal), { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  };
}

const request = z.object({
  model: z.string(),
  input: z.array(inputItem),
  tools: z.array(z.object({ type: z.string(), name: z.string().default("") })).default([]),
  text: z.object({ format: z.object({ type: z.string(), schema: z.unknown().optional() }) }).optional(),
});

function planFor({ input, tools, text }: z.infer<typeof request>): Plan {
  if (text?.format.type === "json_schema") {
    const prompt = input.findLast(isPrompt)?.content ?? "";
    const { schema } = text.format;
    const answer = (isDeclaration(schema) && declaredIn(prompt)) || exampleOf(schema, topicOf(prompt));
    return { type: "answer", outputs: [say(JSON.stringify(answer))], cut: false };
  }
  return planResponse(input, new Set(tools.map(({ type, name }) => (type === "function" ? functionTool(name) : type))));
}

/** What is declared in it on lines such as `assume A1 p=0.7 kind=code_fact: TEXT`: what it thought aloud, when it is read to it again. */
function declaredIn(prompt: string): object | null {
  const lines = prompt.split("\n").flatMap((line) => parseDeclared(line.trim()) ?? []);
  return lines.length > 0 ? (declarationOf(lines)?.call ?? null) : null;
}

/** The schema of `declare_assumptions`: somebody wants to know what is assumed in the prompt. */
function isDeclaration(schema: unknown): boolean {
  return JSON.stringify(schema) === JSON.stringify(declareAssumptionsTool().parameters);
}

/** What a prompt is about. Codex's terminal client asks for a thread's title with `User prompt:` and the prompt below it. */
function topicOf(prompt: string): string {
  const marker = "User prompt:";
  const start = prompt.lastIndexOf(marker);
  return prompt.slice(start < 0 ? 0 : start + marker.length).trim();
}

function refuse(status: number, message: string): Response {
  return Response.json({ error: { message, type: "rehearsal", param: null, code: null } }, { status });
}

/** An event of the Responses API without its `sequence_number`. */
type WireEvent = { type: string; [field: string]: unknown };

interface Surroundings {
  newId: () => string;
  /** Between two chunks of a slow message. */
  pause: () => Promise<void>;
  model: string;
  inputCharacters: number;
}

/** The whole response, in the sequence of the recorded streams. */
async function* responseEvents(plan: Extract<Plan, { type: "answer" }>, around: Surroundings): AsyncGenerator<WireEvent, void> {
  // There is no clock in here, so every response is made at the beginning of time.
  const id = `resp_${around.newId()}`;
  const response = { id, object: "response", created_at: 0, status: "in_progress", model: around.model, output: [], usage: null };
  yield { type: "response.created", response };
  yield { type: "response.in_progress", response };
  const output: unknown[] = [];
  for (const [index, planned] of plan.outputs.entries()) {
    for await (const event of outputEvents(planned, index, around)) {
      if (event.type === "response.output_item.done") output.push(event.item);
      yield event;
    }
  }
  if (plan.cut) {
    const last = outputEvents(say("This stream was cut"), plan.outputs.length, around);
    for await (const event of last) {
      if (event.type === "response.output_text.done") return;
      yield event;
    }
  }
  const usage = usageOf(plan.outputs, around.inputCharacters);
  yield { type: "response.completed", response: { ...response, status: "completed", output, usage } };
}

async function* outputEvents(planned: Output, index: number, around: Surroundings): AsyncGenerator<WireEvent, void> {
  const added = (item: object) => ({ type: "response.output_item.added", output_index: index, item });
  const done = (item: object) => ({ type: "response.output_item.done", output_index: index, item });
  switch (planned.type) {
    case "message": {
      const message = { id: `msg_${around.newId()}`, type: "message", role: "assistant" };
      const place = { item_id: message.id, output_index: index, content_index: 0 };
      const part = (text: string) => ({ type: "output_text", annotations: [], logprobs: [], text });
      const text = planned.chunks.join("");
      yield added({ ...message, status: "in_progress", content: [] });
      yield { type: "response.content_part.added", ...place, part: part("") };
      for (const [position, delta] of planned.chunks.entries()) {
        if (position && planned.slow) await around.pause();
        yield { type: "response.output_text.delta", ...place, delta, logprobs: [] };
      }
      yield { type: "response.output_text.done", ...place, text, logprobs: [] };
      yield { type: "response.content_part.done", ...place, part: part(text) };
      yield done({ ...message, status: "completed", content: [part(text)] });
      return;
    }
    case "reasoning": {
      const id = `rs_${around.newId()}`;
      // Real servers give reasoning out encrypted; a stand-in for it shows in tests whether it stays inside.
      const reasoning = { id, type: "reasoning", encrypted_content: `encrypted ${id}` };
      const place = { item_id: id, output_index: index, summary_index: 0 };
      const part = (text: string) => ({ type: "summary_text", text });
      const text = planned.chunks.join("");
      yield added({ ...reasoning, summary: [] });
      yield { type: "response.reasoning_summary_part.added", ...place, part: part("") };
      for (const delta of planned.chunks) yield { type: "response.reasoning_summary_text.delta", ...place, delta };
      yield { type: "response.reasoning_summary_text.done", ...place, text };
      yield { type: "response.reasoning_summary_part.done", ...place, part: part(text) };
      yield done({ ...reasoning, summary: [part(text)] });
      return;
    }
    case "shell": {
      const call = { id: `sh_${around.newId()}`, type: "shell_call", call_id: `call_${around.newId()}` };
      const action = (commands: string[]) => ({ commands, max_output_length: null, timeout_ms: null });
      const place = { output_index: index, command_index: 0 };
      yield added({ ...call, status: "in_progress", action: action([]) });
      yield { type: "response.shell_call_command.added", ...place, command: "" };
      yield { type: "response.shell_call_command.delta", ...place, delta: planned.command };
      yield { type: "response.shell_call_command.done", ...place, command: planned.command };
      yield done({ ...call, status: "completed", action: action([planned.command]) });
      return;
    }
    case "patch": {
      const call = { id: `apc_${around.newId()}`, type: "apply_patch_call", call_id: `call_${around.newId()}` };
      const { operation } = planned;
      const place = { item_id: call.id, output_index: index };
      const hasDiff = operation.type !== "delete_file";
      yield added({ ...call, status: "in_progress", operation: hasDiff ? { ...operation, diff: "" } : operation });
      if (hasDiff) {
        yield { type: "response.apply_patch_call_operation_diff.delta", ...place, delta: operation.diff };
        yield { type: "response.apply_patch_call_operation_diff.done", ...place, diff: operation.diff };
      }
      yield done({ ...call, status: "completed", operation });
      return;
    }
    case "function": {
      const call = { id: `fc_${around.newId()}`, type: "function_call", call_id: `call_${around.newId()}`, name: planned.name };
      const place = { item_id: call.id, output_index: index };
      const text = JSON.stringify(planned.arguments);
      yield added({ ...call, status: "in_progress", arguments: "" });
      yield { type: "response.function_call_arguments.delta", ...place, delta: text };
      yield { type: "response.function_call_arguments.done", ...place, arguments: text };
      yield done({ ...call, status: "completed", arguments: text });
      return;
    }
    default:
      planned satisfies never;
  }
}

/** Plausible counts, so that what adds up tokens has something to add: about four characters a token. */
function usageOf(outputs: Output[], inputCharacters: number) {
  const tokens = (characters: number) => Math.ceil(characters / 4);
  const ofReasoning = outputs.filter((output) => output.type === "reasoning");
  const reasoning = tokens(JSON.stringify(ofReasoning).length - 2);
  const output_tokens = Math.max(reasoning, tokens(JSON.stringify(outputs).length));
  const input_tokens = tokens(inputCharacters);
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input_tokens + output_tokens,
  };
}

/** Pulled one event at a time: who does not read does not make it work, and who aborts stops it before the next one. */
function serverSentEvents(events: AsyncGenerator<WireEvent, void>, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let sequenceNumber = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      signal?.throwIfAborted();
      const next = await events.next();
      signal?.throwIfAborted();
      if (next.done) return controller.close();
      const data = JSON.stringify({ ...next.value, sequence_number: sequenceNumber });
      sequenceNumber += 1;
      controller.enqueue(encoder.encode(`event: ${next.value.type}\ndata: ${data}\n\n`));
    },
    async cancel() {
      await events.return();
    },
  });
}
