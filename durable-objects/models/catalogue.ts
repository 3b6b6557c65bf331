/** Which models there are, by what the operator's environment says. */
import type { Model } from "#models/model";
import { createOpenAiModel } from "#models/openai";
import { createRehearsalFetch, rehearsalModelInfo } from "#models/rehearsal";

export interface CatalogueOptions {
  apiKey?: string | undefined;
  baseUrl?: string | undefined;
  /** Names with commas between; the first is the default. */
  models?: string | undefined;
  /** Whether answers of the endpoint can be taken up again after a crash: `background` of the OpenAI model. */
  background?: boolean | undefined;
  countIntervalMs?: number | undefined;
  /** How the endpoint is reached. */
  fetch?: typeof fetch | undefined;
  newId: () => string;
  sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
}

export interface ModelInfo {
  id: string;
  displayName: string;
  description: string;
  /** Reasoning efforts a person may choose from, weakest first; the default is one of them. */
  efforts: string[];
  defaultEffort: string;
}

export interface Catalogue {
  version: string;
  defaultModel: string;
  models: ModelInfo[];
  model(name: string): Model;
  contextWindow(name: string): number | null;
}

/** The version clients are told, so that what they know about the server's protocol is right. */
export const protocolVersion = "0.169.0";

/** Without a key the embedded `rehearsal` is the only model, and is called what it is. */
export function createCatalogue({
  apiKey,
  baseUrl,
  models,
  background,
  countIntervalMs,
  fetch,
  newId,
  sleep,
}: CatalogueOptions): Catalogue {
  const rehearsal = createOpenAiModel({
    apiKey: "rehearsal",
    baseUrl: "http://rehearsal.invalid/v1",
    fetch: createRehearsalFetch({ newId, sleep, countIntervalMs }),
    newId,
  });
  const names = apiKey ? (models ?? "").split(",").flatMap((name) => name.trim() || []) : [];
  if (apiKey && names.length === 0) names.push("gpt-5.1-codex");
  const remote = apiKey ? createOpenAiModel({ apiKey, baseUrl: baseUrl || undefined, fetch, newId, background }) : null;
  // No endpoint says what efforts a model has; these three every reasoning model knows, and for others the adapter leaves them out.
  const efforts = { efforts: ["low", "medium", "high"], defaultEffort: "medium" };
  const unique = [...new Set(names)].filter((id) => id !== rehearsalModelInfo.id);
  const known = unique.map((id) => ({ id, displayName: id, description: `${id}, through the Responses API`, ...efforts }));
  return {
    version: protocolVersion,
    defaultModel: names[0] ?? rehearsalModelInfo.id,
    models: [...known, rehearsalModelInfo],
    // A name nobody listed goes to the endpoint all the same: it knows best what it has.
    model: (name) => (remote && name !== rehearsalModelInfo.id ? remote : rehearsal),
    contextWindow: () => null,
  };
}
