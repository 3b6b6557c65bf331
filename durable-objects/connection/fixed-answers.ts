/** What is the same for every connection: honest empty lists, states that never change, and refusals in the real server's words. */
import { limits } from "#core/limits";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Request, Result } from "#protocol/methods";

type Answers = { [Method in Request["method"]]?: (params: Params<Method>) => Result<Method> };

export const fixedAnswers = {
  "modelProvider/list": () => ({
    data: [
      {
        id: "spindle",
        name: "Spindle",
        canEdit: false,
        baseUrl: null,
        settings: { type: "customGateway", auth: { mode: "none" } },
      },
    ],
    defaultProviderId: "spindle",
    canChangeDefault: false,
  }),
  "modelProvider/capabilities/read": () => ({ imageGeneration: false, webSearch: false }),
  "permissionProfile/list": () => ({
    data: [
      { id: ":read-only", description: "Files change by approved diffs only, and nothing reaches the network.", allowed: true },
    ],
    nextCursor: null,
  }),

  "account/logout": () => ({}),
  "account/login/cancel": () => ({ status: "notFound" }),
  "account/usage/read": () => {
    throw new Refusal(refusals.needsAccount("read token usage"));
  },
  "account/workspaceMessages/read": () => {
    throw new Refusal(refusals.needsAccount("read workspace messages"));
  },
  "accountSession/list": () => ({ activeSessionId: null, sessions: [] }),
  "userVerification/status": () => ({
    credentialId: null,
    unavailableReason: "providerUnavailable",
    unavailableMessage: "Spindle is a server: nobody sits at it who could be verified.",
  }),

  "plugin/list": () => ({ marketplaces: [], marketplaceLoadErrors: [], featuredPluginIds: [] }),
  "plugin/search": () => ({ data: [], nextCursor: null }),
  "plugin/share/list": () => ({ data: [] }),
  "app/read": ({ appIds }) => {
    const most = limits.appIdsMax;
    if (appIds.length > most) throw new Refusal(refusals.invalidRequestText(`app/read takes at most ${most} ids`));
    return { apps: [], missingAppIds: [...new Set(appIds)] };
  },
  "app/installed": () => ({ apps: [] }),
  "skills/extraRoots/set": () => ({}),
  "experimentalFeature/enablement/set": ({ enablement }) => {
    const [name] = Object.keys(enablement);
    if (name === undefined) return { enablement: {} };
    const why = "Spindle's features come with the server";
    throw new Refusal(refusals.invalidRequestText(`unsupported feature enablement \`${name}\`: ${why}`));
  },
  "config/mcpServer/reload": () => ({}),
  "externalAgentConfig/detect": () => ({ items: [], connectors: [] }),
  "externalAgentConfig/import/readHistories": () => ({ data: [], connectors: [] }),

  "environment/status": ({ environmentId }) =>
    environmentId === local ? { status: "ready" } : { status: "unknown", error: unknownEnvironment(environmentId) },
  "environment/info": ({ environmentId }) => {
    if (environmentId !== local) throw new Refusal(refusals.invalidRequestText(unknownEnvironment(environmentId)));
    return { shell: { name: "bash", path: "/bin/bash" }, cwd: "file:///workspace" };
  },
  // No relay ever tells this server from another, so that its id says nothing.
  "remoteControl/status/read": () => ({
    status: "disabled",
    serverName: "spindle",
    installationId: "00000000-0000-0000-0000-000000000000",
    environmentId: null,
  }),
  "windowsSandbox/readiness": () => ({ status: "notConfigured" }),
} as const satisfies Answers;

const local = "local";

function unknownEnvironment(environmentId: string): string {
  return `unknown environment id \`${environmentId}\`: every thread has its one workspace, \`${local}\``;
}

export type FixedRequest = Extract<Request, { method: keyof typeof fixedAnswers }>;

export function isFixed(request: Request): request is FixedRequest {
  return Object.hasOwn(fixedAnswers, request.method);
}

export function fixedAnswer(request: FixedRequest): unknown {
  // The table pairs each method with an answer of its own params, which TypeScript cannot follow through the lookup.
  const answer = fixedAnswers[request.method] as (params: unknown) => unknown;
  return answer(request.params);
}
