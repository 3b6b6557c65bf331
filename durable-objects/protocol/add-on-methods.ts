/** Hooks, skills, plugins, apps: Spindle runs none, and clients that wait for the answer at start-up must hear so. */
import * as z from "zod";
import { absolutePath, echo, emptyList, method, page, struct, text, texts } from "./method.ts";

export const addOnMethods = {
  "hooks/list": method({
    doc: "Commands that run around a turn, per directory. Every list is empty.",
    scope: "connection",
    params: struct("HooksListParams", { cwds: z.array(z.string()).default([]), threadId: text }),
    result: z.object({
      data: z.array(z.object({ cwd: echo, hooks: emptyList, warnings: emptyList, errors: emptyList })),
    }),
  }),

  "skills/list": method({
    doc: "Skills found per directory. Every list is empty.",
    scope: "connection",
    params: struct("SkillsListParams", { cwds: z.array(z.string()).default([]), forceReload: z.boolean().default(false) }),
    result: z.object({ data: z.array(z.object({ cwd: echo, skills: emptyList, errors: emptyList })) }),
  }),

  "plugin/installed": method({
    doc: "Installed plugins by marketplace. Always empty.",
    scope: "connection",
    params: struct("PluginInstalledParams", { cwds: z.array(absolutePath).nullish(), installSuggestionPluginNames: texts }),
    result: z.object({ marketplaces: emptyList, marketplaceLoadErrors: emptyList }),
  }),

  "app/list": method({
    doc: "Connected apps. Always empty.",
    scope: "connection",
    params: struct("AppsListParams", { ...page, threadId: text, forceRefetch: z.boolean().default(false) }),
    result: z.object({ data: emptyList, nextCursor: z.null() }),
  }),
};
