/** Talking to the rehearsal through the OpenAI model, and what it does in one line each. */
import type { Model, ModelEvent, ModelItem, ModelRequest } from "#models/model";
import { createOpenAiModel } from "#models/openai";
import { createRehearsalFetch } from "#models/rehearsal";
import { collect, countedIds, modelRequest } from "./model-server.ts";

export const never = new AbortController().signal;
export const tools = [{ type: "shell" }, { type: "apply_patch" }];

export function rehearsal(
  over: { sleep?: (ms: number, signal?: AbortSignal) => Promise<void>; countIntervalMs?: number } = {},
): Model {
  const fetch = createRehearsalFetch({ newId: countedIds(), sleep: async () => {}, ...over });
  return createOpenAiModel({ apiKey: "rehearsal", baseUrl: "http://rehearsal.invalid/v1", fetch });
}

export function answer(input: ModelItem[], over: Partial<ModelRequest> = {}): Promise<ModelEvent[]> {
  return collect(rehearsal().stream(modelRequest({ input, tools, ...over }), never));
}

export function itemsOf(events: ModelEvent[]): ModelItem[] {
  return events.filter((event) => event.type === "itemDone").map((event) => event.item);
}

export function textOf(item: ModelItem): string {
  const parts = Array.isArray(item.content) ? item.content : item.summary;
  return Array.isArray(parts) ? parts.map((part) => part.text).join("") : "";
}

/** An item in one line: what is said, thought, run or patched. */
export function short(item: ModelItem): string {
  switch (item.type) {
    case "message":
      return `say ${textOf(item)}`;
    case "reasoning":
      return `think ${textOf(item)}`;
    case "shell_call":
      return `run ${Object(item.action).commands}`;
    case "apply_patch_call":
      return `${Object(item.operation).type} ${Object(item.operation).path}`;
    case "function_call":
      return `call ${item.name}`;
    default:
      return item.type;
  }
}
