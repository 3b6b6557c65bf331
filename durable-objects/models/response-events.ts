/** The border to the Responses API's stream: what a server sends is parsed once here and told as `ModelEvent`s. */
import * as z from "zod";
import type { ModelEvent, ModelItem } from "#models/model";
import { failedResponse, incompleteResponse } from "#models/openai-errors";

/** One server-sent event that matters to us, or null: what is unknown or malformed is skipped, never fatal. */
export function readResponseEvent(name: string | null, data: string): NumberedEvent | null {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return null; // One garbled event; whether the response came whole, `response.completed` will tell.
  }
  if (typeof json !== "object" || json === null) return null;
  // Some servers name the event only in the `event:` line, and some send a bare `{"error": …}`.
  const type = "type" in json ? json.type : (name ?? ("error" in json ? "error" : null));
  const event = responseEvent.safeParse({ ...json, type }).data;
  if (!event) return null;
  const number = "sequence_number" in json ? json.sequence_number : null;
  return { event, sequenceNumber: typeof number === "number" ? number : null };
}

export interface NumberedEvent {
  event: ResponseEvent;
  sequenceNumber: number | null;
}

export interface ReaderOptions {
  newId: () => string;
  /** The ids that stand in the request's input. */
  usedIds: Set<string>;
  /** The response may be taken up again, so its id is told. */
  background: boolean;
  /** Events come from the middle of a response: an item that is not announced here was announced before. */
  resumed: boolean;
}

/**
 * Tells one response's events in our words. Item ids come out unique and never empty: `newId` stands in for those a server leaves
 * out, sends empty or has used before. Throws `ModelError` when the server says that it failed.
 */
export function createResponseReader({
  newId,
  usedIds,
  background,
  resumed,
}: ReaderOptions): (event: ResponseEvent) => ModelEvent[] {
  const items: StreamedItem[] = [];
  let itemsDone = 0;

  function uniqueId(wireId: string | undefined): string {
    const id = wireId && !usedIds.has(wireId) ? wireId : newId();
    usedIds.add(id);
    return id;
  }

  function find(kind: StreamedItem["kind"], place: Place): StreamedItem | undefined {
    const named = items.findLast((item) => item.kind === kind && item.wireId && item.wireId === place.wireId);
    if (named) return named;
    // Some servers send another id with every event of an item; then its index, or being the only open one, tells which it is.
    return items.findLast((item) => {
      if (item.kind !== kind || item.done) return false;
      return place.index === undefined ? !item.wireId || !place.wireId : item.index === place.index;
    });
  }

  function announce(kind: StreamedItem["kind"], place: Place): { item: StreamedItem; events: ModelEvent[] } {
    const id = uniqueId(place.wireId);
    const item = { ...place, kind, id, streamed: false, adopted: false, parts: new Set<number>(), done: false };
    items.push(item);
    return { item, events: [{ type: `${kind}Started`, itemId: id }] };
  }

  /** Nothing of the item is told again that the part of the response before ours has told. */
  function announceOrAdopt(kind: StreamedItem["kind"], place: Place): { item: StreamedItem; events: ModelEvent[] } {
    const announced = announce(kind, place);
    if (!resumed) return announced;
    Object.assign(announced.item, { streamed: true, adopted: true });
    return { item: announced.item, events: [] };
  }

  function findOrAnnounce(kind: StreamedItem["kind"], place: Place): { item: StreamedItem; events: ModelEvent[] } {
    const item = find(kind, place);
    return item ? { item, events: [] } : announceOrAdopt(kind, place);
  }

  function messageDelta(place: Place, delta: string): ModelEvent[] {
    const { item, events } = findOrAnnounce("message", place);
    if (item.done || !delta) return events;
    item.streamed = true;
    return [...events, { type: "messageDelta", itemId: item.id, delta }];
  }

  function reasoningDelta(place: Place, summaryIndex: number, delta: string): ModelEvent[] {
    const { item, events } = findOrAnnounce("reasoning", place);
    if (item.done) return events;
    if (!item.parts.has(summaryIndex)) {
      item.parts.add(summaryIndex);
      // A part announces itself by an event without text: one that begins with text began before we came.
      if (!item.adopted || !delta) events.push({ type: "reasoningPartAdded", itemId: item.id, summaryIndex });
    }
    if (delta) {
      item.streamed = true;
      events.push({ type: "reasoningDelta", itemId: item.id, summaryIndex, delta });
    }
    return events;
  }

  function itemDone(place: Place, raw: ModelItem): ModelEvent[] {
    itemsDone += 1;
    const kind = kindOf(raw);
    if (!kind) return [{ type: "itemDone", itemId: uniqueId(place.wireId), item: raw }];
    const known = find(kind, place);
    const { item, events } = known && !known.done ? { item: known, events: [] } : announceOrAdopt(kind, place);
    const at = { wireId: item.wireId, index: item.index };
    if (!item.streamed && kind === "message") events.push(...messageDelta(at, messageText(raw)));
    if (!item.streamed && kind === "reasoning") {
      for (const [summaryIndex, text] of summaryTexts(raw).entries()) events.push(...reasoningDelta(at, summaryIndex, text));
    }
    item.done = true;
    return [...events, { type: "itemDone", itemId: item.id, item: raw }];
  }

  return (event) => {
    switch (event.type) {
      case "response.created":
        return background ? [{ type: "responseStarted", responseId: event.response.id }] : [];
      case "response.output_item.added": {
        const kind = kindOf(event.item);
        const place = { wireId: idOf(event.item), index: event.output_index };
        const known = kind && find(kind, place);
        return kind && (!known || known.done) ? announce(kind, place).events : [];
      }
      case "response.output_text.delta":
      case "response.refusal.delta":
        return messageDelta(placeOf(event), event.delta);
      case "response.reasoning_summary_part.added":
        return reasoningDelta(placeOf(event), event.summary_index, "");
      case "response.reasoning_summary_text.delta":
        return reasoningDelta(placeOf(event), event.summary_index, event.delta);
      case "response.output_item.done":
        return itemDone({ wireId: idOf(event.item), index: event.output_index }, event.item);
      case "response.completed": {
        const { output, usage } = event.response;
        if (resumed && output.length === 0) throw failedResponse({ message: "the resumed response came without its items" });
        if (resumed) return [{ type: "completed", usage, output }];
        // Some servers send the items only here.
        const late = itemsDone ? [] : output.flatMap((item, index) => itemDone({ wireId: idOf(item), index }, item));
        return [...late, { type: "completed", usage }];
      }
      case "response.failed":
        throw failedResponse(event.response.error);
      case "response.incomplete":
        throw incompleteResponse(event.response.incomplete_details.reason);
      case "error":
        throw failedResponse(event.error ?? event);
      default:
        return event satisfies never;
    }
  };
}

