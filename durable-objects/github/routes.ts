/** Every operation of GitHub's REST API that is used, with its types as GitHub publishes them. */
import type { paths } from "@octokit/openapi-types";

export const routes = [
  "GET /app",
  "GET /app/hook/deliveries",
  "POST /app/hook/deliveries/{delivery_id}/attempts",
  "POST /app/installations/{installation_id}/access_tokens",
  "DELETE /installation/token",
  "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
  "GET /repos/{owner}/{repo}/commits",
  "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
  "POST /repos/{owner}/{repo}/check-runs",
  "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}",
  "GET /repos/{owner}/{repo}/git/blobs/{file_sha}",
  "POST /repos/{owner}/{repo}/git/blobs",
  "GET /repos/{owner}/{repo}/git/commits/{commit_sha}",
  "POST /repos/{owner}/{repo}/git/commits",
  "GET /repos/{owner}/{repo}/git/ref/{ref}",
  "POST /repos/{owner}/{repo}/git/refs",
  "PATCH /repos/{owner}/{repo}/git/refs/{ref}",
  "GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
  "POST /repos/{owner}/{repo}/git/trees",
  "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
  "POST /repos/{owner}/{repo}/issues/{issue_number}/reactions",
  "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
  "POST /repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions",
  "GET /repos/{owner}/{repo}/pulls",
  "POST /repos/{owner}/{repo}/pulls",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
  "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}",
] as const;

export type Route = (typeof routes)[number];

type Operation<Name extends Route> = Name extends `${infer Verb} ${infer Path}`
  ? Path extends keyof paths
    ? Lowercase<Verb> extends keyof paths[Path]
      ? paths[Path][Lowercase<Verb>]
      : never
    : never
  : never;

type Parameters<Of, Place extends string> = Of extends { parameters: { [Key in Place]?: infer Found } } ? Found : unknown;
type Body<Of> = Of extends { requestBody?: { content: { "application/json": infer Found } } } ? Found : unknown;

/** What is named in the path, asked in the query and sent in the body, in one: GitHub has no name twice in one operation. */
export type Params<Name extends Route> = Parameters<Operation<Name>, "path"> &
  Partial<NonNullable<Parameters<Operation<Name>, "query">>> &
  NonNullable<Body<Operation<Name>>>;

type Success<Responses> = {
  [Status in keyof Responses]: Status extends 200 | 201 | 202 | 204
    ? Responses[Status] extends { content: { "application/json": infer Found } }
      ? Found
      : null
    : never;
}[keyof Responses];

/** Null for an answer without a body. */
export type Answer<Name extends Route> = Operation<Name> extends { responses: infer Responses } ? Success<Responses> : never;
