/** Suggestions for a pull request from a fork. GitHub takes the same review twice, so that it carries a marker. */
import type { EffectResult } from "#github/effect";
import { GitHubError } from "#github/failure";
import { marked, markerOf } from "#github/perform/comments";
import { type ActionOf, isByUs, type Performance } from "#github/perform/performance";

export async function suggest(action: ActionOf<"suggest">, performance: Performance): Promise<EffectResult> {
  const { number: pull_number, headOid, body, comments } = action;
  const calls = performance.calls({ pull_requests: "write" });
  if (performance.isUncertain) {
    const marker = markerOf(performance.id);
    const isOurs = (review: Parameters<typeof isByUs>[0] & { body: string }) =>
      review.body.includes(marker) && isByUs(review, performance.app);
    const reviews = await calls.ghPages(
      "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
      { pull_number },
      { itemsOf: (page) => page, isOver: (found) => found.some(isOurs) },
    );
    const ours = reviews.find(isOurs);
    if (ours) return { type: "review", id: Number(ours.id), url: ours.html_url };
  }
  const pull = await calls.gh("GET /repos/{owner}/{repo}/pulls/{pull_number}", { pull_number });
  if (pull.state !== "open" || pull.head.sha !== headOid) {
    throw new GitHubError("suggest", { type: "conflict", message: `#${pull_number} is ${pull.state}, at ${pull.head.sha}` });
  }
  const made = await calls.gh("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews", {
    pull_number,
    commit_id: headOid,
    event: "COMMENT",
    body: marked(body, performance.id),
    comments,
  });
  return { type: "review", id: Number(made.id), url: made.html_url };
}
