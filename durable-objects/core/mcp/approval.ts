/** Who is asked before a tool of an MCP server is called, in which words, and what an answer means. */
import { mcpLimits } from "#core/limits";
import { grantOf } from "#core/mcp/grant";
import { cutMiddle } from "#core/prompt";
import type { Grants } from "#core/thread";
import { revealedText } from "#core/visible-text";
import type { ApprovalMode } from "#protocol/mcp-server";
import type { Question } from "#protocol/server-requests";
import type { ApprovalPolicy } from "#protocol/thread";

export interface JudgedCall {
  server: string;
  name: string;
  readOnlyHint: boolean;
  mode: ApprovalMode;
}

/**
 * `refuse` where somebody would have to be asked and the policy is that nobody is, as on the real server: what a call does
 * elsewhere cannot be taken back, and it may carry the workspace's contents out of the house.
 */
export function judgeMcpCall(call: JudgedCall, policy: ApprovalPolicy, grants: Grants): "allow" | "ask" | "refuse" {
  if (call.mode === "approve" || grants.tools?.includes(grantOf(call))) return "allow";
  if (call.mode === "auto" && call.readOnlyHint && policy !== "untrusted") return "allow";
  return policy === "never" ? "refuse" : "ask";
}

/** By these words Codex's clients know that a question is an approval. */
export const approvalQuestionPrefix = "mcp_tool_call_approval_";

export const approvalAnswers = { once: "Allow", forSession: "Allow for this session", no: "Cancel" } as const;

/** In the real server's words; the arguments behind them, with what cannot be seen spelled. */
export function approvalQuestion(itemId: string, { server, name }: JudgedCall, given: unknown): Question {
  const shown = cutMiddle(revealedText(JSON.stringify(given, null, 2) ?? ""), mcpLimits.questionCharactersMax);
  return {
    id: `${approvalQuestionPrefix}${itemId}`,
    header: "Approve app tool call?",
    question: `Allow the ${server} MCP server to run tool "${revealedText(name)}"?\n${shown}`,
    isOther: false,
    isSecret: false,
    options: [
      { label: approvalAnswers.once, description: "Run the tool and continue." },
      { label: approvalAnswers.forSession, description: "Run the tool and remember this choice for this session." },
      { label: approvalAnswers.no, description: "Cancel this tool call." },
    ],
  };
}

/** Whatever is no plain yes is a no. */
export function readApproval(itemId: string, answer: unknown): "once" | "forSession" | "no" {
  const answers = (answer as { answers?: Record<string, { answers?: unknown }> } | null)?.answers;
  const given = answers?.[`${approvalQuestionPrefix}${itemId}`]?.answers;
  const [first] = Array.isArray(given) ? given : [];
  if (first === approvalAnswers.once) return "once";
  return first === approvalAnswers.forSession ? "forSession" : "no";
}
