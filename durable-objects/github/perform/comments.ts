/** Comments and reactions. GitHub takes the same comment twice, so that each carries a marker; the same reaction it takes once. */
import type { Conversation, EffectResult } from "#github/effect";
import type { Permissions } from "#github/installation";
import { type ActionOf, isByUs, type Performance } from "#github/perform/performance";

/** GitHub's clock and ours may differ by this much. */
const clockSkewMs = 5 * 60_000;

export async function createComment({ on, body }: ActionOf<"createComment">, performance: Performance): Promise<EffectResult> {
  const calls = performance.calls(permissionOf(on));
  if (performance.isUncertain) {
    const marker = markerOf(performance.id);
    const since = new Date(performance.createdAtMs - clockSkewMs).toISOString();
    const isOurs = (comment: Parameters<typeof isByUs>[0] & { body?: string }) =>
      (comment.body ?? "").includes(marker) && isByUs(comment, performance.app);
    const comments = await calls.ghPages(
      "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
      { issue_number: on.number, since },
      { itemsOf: (page) => page, isOver: (found) => found.some(isOurs) },
    );
    const ours = comments.find(isOurs);
    if (ours) return { type: "comment", id: Number(ours.id), url: ours.html_url, atTime: ours.updated_at };
  }
  const created = await calls.gh("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
    issue_number: on.number,
    body: marked(body, performance.id),
  });
  return { type: "comment", id: Number(created.id), url: created.html_url, atTime: created.updated_at };
}

/** Twice the same text is the same comment. */
export async function editComment({ on, body }: ActionOf<"editComment">, performance: Performance): Promise<EffectResult> {
  const { base } = performance;
  if (base?.result.type !== "comment") throw new Error("an edit builds on a comment");
  const { id, url } = base.result;
  const edited = await performance.calls(permissionOf(on)).gh("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", {
    comment_id: id,
    body: marked(body, base.id),
  });
  return { type: "comment", id, url, atTime: edited.updated_at };
}

export async function addReaction({ to, content }: ActionOf<"addReaction">, performance: Performance): Promise<EffectResult> {
  const calls = performance.calls(to.type === "reviewComment" ? { pull_requests: "write" } : permissionOf(to.on));
  switch (to.type) {
    case "issue":
      await calls.gh("POST /repos/{owner}/{repo}/issues/{issue_number}/reactions", { issue_number: to.on.number, content });
      break;
    case "comment":
      await calls.gh("POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", { comment_id: to.id, content });
      break;
    case "reviewComment":
      await calls.gh("POST /repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions", { comment_id: to.id, content });
      break;
    default:
      to satisfies never;
  }
  return { type: "nothing" };
}

export function permissionOf({ isPullRequest }: Conversation): Permissions {
  return isPullRequest ? { pull_requests: "write" } : { issues: "write" };
}

export function marked(body: string, id: string): string {
  return `${body}\n\n${markerOf(id)}`;
}

/** Shown to nobody; it finds, and never allows anything. */
export function markerOf(id: string): string {
  return `<!-- spindle:effect=${id} -->`;
}
