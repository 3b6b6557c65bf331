/** One attempt of one effect at GitHub. Throws `GitHubError`. */
import type { EffectAction, EffectResult } from "#github/effect";
import { createBranch, markReady, openPullRequest } from "#github/perform/branches";
import { createCheckRun, updateCheckRun } from "#github/perform/check-runs";
import { addReaction, createComment, editComment } from "#github/perform/comments";
import { commit } from "#github/perform/commit";
import type { Performance } from "#github/perform/performance";
import { suggest } from "#github/perform/suggest";

export type GitHubAction = Exclude<EffectAction, { type: "callThread" }>;

export function perform(action: GitHubAction, performance: Performance): Promise<EffectResult> {
  switch (action.type) {
    case "createComment":
      return createComment(action, performance);
    case "editComment":
      return editComment(action, performance);
    case "addReaction":
      return addReaction(action, performance);
    case "createCheckRun":
      return createCheckRun(action, performance);
    case "updateCheckRun":
      return updateCheckRun(action, performance);
    case "createBranch":
      return createBranch(action, performance);
    case "commit":
      return commit(action, performance);
    case "suggest":
      return suggest(action, performance);
    case "openPullRequest":
      return openPullRequest(action, performance);
    case "markReady":
      return markReady(action, performance);
    default:
      return action satisfies never;
  }
}
