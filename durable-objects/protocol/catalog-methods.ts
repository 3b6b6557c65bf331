/** What clients ask for beside the lists of `add-on-methods.ts`, and what of it there is: nothing of the kind. */
import * as z from "zod";
import { absolutePath, empty, emptyList, method, page, struct, text } from "./method.ts";

const marketplaceKinds = z.enum(["local", "vertical", "workspace-directory", "shared-with-me", "created-by-me-remote"]);

export const catalogMethods = {
  "plugin/list": method({
    doc: "Plugins of every marketplace. Always empty: Spindle runs none.",
    scope: "connection",
    params: struct("PluginListParams", {
      cwds: z.array(absolutePath).nullish(),
      marketplaceKinds: z.array(marketplaceKinds).nullish(),
      forceRefetch: z.boolean().default(false),
    }),
    result: z.object({ marketplaces: emptyList, marketplaceLoadErrors: emptyList, featuredPluginIds: emptyList }),
  }),

  "plugin/search": method({
    doc: "Plugins by words. Always empty.",
    scope: "connection",
    experimental: true,
    params: struct("PluginSearchParams", {
      searchTerm: z.string(),
      scope: z.enum(["global", "workspace", "personal"]).nullish(),
      cwds: z.array(absolutePath).nullish(),
      ...page,
    }),
    result: z.object({ data: emptyList, nextCursor: z.null() }),
  }),

  "plugin/share/list": method({
    doc: "Plugins that the account shares. Always empty.",
    scope: "connection",
    params: struct("PluginShareListParams", {}),
    result: z.object({ data: emptyList }),
  }),

  "app/read": method({
    doc: "What is known of apps by their ids, at most 100. Nothing is: every id is answered as missing, each once.",
    scope: "connection",
    params: struct("AppsReadParams", { appIds: z.array(z.string()), threadId: text, includeTools: z.boolean().default(false) }),
    result: z.object({ apps: emptyList, missingAppIds: z.array(z.string()) }),
  }),

  "app/installed": method({
    doc: "Installed apps. Always empty.",
    scope: "connection",
    params: struct("AppsInstalledParams", { threadId: text, forceRefresh: z.boolean().default(false) }),
    result: z.object({ apps: emptyList }),
  }),

  "skills/extraRoots/set": method({
    doc: "Further folders to look for skills in. They are folders of the client's machine, in which there is nothing to find from here: `skills/list` stays empty.",
    scope: "connection",
    params: struct("SkillsExtraRootsSetParams", { extraRoots: z.array(absolutePath) }),
    result: empty,
  }),

  "experimentalFeature/enablement/set": method({
    doc: "Switches features on or off. Refused by name for each, because Spindle's come with the server; an empty map is done at once.",
    scope: "connection",
    params: struct("ExperimentalFeatureEnablementSetParams", { enablement: z.record(z.string(), z.boolean()) }),
    result: z.object({ enablement: z.record(z.string(), z.boolean()) }),
  }),

  "config/mcpServer/reload": method({
    doc: "Connects the configured MCP servers anew. Done at once: each turn reads the configuration when it begins, and a server that was changed is met anew.",
    scope: "connection",
    params: z.unknown().optional(),
    result: empty,
  }),

  "externalAgentConfig/detect": method({
    doc: "What other agents left on this machine that could be taken over. Always empty: it is a server.",
    scope: "connection",
    params: struct("ExternalAgentConfigDetectParams", {
      includeHome: z.boolean().default(false),
      cwds: z.array(z.string()).nullish(),
      migrationSource: text,
      source: text,
      maxSessions: z.int().min(0).nullish(),
      maxSessionAgeDays: z.int().min(0).nullish(),
    }),
    result: z.object({ items: emptyList, connectors: emptyList }),
  }),

  "externalAgentConfig/import/readHistories": method({
    doc: "What was taken over from other agents. Always empty.",
    scope: "connection",
    params: z.unknown().optional(),
    result: z.object({ data: emptyList, connectors: emptyList }),
  }),
};
