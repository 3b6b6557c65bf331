/** How a turn ended, as a prompt's answer. */
import type { StopReason } from "@agentclientprotocol/sdk";
import type { WireError } from "#protocol/errors";
import type { Turn } from "#protocol/turn";

/** A failure that ACP has no reason for is the prompt's error, in the turn's own words. */
export function endOf({ status, error }: Turn): { stopReason: StopReason } | { refused: WireError } {
  if (status === "completed") return { stopReason: "end_turn" };
  if (status === "interrupted") return { stopReason: "cancelled" };
  const info = error?.codexErrorInfo ?? null;
  switch (info) {
    case "contextWindowExceeded":
    case "sessionBudgetExceeded":
      return { stopReason: "max_tokens" };
    case "cyberPolicy":
    case "misalignmentPolicyViolation":
      return { stopReason: "refusal" };
    default:
      return { refused: { code: -32603, message: error?.message ?? "the turn failed", data: { codexErrorInfo: info } } };
  }
}
