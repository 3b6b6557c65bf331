/** Which models there are, by what the operator's environment says. */
import type { Model } from "#models/model";
import { createOpenAiModel } from "#models/openai";
import { createRehearsalFetch, rehearsalModelInfo } from "#models/rehearsal";

export interface CatalogueOptions {
  apiKey?: string | undefined;
  baseUrl?: string | undefined;
  /** Names with commas between; the first is the default. */
  models?: string | undefined;
  countIntervalMs?: number | undefined;
  newId: () => string;
  sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
}

export interface Catalogue {
  version: string;
  defaultModel: string;
  models: { id: string; displayName: string; description: string }[];
  model(name: string): Model;
  contextWindow(name: string): number | null;
}

/** The version clients are told, so that what they know about the server's protocol is right. */
export const protocolVersion = "0.169.0";

/** Without a key the embedded `rehearsal` is the only model, and is called what it is. */
export function createCatalogue({ apiKey, baseUrl, models, countIntervalMs, newId, sleep }: CatalogueOptions): Catalogue {
  const rehearsal = createOpenAiModel({
    apiKey: "rehearsal",
    baseUrl: "http://rehearsal.invalid/v1",
    fetch: createRehearsalFetch({ newId, sleep, countIntervalMs }),
    newId,
  });
  const names = apiKey ? (models ?? "").split(",").flatMap((name) => name.trim() || []) : [];
  if (apiKey && names.length === 0) names.push("gpt-5.1-codex");
  const remote = apiKey ? createOpenAiModel({ apiKey, baseUrl: baseUrl || undefined, newId }) : null;
  const known = names.map((id) => ({ id, displayName: id, description: `${id}, through the Responses API` }));
  return {
    version: protocolVersion,
    defaultModel: names[0] ?? rehearsalModelInfo.id,
    models: [...known, rehearsalModelInfo],
    // A name nobody listed goes to the endpoint all the same: it knows best what it has.
    model: (name) => (remote && name !== rehearsalModelInfo.id ? remote : rehearsal),
    contextWindow: () => null,
  };
}
