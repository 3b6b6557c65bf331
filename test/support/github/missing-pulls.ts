/** Pull requests as GitHub has them: their head follows the branch, their files have patches, their reviews hold suggestions on lines. */
import { structuredPatch } from "diff";
import type { Asked } from "./schema-gate.ts";

export interface Review {
  id: number;
  number: number;
  body: string;
  commitId: string;
  comments: ReviewComment[];
}

interface ReviewComment {
  path: string;
  line: number;
  start_line?: number;
  side: string;
  body: string;
}

interface Pull {
  number: number;
  state: string;
  head: { ref: string; sha: string; repo: { id: number; full_name: string } };
  base: { ref: string; sha: string; repo: { id: number; full_name: string } };
}

interface Place {
  emulatorUrl: string;
  authorization: string;
  reviews: Review[];
}

const path = /^(\/repos\/[^/]+\/[^/]+)\/pulls\/(\d+)(\/files|\/reviews)$/;

/** Null when the emulator shall answer. */
export async function answerPulls(place: Place, asked: Asked): Promise<Response | null> {
  const url = new URL(asked.path, "https://github.test");
  const [, repository = "", number = "", what = ""] = path.exec(url.pathname) ?? [];
  if (number === "") return null;
  const found = await fetch(`${place.emulatorUrl}${repository}/pulls/${number}`, {
    headers: { authorization: place.authorization },
  });
  if (!found.ok) return found;
  const pull = await withHead(place, (await found.json()) as Pull);
  // One page holds what the tests have.
  if (what === "/files") return json(200, url.searchParams.get("page") === "2" ? [] : await filesOf(place, pull));
  if (what !== "/reviews") return null;
  if (asked.method === "GET") {
    return json(
      200,
      place.reviews.filter((review) => review.number === pull.number).map((review) => described(review)),
    );
  }
  return review(place, pull, JSON.parse(asked.body ?? "{}") as ReviewBody);
}

/** The emulator keeps the head that the pull request was opened with. */
export async function withHead<Found extends Pull>(place: Pick<Place, "emulatorUrl">, pull: Found): Promise<Found> {
  const ref = `/repos/${pull.head.repo.full_name}/git/ref/heads/${pull.head.ref}`;
  const found = await fetch(`${place.emulatorUrl}${ref}`, { headers: { authorization: "Bearer token-of-olga" } });
  if (!found.ok) return pull;
  const { object } = (await found.json()) as { object: { sha: string } };
  return { ...pull, head: { ...pull.head, sha: object.sha } };
}

async function filesOf(place: Place, { base, head }: Pull): Promise<object[]> {
  const [before, after] = await Promise.all([textsOf(place, base), textsOf(place, head)]);
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
  return changed.toSorted().map((filename) => {
    const [old = "", now = ""] = [before.get(filename), after.get(filename)];
    const { hunks } = structuredPatch(filename, filename, old, now, "", "", { context: 3 });
    const patch = hunks
      .map(({ oldStart, oldLines, newStart, newLines, lines }) =>
        [`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`, ...lines].join("\n"),
      )
      .join("\n");
    const status = before.has(filename) ? (after.has(filename) ? "modified" : "removed") : "added";
    const address = `https://github.test/${filename}`;
    const counts = { additions: 1, deletions: 1, changes: 2 };
    const addresses = { blob_url: address, raw_url: address, contents_url: address };
    return { sha: "0".repeat(40), filename, status, ...counts, ...addresses, patch };
  });
}

async function textsOf(place: Place, { repo, sha }: Pull["head"]): Promise<Map<string, string>> {
  const read = async <Found>(what: string): Promise<Found> => {
    const url = `${place.emulatorUrl}/repos/${repo.full_name}/git/${what}`;
    return (await (await fetch(url, { headers: { authorization: "Bearer token-of-olga" } })).json()) as Found;
  };
  const commit = await read<{ tree: { sha: string } }>(`commits/${sha}`);
  const { tree } = await read<{ tree: { path: string; type: string; sha: string }[] }>(`trees/${commit.tree.sha}?recursive=1`);
  const texts = new Map<string, string>();
  for (const file of tree.filter(({ type }) => type === "blob")) {
    const { content } = await read<{ content: string }>(`blobs/${file.sha}`);
    texts.set(file.path, Buffer.from(content, "base64").toString());
  }
  return texts;
}

interface ReviewBody {
  commit_id?: string;
  body?: string;
  event?: string;
  comments?: ReviewComment[];
}

/** All or nothing, and each comment on lines that the pull request shows. */
async function review(place: Place, pull: Pull, { commit_id, body = "", comments = [] }: ReviewBody): Promise<Response> {
  const patches = new Map((await filesOf(place, pull)).map((file) => Object.values(pick(file)) as [string, string]));
  for (const { path: file, line, start_line = line } of comments) {
    const isShown = [...(patches.get(file) ?? "").matchAll(/^@@ -\S+ \+(\d+),(\d+) @@/gm)].some(
      ([, start, count]) => Number(start) <= start_line && line < Number(start) + Number(count),
    );
    const message = "Pull request review thread line must be part of the diff";
    if (!isShown || start_line > line) return json(422, { message: "Unprocessable Entity", errors: [{ message }] });
  }
  const id = place.reviews.length + 1;
  const made: Review = { id, number: pull.number, body, commitId: commit_id ?? pull.head.sha, comments };
  place.reviews.push(made);
  return json(200, described(made));
}

function pick(file: object): { filename: string; patch: string } {
  const { filename, patch } = file as { filename: string; patch: string };
  return { filename, patch };
}

function described({ id, number, body, commitId }: Review): object {
  const address = `https://github.test/pull/${number}#pullrequestreview-${id}`;
  return {
    id,
    node_id: "",
    user: { login: "spindle[bot]", id: 1, type: "Bot" },
    body,
    state: "COMMENTED",
    html_url: address,
    pull_request_url: address,
    _links: { html: { href: address }, pull_request: { href: address } },
    submitted_at: "2026-01-01T00:00:00Z",
    commit_id: commitId,
    author_association: "NONE",
  };
}

function json(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}
