/** The tools, in the order in which they are listed: hosts keep lists, and models read them from the top. */
import type * as z from "zod";
import type { Tool } from "../tool.ts";
import { approvalsList } from "./approvals-list.ts";
import { memorySearch } from "./memory-search.ts";
import { proposalDecide } from "./proposal-decide.ts";
import { threadList } from "./thread-list.ts";
import { threadRead } from "./thread-read.ts";
import { turnStart } from "./turn-start.ts";

// Each row's input fits its own call, which one type for all of them cannot say.
export const tools = [threadList, threadRead, turnStart, approvalsList, proposalDecide, memorySearch] as unknown as readonly Tool<
  z.ZodType,
  z.ZodType
>[];
