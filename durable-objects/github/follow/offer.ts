/** What becomes of a diff that is approved for a fork's pull request: suggestions where all of it can be one, else a commit on a branch of ours. */
import { neutralCode } from "#core/github/neutral";
import { refusedPaths } from "#core/github/refused-paths";
import { shownLinesOf } from "#core/github/shown-lines";
import { type SuggestionComment, suggestions } from "#core/github/suggestion";
import { githubApiLimits } from "#core/limits";
import type { RepositoryReads } from "#github/consequences";
import type { Conversation } from "#github/effect";
import type { Chosen } from "#github/follow/bound-diff";
import { blobHash } from "#workspace/blob";
import { proposedFile } from "#workspace/part";

type Offer = { suggestions: SuggestionComment[] | null } | { refused: string };

export async function offerOf(
  { number }: Conversation,
  { changes, contents }: Chosen,
  { calls, ledger }: RepositoryReads,
): Promise<Offer> {
  const changed = await calls({ pull_requests: "read" }).ghPages(
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
    { pull_number: number },
    { itemsOf: (page) => page },
  );
  const own = new Map(contents.map((content) => [blobHash(content), content]));
  const files = changes.map((change) => proposedFile(change, (oid) => own.get(oid) ?? ledger.content(oid)));
  const offered = suggestions(files, shownLinesOf(changed), { secrets: [], spared: [] });
  if (offered !== null) return { suggestions: offered };
  if (changed.length >= githubApiLimits.pagesMax * 100) {
    return { refused: "This fork changes more files than are looked through, so that no branch is made of it here." };
  }
  const workflow = workflowIn(changed.map(({ filename }) => filename));
  return workflow === null
    ? { suggestions: null }
    : {
        refused: `The fork changes the workflow ${neutralCode(workflow)}, which a branch of this repository would run with its secrets.`,
      };
}

function workflowIn(paths: string[]): string | null {
  const plain = 0o100644;
  const refused = refusedPaths(
    paths.map((path) => ({ path, before: plain, after: plain })),
    [],
  );
  return refused.find((path) => path.refused === "workflow")?.path ?? null;
}
