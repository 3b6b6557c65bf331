/** The protocol without its transport: one request in, one answer out, nothing remembered. */
import * as z from "zod";
import { metaKeys, supportedVersions, versionForInitialize } from "./generation.ts";
import { type House, ToolRefusal } from "./house.ts";
import { isObject, type RpcError, rpcCodes } from "./message.ts";
import type { Tool } from "./tool.ts";
import { tools } from "./tools/index.ts";

/** `httpStatus` is 200 but where the protocol says otherwise. */
export type Answer = { result: Record<string, unknown> } | { error: RpcError; httpStatus?: 400 | 404 };

export interface Asked {
  method: string;
  params: Record<string, unknown>;
  modern: boolean;
}

/** What the tools are changes with the server's version only. */
const listTtlMs = 5 * 60_000;
const instructions =
  "Spindle runs a coding agent in durable threads. Begin with thread_list or turn_start. The agent proposes changes of files; they land when somebody approves them by hash (approvals_list, proposal_decide). Let a person decide what to approve.";

/** Throws what is ours only: a bug, or an object that cannot be reached. */
export async function answer({ method, params, modern }: Asked, house: House, version: string): Promise<Answer> {
  const serverInfo = { name: "spindle", title: "Spindle", version };
  const complete = (result: Record<string, unknown>): Answer => ({
    result: modern ? { resultType: "complete", ...result, _meta: { [metaKeys.serverInfo]: serverInfo } } : result,
  });
  const cacheable = (result: Record<string, unknown>): Answer =>
    complete(modern ? { ...result, ttlMs: listTtlMs, cacheScope: "public" } : result);
  const capabilities = { tools: {} };
  switch (modern ? method : `legacy ${method}`) {
    case "server/discover":
      return cacheable({ supportedVersions, capabilities, instructions });
    case "legacy initialize":
      return complete({ protocolVersion: versionForInitialize(params.protocolVersion), capabilities, serverInfo, instructions });
    case "legacy ping":
      return complete({});
    case "tools/list":
    case "legacy tools/list":
      // One page: a cursor is none of ours.
      if (params.cursor !== undefined) return invalid("there is no such page of tools");
      return cacheable({ tools: listed() });
    case "tools/call":
    case "legacy tools/call":
      return callTool(params, house, complete);
    default:
      return {
        error: { code: rpcCodes.methodNotFound, message: `Method not found: ${method.slice(0, 128)}` },
        ...(modern ? { httpStatus: 404 } : {}),
      };
  }
}

async function callTool(
  params: Record<string, unknown>,
  house: House,
  complete: (result: Record<string, unknown>) => Answer,
): Promise<Answer> {
  if (typeof params.name !== "string") return invalid("params.name must be a string");
  const tool = tools.find(({ name }) => name === params.name);
  if (!tool) return invalid(`Unknown tool: ${params.name.slice(0, 128)}`);
  if (params.arguments !== undefined && !isObject(params.arguments)) return invalid("params.arguments must be an object");
  const input = tool.input.safeParse(params.arguments ?? {});
  // A model that guessed a field wrongly can mend it, if it is told.
  if (!input.success) return complete(failure("invalidArguments", z.prettifyError(input.error)));
  try {
    const structuredContent = await tool.call(house, input.data);
    return complete({ content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent, isError: false });
  } catch (error) {
    if (error instanceof ToolRefusal) return complete(failure(error.refusal, error.message));
    throw error;
  }
}

function failure(name: string, message: string): Record<string, unknown> {
  return { content: [{ type: "text", text: `${name}: ${message}` }], isError: true };
}

function invalid(message: string): Answer {
  return { error: { code: rpcCodes.invalidParams, message } };
}

let cached: object[] | null = null;

/** Made when somebody asks for the first time: most isolates never do. */
function listed(): object[] {
  cached ??= tools.map(({ name, title, description, annotations, input, output }: Tool<z.ZodType, z.ZodType>) => ({
    name,
    title,
    description,
    inputSchema: z.toJSONSchema(input, { io: "input" }),
    outputSchema: z.toJSONSchema(output, { io: "output" }),
    annotations: { title, ...annotations },
  }));
  return cached;
}