/** Where an event belongs, as far as the server says so. */
interface Place {
  wireId: string | undefined;
  index: number | undefined;
}

interface StreamedItem extends Place {
  kind: "message" | "reasoning";
  id: string;
  streamed: boolean;
  /** It was announced before the response was taken up. */
  adopted: boolean;
  parts: Set<number>;
  done: boolean;
}

/** `custom` hands the value on as it is: an item is sent back later exactly as it came. */
const item = z.custom<ModelItem>(
  (value) => typeof value === "object" && value !== null && "type" in value && typeof value.type === "string",
);
const place = {
  item_id: z.string().optional().catch(undefined),
  output_index: z.number().optional().catch(undefined),
};
const summaryPlace = { ...place, summary_index: z.number().catch(0) };
const count = z.number().catch(0);
const word = z.string().nullish().catch(null);
const serverError = z.union([
  z.object({ code: word, type: word, message: word }),
  z.string().transform((message) => ({ message, code: null, type: null })),
]);
const noError = { code: null, type: null, message: null };

/** Example: `{"input_tokens":24,"input_tokens_details":{"cached_tokens":0},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":31}` */
const usage = z
  .object({
    input_tokens: count,
    input_tokens_details: z
      .object({ cached_tokens: count, cache_write_tokens: count })
      .catch({ cached_tokens: 0, cache_write_tokens: 0 }),
    output_tokens: count,
    output_tokens_details: z.object({ reasoning_tokens: count }).catch({ reasoning_tokens: 0 }),
    total_tokens: z.number().nullable().catch(null),
  })
  .transform((wire) => ({
    totalTokens: wire.total_tokens ?? wire.input_tokens + wire.output_tokens,
    inputTokens: wire.input_tokens,
    cachedInputTokens: wire.input_tokens_details.cached_tokens,
    cacheWriteInputTokens: wire.input_tokens_details.cache_write_tokens,
    outputTokens: wire.output_tokens,
    reasoningOutputTokens: wire.output_tokens_details.reasoning_tokens,
  }));
const noUsage = {
  totalTokens: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 0,
  reasoningOutputTokens: 0,
};

/** Only what we read; a field that is missing where we can do without it never makes an event malformed. */
const responseEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("response.created"), response: z.object({ id: z.string().min(1) }) }),
  z.object({ type: z.literal("response.output_item.added"), ...place, item }),
  z.object({ type: z.literal("response.output_item.done"), ...place, item }),
  z.object({ type: z.literal("response.output_text.delta"), ...place, delta: z.string() }),
  z.object({ type: z.literal("response.refusal.delta"), ...place, delta: z.string() }),
  z.object({ type: z.literal("response.reasoning_summary_part.added"), ...summaryPlace }),
  z.object({ type: z.literal("response.reasoning_summary_text.delta"), ...summaryPlace, delta: z.string() }),
  z.object({
    type: z.literal("response.completed"),
    response: z.object({ usage: usage.catch(noUsage), output: z.array(item).catch([]) }).catch({ usage: noUsage, output: [] }),
  }),
  z.object({
    type: z.literal("response.failed"),
    response: z.object({ error: serverError.catch(noError) }).catch({ error: noError }),
  }),
  z.object({
    type: z.literal("response.incomplete"),
    response: z
      .object({ incomplete_details: z.object({ reason: z.string() }).catch({ reason: "unknown" }) })
      .catch({ incomplete_details: { reason: "unknown" } }),
  }),
  // OpenAI nests the error, as recorded; its documentation and other servers put code and message right here.
  z.object({ type: z.literal("error"), code: word, message: word, error: serverError.nullish().catch(null) }),
]);
export type ResponseEvent = z.infer<typeof responseEvent>;

function placeOf(event: { item_id?: string | undefined; output_index?: number | undefined }): Place {
  return { wireId: event.item_id, index: event.output_index };
}

function idOf(item: ModelItem): string | undefined {
  return typeof item.id === "string" ? item.id : undefined;
}

function kindOf(item: ModelItem): StreamedItem["kind"] | null {
  return item.type === "message" || item.type === "reasoning" ? item.type : null;
}

const messageContent = z
  .array(z.object({ text: z.string().catch(""), refusal: z.string().catch("") }).transform((part) => part.text + part.refusal))
  .catch([]);

function messageText(item: ModelItem): string {
  return messageContent.parse(item.content).join("");
}

const summaryContent = z.array(z.object({ text: z.string() }).transform((part) => part.text)).catch([]);

function summaryTexts(item: ModelItem): string[] {
  return summaryContent.parse(item.summary);
}
