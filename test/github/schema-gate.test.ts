/** The gate catches what GitHub would refuse, and what it would take and do nothing with. */
import { expect, test } from "vitest";
import { markReadyMutation } from "#github/perform/branches";
import { createCommitMutation } from "#github/perform/commit";
import { routes } from "#github/routes";
import { description, judgeRequest } from "../support/github/schema-gate.ts";

test("the slice holds the routes that are used, and no others", () => {
  const sliced = Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((verb) => `${verb.toUpperCase()} ${path}`),
  );
  expect(sliced.toSorted()).toEqual([...routes].toSorted());
});

const post = (path: string, body: unknown) => judgeRequest({ method: "POST", path, body: JSON.stringify(body) });
const repository = "/repos/acme/widgets";
const run = { name: "spindle", head_sha: "a".repeat(40) };

test("a request as GitHub wants it passes", () => {
  expect(post(`${repository}/check-runs`, { ...run, status: "in_progress", output: { title: "t", summary: "s" } })).toEqual([]);
  expect(post(`${repository}/issues/1/comments`, { body: "hello" })).toEqual([]);
  expect(judgeRequest({ method: "GET", path: `${repository}/git/ref/heads/a/b`, body: null })).toEqual([]);
  expect(judgeRequest({ method: "GET", path: `${repository}/pulls?state=all&per_page=100`, body: null })).toEqual([]);
});

const button = { label: "Approve", description: "Lands the change", identifier: "ok:0123456789abcdef" };

test.for<[string, () => string[]]>([
  [
    "a label of 21 characters",
    () => post(`${repository}/check-runs`, { ...run, actions: [{ ...button, label: "x".repeat(21) }] }),
  ],
  [
    "an identifier of 21",
    () => post(`${repository}/check-runs`, { ...run, actions: [{ ...button, identifier: "x".repeat(21) }] }),
  ],
  ["four buttons", () => post(`${repository}/check-runs`, { ...run, actions: [button, button, button, button] })],
  [
    "a conclusion that there is not",
    () => post(`${repository}/check-runs`, { ...run, status: "completed", conclusion: "great" }),
  ],
  [
    "a mode that no tree has",
    () => post(`${repository}/git/trees`, { tree: [{ path: "a", mode: "100600", type: "blob", sha: null }] }),
  ],
  ["a reaction that there is not", () => post(`${repository}/issues/1/reactions`, { content: "shrug" })],
  ["a member that is spelled wrongly", () => post(`${repository}/check-runs`, { ...run, externalId: "x" })],
  ["one deep inside", () => post(`${repository}/check-runs`, { ...run, output: { title: "t", summary: "s", body: "x" } })],
  ["no body", () => judgeRequest({ method: "POST", path: `${repository}/issues/1/comments`, body: null })],
  ["a number that is none", () => post(`${repository}/issues/one/comments`, { body: "x" })],
  ["a query that there is not", () => judgeRequest({ method: "GET", path: `${repository}/pulls?author=me`, body: null })],
  ["a route that is not in the slice", () => post(`${repository}/merges`, {})],
])("%s does not pass", ([, judge]) => {
  expect(judge()).not.toEqual([]);
});

test("GraphQL is judged by GitHub's schema, query and variables", () => {
  const input = {
    branch: { repositoryNameWithOwner: "acme/widgets", branchName: "main" },
    expectedHeadOid: "a".repeat(40),
    message: { headline: "h" },
    fileChanges: { additions: [{ path: "a", contents: "YQ==" }], deletions: [] },
  };
  expect(post("/graphql", { query: createCommitMutation, variables: { input } })).toEqual([]);
  expect(post("/graphql", { query: createCommitMutation.replace("oid", "sha"), variables: { input } })).not.toEqual([]);
  expect(post("/graphql", { query: createCommitMutation, variables: { input: { ...input, mode: "100755" } } })).not.toEqual([]);
  expect(
    post("/graphql", { query: createCommitMutation, variables: { input: { ...input, expectedHeadOid: undefined } } }),
  ).not.toEqual([]);
  expect(post("/graphql", { query: markReadyMutation, variables: { input: { pullRequestId: "PR_1" } } })).toEqual([]);
  expect(post("/graphql", { query: markReadyMutation, variables: { input: { number: 1 } } })).not.toEqual([]);
});
