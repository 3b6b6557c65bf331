/** What a thread runs under and what is kept with it, changed without saying anything in it. */
import * as z from "zod";
import {
  approvalPolicyParam,
  approvalsReviewer,
  collaborationMode,
  empty,
  ignored,
  method,
  reasoningEffort,
  struct,
  text,
  texts,
} from "./method.ts";
import { sandboxPolicy, thread } from "./thread.ts";
import { threadItemEntry } from "./thread-methods.ts";

export const threadSettingsMethods = {
  "thread/settings/update": method({
    doc: "Changes what the thread's next turns run under; a running turn ends under what it began with. What is left out stays. `thread/settings/updated` follows.",
    scope: "thread",
    experimental: true,
    params: struct("ThreadSettingsUpdateParams", {
      threadId: z.string(),
      disabledPluginIds: texts,
      cwd: text,
      environments: z.array(z.unknown()).nullish(),
      approvalPolicy: approvalPolicyParam,
      approvalsReviewer: approvalsReviewer.nullish(),
      sandboxPolicy: sandboxPolicy.meta({ id: "SandboxPolicy" }).nullish(),
      permissions: text,
      model: text,
      serviceTier: text,
      effort: reasoningEffort,
      summary: z.enum(["auto", "concise", "detailed", "none"]).nullish(),
      collaborationMode: collaborationMode.nullish(),
      multiAgentMode: ignored,
      personality: z.enum(["none", "friendly", "pragmatic"]).nullish(),
    }),
    result: empty,
  }),

  "thread/metadata/update": method({
    doc: "Keeps with the thread what the client knows of its repository: a field that is left out stays, null clears it. Spindle does not look at it. Refuses an empty text, and a change of nothing.",
    scope: "thread",
    params: struct("ThreadMetadataUpdateParams", {
      threadId: z.string(),
      gitInfo: struct("ThreadMetadataGitInfoUpdateParams", { sha: text, branch: text, originUrl: text }).nullish(),
      projectId: text,
      daybreakEnabled: z.boolean().nullish(),
    }),
    experimentalFields: ["daybreakEnabled", "projectId"],
    result: z.object({ thread }),
  }),

  "thread/memoryMode/set": method({
    doc: "Whether what happens in this thread may be remembered beyond it, and whether its turns may be given what others learnt: disabled, neither. Kept in the log.",
    scope: "thread",
    experimental: true,
    params: struct("ThreadMemoryModeSetParams", { threadId: z.string(), mode: z.enum(["enabled", "disabled"]) }),
    result: empty,
  }),

  "thread/memory/read": method({
    doc: "The notes from earlier turns that this thread's last turn was given, as its model read them, without those that were forgotten since. Null where it was given none, and where the thread's memory is disabled.",
    scope: "thread",
    experimental: true,
    params: struct("ThreadMemoryReadParams", { threadId: z.string() }),
    result: z.object({ summary: z.string().nullable() }),
  }),

  "thread/inject_items": method({
    doc: "Appends raw items of the Responses API to what the model is told; no client sees them. Refuses what is no item, and a call without its output or an output without its call, because the endpoint would refuse every later request.",
    scope: "thread",
    params: struct("ThreadInjectItemsParams", { threadId: z.string(), items: z.array(z.unknown()) }),
    result: empty,
  }),

  "thread/items/read": method({
    doc: "Up to a hundred items of one turn by their ids, in the thread's order. An id that the turn does not have is left out.",
    scope: "thread",
    experimental: true,
    params: struct("ThreadItemsReadParams", { threadId: z.string(), turnId: z.string(), itemIds: z.array(z.string()) }),
    result: z.object({ data: z.array(threadItemEntry) }),
  }),
};
