/** What a connection answers itself: the models, the account, the configuration, and honest empty lists. */
import { fixedAnswer, isFixed } from "#connection/fixed-answers";
import type { ModelCatalogue } from "#connection/session";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Request, Result } from "#protocol/methods";

/** Refuses a method that belongs elsewhere. */
export function answerForConnection(request: Request, catalogue: ModelCatalogue): unknown {
  if (isFixed(request)) return fixedAnswer(request);
  switch (request.method) {
    case "model/list":
      return listModels(catalogue, request.params);
    case "account/read":
      return { account: null, userId: null, requiresOpenaiAuth: false, workspaceRouting: null } satisfies Result<"account/read">;
    case "account/rateLimits/read":
      throw new Refusal(refusals.rateLimitsNeedAccount());
    case "account/bedrock/checkGovCloudRequirements":
      return { isGovCloud: false, shouldWarn: false } satisfies Result<typeof request.method>;
    case "configRequirements/read":
      return { supportsIndependentSpeedModes: false, requirements: null } satisfies Result<"configRequirements/read">;
    case "collaborationMode/list":
      return {
        data: [
          { name: "Plan", mode: "plan", model: null, reasoning_effort: null },
          { name: "Default", mode: "default", model: null, reasoning_effort: null },
        ],
      } satisfies Result<"collaborationMode/list">;
    case "experimentalFeature/list":
    case "app/list":
      return { data: [], nextCursor: null } satisfies Result<"app/list">;
    case "hooks/list":
      return {
        data: cwdsOf(request.params).map((cwd) => ({ cwd, hooks: [], warnings: [], errors: [] })),
      } satisfies Result<"hooks/list">;
    case "skills/list":
      return { data: cwdsOf(request.params).map((cwd) => ({ cwd, skills: [], errors: [] })) } satisfies Result<"skills/list">;
    case "plugin/installed":
      return { marketplaces: [], marketplaceLoadErrors: [] } satisfies Result<"plugin/installed">;
    default:
      throw new Refusal(refusals.notSupported(request.method));
  }
}

/** What the account's clients wrote, and below it what the server says where they did not. */
export function effectiveConfig(read: Result<"config/read">, catalogue: ModelCatalogue): Result<"config/read"> {
  const defaults = {
    model: catalogue.defaultModel,
    model_provider: "spindle",
    approval_policy: "on-request",
    sandbox_mode: "read-only",
  };
  return { ...read, config: { ...defaults, ...read.config } };
}

/** The real server's words; an effort without any is shown by its name. */
const effortDescriptions: Record<string, string> = {
  low: "Fast responses with lighter reasoning",
  medium: "Balances speed and reasoning depth for everyday tasks",
  high: "Greater reasoning depth for complex problems",
};

/** Without any, a thread's own folder is meant, as it is called unless its client names another. */
function cwdsOf({ cwds }: { cwds: string[] }): string[] {
  return cwds.length > 0 ? cwds : ["/workspace"];
}

/** None is hidden here, so that `includeHidden` changes nothing. The cursor is how many models came before. */
function listModels(
  { models, defaultModel }: ModelCatalogue,
  { cursor, limit, modelProvider }: Params<"model/list">,
): Result<"model/list"> {
  if (modelProvider && modelProvider !== "spindle") throw new Refusal(refusals.modelProviderNotFound(modelProvider));
  const start = Number(cursor ?? 0);
  if (cursor && !(/^\d{1,6}$/.test(cursor) && start <= models.length)) throw new Refusal(refusals.invalidCursor(cursor));
  const end = start + Math.max(1, limit ?? models.length);
  const data = models.slice(start, end).map(({ id, displayName, description, efforts, defaultEffort }) => ({
    id,
    model: id,
    upgrade: null,
    upgradeInfo: null,
    availabilityNux: null,
    displayName,
    description,
    modelSpecialty: null,
    hidden: false,
    supportedReasoningEfforts: efforts.map((effort) => ({
      reasoningEffort: effort,
      description: effortDescriptions[effort] ?? effort,
    })),
    defaultReasoningEffort: defaultEffort,
    inputModalities: ["text" as const],
    supportsPersonality: false,
    multiAgentVersion: null,
    additionalSpeedTiers: [],
    serviceTiers: [],
    defaultServiceTier: null,
    availableAccessPrograms: null,
    isDefault: id === defaultModel,
  }));
  return { data, nextCursor: end < models.length ? String(end) : null };
}
