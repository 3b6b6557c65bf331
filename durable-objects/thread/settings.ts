/** What is kept with a thread besides its turns. Each change stands in the log, on the frame that tells of it or on a repeated status. */
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import { noteItem } from "#core/memory/note";
import type { ModelItem, PrivateEvent } from "#core/private";
import { wireThread } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import { changedSettings } from "#thread/changed-settings";
import type { ThreadRuntime } from "#thread/runtime";
import { settingsTold } from "#thread/told-settings";

export function updateSettings(
  runtime: ThreadRuntime,
  params: Params<"thread/settings/update">,
): Result<"thread/settings/update"> {
  const { info, nextSettings, settings: now } = runtime.current;
  const before = nextSettings ?? now;
  if (!before) throw new Error("a thread without settings");
  const settings = changedSettings(before, params, info.cwd);
  runtime.commit([{ ...settingsTold(runtime, settings), private: { event: { type: "settingsChanged", settings } } }]);
  return {};
}

export async function updateMetadata(
  runtime: ThreadRuntime,
  { gitInfo, projectId, daybreakEnabled }: Params<"thread/metadata/update">,
): Promise<Result<"thread/metadata/update">> {
  if (projectId) throw new Refusal(refusals.notSupported("thread/metadata/update.projectId"));
  if (daybreakEnabled) throw new Refusal(refusals.notSupported("thread/metadata/update.daybreakEnabled"));
  const given = Object.entries(gitInfo ?? {}).filter(([, value]) => value !== undefined);
  if (given.length === 0) throw new Refusal(refusals.metadataEmpty());
  for (const [name, value] of given) if (value?.trim() === "") throw new Refusal(refusals.gitInfoEmpty(name));
  const before = runtime.current.info.gitInfo ?? { sha: null, branch: null, originUrl: null };
  note(runtime, { type: "gitInfoUpdated", gitInfo: { ...before, ...Object.fromEntries(given) } });
  await runtime.outbox.flush();
  return { thread: wireThread(runtime.current) };
}

export function setMemoryMode(
  runtime: ThreadRuntime,
  { mode }: Params<"thread/memoryMode/set">,
): Result<"thread/memoryMode/set"> {
  if (runtime.current.memoryMode !== mode) note(runtime, { type: "memoryModeSet", mode });
  return {};
}

export function readMemory({ current, history, notes }: ThreadRuntime): Result<"thread/memory/read"> {
  const turnId = current.memoryMode === "disabled" ? null : history.newestTurnId();
  const item = turnId === null ? null : noteItem(notes.of(turnId));
  const [part] = Array.isArray(item?.content) ? item.content : [];
  return { summary: part?.text ?? null };
}

export function injectItems(runtime: ThreadRuntime, { items }: Params<"thread/inject_items">): Result<"thread/inject_items"> {
  if (items.length === 0) throw new Refusal(refusals.itemsEmpty());
  const characters = JSON.stringify(items).length;
  if (characters > limits.inputCharactersMax) throw new Refusal(refusals.inputTooLarge(characters));
  const modelItems = items.map((item, index) => {
    if (isModelItem(item)) return item;
    throw new Refusal(refusals.invalidResponseItem(index));
  });
  requireAnswered(modelItems);
  runtime.commit([{ ...runtime.status(runtime.current.status), private: { modelItems } }]);
  return {};
}

export function readItems(runtime: ThreadRuntime, params: Params<"thread/items/read">): Result<"thread/items/read"> {
  const { itemIds, turnId } = params;
  const itemsMax = limits.itemsReadMax;
  if (itemIds.length === 0 || itemIds.length > itemsMax) throw new Refusal(refusals.itemIdsCount(itemsMax));
  return { data: runtime.history.itemsById(runtime.current, turnId, itemIds) };
}

/** There is no notification that would tell clients of it: the status says again what it said. */
function note(runtime: ThreadRuntime, event: PrivateEvent): void {
  const told: Draft = { ...runtime.status(runtime.current.status), private: { event } };
  runtime.commit([told]);
}

function isModelItem(item: unknown): item is ModelItem {
  return typeof item === "object" && item !== null && "type" in item && typeof item.type === "string" && item.type !== "";
}

function requireAnswered(items: ModelItem[]): void {
  const idsOf = (suffix: string) =>
    items
      .filter(({ type }) => type.endsWith(suffix))
      .map(({ call_id }) => String(call_id))
      .sort();
  if (JSON.stringify(idsOf("_call")) !== JSON.stringify(idsOf("_call_output"))) {
    throw new Refusal(refusals.callsUnanswered());
  }
}
