/** What is read out of GitHub's published payloads, and that no payload, however broken, throws. */
import examples from "@octokit/webhooks-examples" with { type: "json" };
import { expect, test } from "vitest";
import { type GitHubEvent, readEvent, semanticKey } from "#github/event";
import { createRandom } from "../support/random.ts";

type Payload = Record<string, unknown>;

const appId = 4711;

/** As our App would get them: most of the published ones are of repositories' own hooks. */
const payloads = examples.flatMap(({ name, examples: all }) =>
  (all as unknown as Payload[]).map((payload) => {
    const run = payload.check_run ? { check_run: { ...(payload.check_run as object), app: { id: appId } } } : {};
    const installation = name === "installation" ? { ...(payload.installation as object), app_id: appId } : { id: 99 };
    return { name, payload: { ...payload, ...run, installation } as Payload };
  }),
);

const read = (name: string, payload: unknown): GitHubEvent | null => {
  const found = readEvent(name, payload, appId);
  return "event" in found ? found.event : null;
};

function example(name: string, action: string): Payload {
  const found = payloads.find(({ name: one, payload }) => one === name && payload.action === action);
  if (!found) throw new Error(`no example of ${name} ${action}`);
  return structuredClone(found.payload);
}

const heard: Record<string, string[]> = {
  issue_comment: ["created"],
  pull_request_review_comment: ["created"],
  pull_request_review: ["submitted", "dismissed"],
  pull_request: ["opened", "synchronize", "closed", "reopened", "converted_to_draft", "ready_for_review", "labeled", "assigned"],
  issues: ["opened", "closed", "reopened", "labeled", "assigned"],
  check_run: ["requested_action", "rerequested"],
  installation: ["created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"],
};

test("every published payload of these actions is heard, also those that lack what newer ones have, and no other", () => {
  let count = 0;
  for (const { name, payload } of payloads) {
    const isHeard = heard[name]?.includes(String(payload.action)) ?? false;
    expect(readEvent(name, payload, appId), `${name} ${payload.action}`).toHaveProperty(isHeard ? "event" : "dropped");
    count += isHeard ? 1 : 0;
  }
  expect(count).toBe(51);
});

test("a button says which check run, at which commit, and by whom", () => {
  const payload = example("check_run", "requested_action");
  expect(read("check_run", payload)).toMatchObject({
    type: "checkRunRequested",
    action: "requested_action",
    identifier: "lgtm|26764",
    checkRun: { headOid: (payload.check_run as { head_sha: string }).head_sha },
  });
  (payload.check_run as { app: object }).app = { id: appId + 1 };
  expect(readEvent("check_run", payload, appId)).toEqual({ dropped: "anotherApp" });
});

test("a comment on a pull request comes as one on an issue, and says so", () => {
  const payload = example("issue_comment", "created");
  expect(read("issue_comment", payload)).toMatchObject({ issue: { isPullRequest: false } });
  (payload.issue as Payload).pull_request = { url: "https://api.github.com/x" };
  expect(read("issue_comment", payload)).toMatchObject({ issue: { isPullRequest: true } });
});

test("a fork that is gone, an author who is gone, and a text that is none", () => {
  const opened = example("pull_request", "opened");
  (opened.pull_request as { head: Payload }).head.repo = null;
  Object.assign(opened.pull_request as Payload, { user: null, body: null });
  opened.sender = null;
  expect(read("pull_request", opened)).toMatchObject({
    sender: null,
    pullRequest: { author: null, body: "", head: { repositoryId: null } },
  });
});

test("a text longer than GitHub allows is cut, so that the row holds it", () => {
  const payload = example("issue_comment", "created");
  (payload.comment as Payload).body = "x".repeat(100_000);
  const event = read("issue_comment", payload);
  expect(event?.type === "commentCreated" && event.comment.body.length).toBe(65_536);
});

test("an edited comment is another happening than the one that was said, and is not heard", () => {
  const payload = example("issue_comment", "created");
  const key = (given: Payload) => {
    const event = read("issue_comment", given);
    return event?.type === "commentCreated" ? semanticKey(event).key : null;
  };
  expect(key(payload)).toBe(key(structuredClone(payload)));
  expect(key({ ...payload, action: "edited" })).toBeNull();
});

test.for([1, 2, 3, 4])("seed %i: payloads with anything in any place are read or dropped, and never throw", (seed) => {
  const random = createRandom(seed);
  const junk = [null, "", -1, Number.MAX_VALUE, [], {}, "\ud800", true, { id: "x" }, 1.5];
  const spoil = (value: unknown, depth: number): unknown => {
    if (depth > 0 && random.chance(0.05)) return random.pick(junk);
    if (Array.isArray(value)) return value.map((item) => spoil(item, depth + 1));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, member]) => (random.chance(0.03) ? [] : [[key, spoil(member, depth + 1)]])),
    );
  };
  for (const { name, payload } of payloads) {
    const found = readEvent(name, spoil(payload, 0), appId);
    if ("event" in found && found.event.type !== "installationChanged") expect(semanticKey(found.event).key).not.toBe("");
  }
  for (const payload of junk) expect(readEvent("issue_comment", payload, appId)).toHaveProperty("dropped");
});
