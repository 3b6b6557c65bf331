/** What a connection answers itself: the models, the account, the configuration, and honest empty lists. */
import type { ModelCatalogue } from "#connection/session";
import { Refusal, refusals } from "#protocol/errors";
import type { Request, Result } from "#protocol/methods";

/** Refuses a method that belongs elsewhere. */
export function answerForConnection(request: Request, catalogue: ModelCatalogue): unknown {
  switch (request.method) {
    case "model/list":
      return listModels(catalogue);
    case "account/read":
      return { account: null, userId: null, requiresOpenaiAuth: false, workspaceRouting: null } satisfies Result<"account/read">;
    case "account/rateLimits/read":
      throw new Refusal(refusals.rateLimitsNeedAccount());
    case "account/bedrock/checkGovCloudRequirements":
      return { isGovCloud: false, shouldWarn: false } satisfies Result<typeof request.method>;
    case "configRequirements/read":
      return { supportsIndependentSpeedModes: false, requirements: null } satisfies Result<"configRequirements/read">;
    case "permissionProfile/list":
      return { data: [], nextCursor: null } satisfies Result<"permissionProfile/list">;
    case "collaborationMode/list":
      return {
        data: [{ name: "Default", mode: "default", model: null, reasoning_effort: null }],
      } satisfies Result<"collaborationMode/list">;
    case "experimentalFeature/list":
    case "app/list":
    case "mcpServerStatus/list":
      return { data: [], nextCursor: null } satisfies Result<"app/list">;
    case "hooks/list":
      return {
        data: request.params.cwds.map((cwd) => ({ cwd, hooks: [], warnings: [], errors: [] })),
      } satisfies Result<"hooks/list">;
    case "skills/list":
      return { data: request.params.cwds.map((cwd) => ({ cwd, skills: [], errors: [] })) } satisfies Result<"skills/list">;
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

function listModels({ models, defaultModel }: ModelCatalogue): Result<"model/list"> {
  const data = models.map(({ id, displayName, description, efforts, defaultEffort }) => ({
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
  return { data, nextCursor: null };
}
