/** The settings that a turn, or a person between turns, asks for: what is not named stays. They hold from then on. */
import type { Settings } from "#core/private";
import { Refusal, refusals } from "#protocol/errors";
import type { Params } from "#protocol/methods";
import { WorkspaceError } from "#workspace/error";
import { absolutePath, relativePath } from "#workspace/path";

type Asked = Pick<
  Params<"turn/start"> | Params<"thread/settings/update">,
  "model" | "approvalPolicy" | "effort" | "summary" | "personality" | "collaborationMode" | "cwd"
>;

/** `root` is where the workspace is seen. Refuses a place outside of it. */
export function changedSettings(before: Settings, asked: Asked, root: string): Settings {
  const mode = asked.collaborationMode;
  return {
    ...before,
    model: asked.model || before.model,
    approvalPolicy: asked.approvalPolicy ?? before.approvalPolicy,
    effort: asked.effort ?? mode?.settings.reasoning_effort ?? before.effort,
    summary: asked.summary ?? before.summary,
    personality: asked.personality ?? before.personality ?? null,
    collaborationInstructions: mode ? (mode.settings.developer_instructions ?? null) : (before.collaborationInstructions ?? null),
    ...(mode ? { collaborationMode: mode.mode } : {}),
    ...(asked.cwd ? { cwd: startingPlace(root, asked.cwd) } : {}),
  };
}

/** Commands may start in any folder of the workspace, and nowhere else. */
function startingPlace(root: string, cwd: string): string {
  try {
    return absolutePath(root, relativePath(root, cwd));
  } catch (error) {
    if (error instanceof WorkspaceError) throw new Refusal(refusals.invalidRequest(error.message));
    throw error;
  }
}
