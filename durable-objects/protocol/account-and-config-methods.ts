/** The connection's first questions: who am I talking to, as whom, with which models, under which rules. */
import * as z from "zod";
import { configLayer, layerMetadata } from "./config-methods.ts";
import { emptyList, flag, ignored, method, page, struct, text, texts } from "./method.ts";

const clientInfo = struct("ClientInfo", { name: z.string(), title: text, version: z.string() });

/**
 * Example: `{"experimentalApi":true,"optOutNotificationMethods":null,"extensions":{"spindle/replay":{}}}`. The extension
 * `spindle/replay` switches on `seq` on every frame of a thread, and Spindle's own notifications; with `spindle/acknowledge` the client says
 * how much it has read: `{"method":"spindle/read","params":{"characters":262144}}`.
 */
const capabilities = struct("InitializeCapabilities", {
  experimentalApi: z.boolean().default(false),
  requestAttestation: z.boolean().default(false),
  mcpServerOpenaiFormElicitation: z.boolean().default(false),
  explicitGatewayOauth: z.boolean().default(false),
  requiredHumanApproval: z.boolean().default(false),
  optOutNotificationMethods: texts,
  extensions: z.record(z.string(), z.unknown()).nullish(),
});
export type Capabilities = z.infer<typeof capabilities>;

/** Example: `{"id":"gpt-6-sol","model":"gpt-6-sol","displayName":"GPT-6-Sol","hidden":false,"isDefault":true,…}` */
const model = z.object({
  id: z.string(),
  model: z.string(),
  upgrade: z.string().nullable(),
  upgradeInfo: z
    .object({
      model: z.string(),
      upgradeCopy: z.string().nullable(),
      modelLink: z.string().nullable(),
      migrationMarkdown: z.string().nullable(),
      retirementAt: z.number().nullable(),
    })
    .nullable(),
  availabilityNux: z.object({ message: z.string() }).nullable(),
  displayName: z.string(),
  description: z.string(),
  modelSpecialty: z.string().nullable(),
  hidden: z.boolean(),
  supportedReasoningEfforts: z.array(z.object({ reasoningEffort: z.string(), description: z.string() })),
  defaultReasoningEffort: z.string(),
  inputModalities: z.array(z.enum(["text", "image", "audio"])),
  supportsPersonality: z.boolean(),
  multiAgentVersion: z.string().nullable(),
  additionalSpeedTiers: z.array(z.string()),
  serviceTiers: z.array(z.object({ id: z.string(), name: z.string(), description: z.string() })),
  defaultServiceTier: z.string().nullable(),
  availableAccessPrograms: z.null(),
  isDefault: z.boolean(),
});
export type Model = z.infer<typeof model>;

export const accountAndConfigMethods = {
  initialize: method({
    doc: "The first request of every connection, once; everything else is refused before it. `clientInfo.name` must be a legal HTTP header value.",
    scope: "connection",
    errors: ["alreadyInitialized", "invalidClientName"],
    params: struct("InitializeParams", { clientInfo, capabilities: capabilities.nullish() }),
    result: z.object({ userAgent: z.string(), codexHome: z.string(), platformFamily: z.string(), platformOs: z.string() }),
  }),

  "model/list": method({
    doc: "The models a thread can run on; one is the default.",
    scope: "connection",
    params: struct("ModelListParams", { modelProvider: text, ...page, includeHidden: flag }),
    result: z.object({ data: z.array(model), nextCursor: z.string().nullable() }),
  }),

  "account/read": method({
    doc: "Who is logged in with the model's provider. Nobody is: Spindle knows the caller by the transport's credential, so clients show no login.",
    scope: "connection",
    params: struct("GetAccountParams", { refreshToken: z.boolean().default(false) }),
    result: z.object({ account: z.null(), userId: z.null(), requiresOpenaiAuth: z.literal(false), workspaceRouting: z.null() }),
  }),

  "account/rateLimits/read": method({
    doc: "The provider account's rate limits. Always refused as the real server does without a login.",
    scope: "connection",
    errors: ["rateLimitsNeedAccount"],
    params: struct("GetAccountRateLimitsParams", { excludeResetCreditDetails: ignored, supportsLunaReserve: ignored }).nullish(),
    result: z.never(),
  }),

  "account/bedrock/checkGovCloudRequirements": method({
    doc: "Whether the account lives under GovCloud's rules. Always no; a client waits for the answer before it starts.",
    scope: "connection",
    experimental: true,
    params: struct("BedrockCheckGovCloudRequirementsParams", {}),
    result: z.object({ isGovCloud: z.literal(false), shouldWarn: z.literal(false) }),
  }),

  "config/read": method({
    doc: "The configuration in effect, as Codex's config file would say it: what the account's clients wrote with `config/value/write`, and what the server says where they did not. It is one for the account, whatever `cwd`.",
    scope: "directory",
    params: struct("ConfigReadParams", { includeLayers: z.boolean().default(false), cwd: text }),
    result: z.object({
      config: z.record(z.string(), z.unknown()),
      origins: z.record(z.string(), layerMetadata),
      layers: z.array(configLayer).nullable(),
    }),
  }),

  "configRequirements/read": method({
    doc: "Rules that an administrator laid down for clients. Always null: there are none.",
    scope: "connection",
    // The real server wants no params at all here; what a client sends all the same does no harm.
    params: z.unknown().optional(),
    result: z.object({ supportsIndependentSpeedModes: z.literal(false), requirements: z.null() }),
  }),

  "permissionProfile/list": method({
    doc: "The permission profiles a thread can run under.",
    scope: "connection",
    params: struct("PermissionProfileListParams", { ...page, cwd: text }),
    result: z.object({
      data: z.array(z.object({ id: z.string(), description: z.string().nullable(), allowed: z.boolean() })),
      nextCursor: z.null(),
    }),
  }),

  "collaborationMode/list": method({
    doc: "Presets a client can offer for its next turn, such as Default and Plan.",
    scope: "connection",
    experimental: true,
    params: struct("CollaborationModeListParams", {}),
    result: z.object({
      data: z.array(
        z.object({
          name: z.string(),
          mode: z.enum(["plan", "default"]).nullable(),
          model: z.string().nullable(),
          reasoning_effort: z.string().nullable(),
        }),
      ),
    }),
  }),

  "experimentalFeature/list": method({
    doc: "Features a person can switch on. Always empty: Spindle's come with the server.",
    scope: "connection",
    params: struct("ExperimentalFeatureListParams", { ...page, threadId: text }),
    result: z.object({ data: emptyList, nextCursor: z.null() }),
  }),
};
