/**
 * What a webhook says, as far as it matters here. GitHub adds members all the time and leaves some out on older servers, so that
 * only what is needed is asked for, and whoever has deleted their account is null.
 */
import * as z from "zod";
import { githubApiLimits } from "#core/limits";

export interface Person {
  id: number;
  login: string;
  /** `User`, `Bot`, `Organization` or `Mannequin`. */
  type: string;
}

export interface RepositoryFacts {
  id: number;
  owner: string;
  name: string;
  defaultBranch: string;
  isPrivate: boolean;
}

export interface IssueFacts {
  number: number;
  title: string;
  body: string;
  author: Person | null;
  createdAt: string;
  isOpen: boolean;
  /** An issue's comments and a pull request's come by the same event. */
  isPullRequest: boolean;
  updatedAt: string;
}

export interface PullRequestFacts extends IssueFacts {
  isDraft: boolean;
  head: { ref: string; oid: string; repositoryId: number | null };
  base: { ref: string; oid: string };
}

export interface CommentFacts {
  id: number;
  body: string;
  author: Person | null;
  /** The App that wrote it with the author's token; null when the author did. */
  viaAppId: number | null;
  url: string;
  createdAt: string;
  updatedAt: string;
}

/** What every event of a repository says. */
interface Common {
  installationId: number;
  /** Who owns the repository, which is where the App is installed. */
  ownerId: number;
  repository: RepositoryFacts;
  /** Who did it. */
  sender: Person | null;
}

export type RepositoryEvent = Common &
  (
    | { type: "commentCreated"; issue: IssueFacts; comment: CommentFacts }
    | {
        type: "reviewCommentCreated";
        pullRequest: PullRequestFacts;
        comment: CommentFacts & { path: string; line: number | null; side: string; diffHunk: string; commitOid: string };
      }
    | {
        type: "reviewSubmitted" | "reviewDismissed";
        pullRequest: PullRequestFacts;
        review: { id: number; state: string; commitOid: string; body: string; author: Person | null; submittedAt: string };
      }
    | {
        type: "pullRequestChanged";
        action: PullRequestAction;
        pullRequest: PullRequestFacts;
        label: string;
        assignee: Person | null;
      }
    | { type: "issueChanged"; action: IssueAction; issue: IssueFacts; label: string; assignee: Person | null }
    | {
        type: "checkRunRequested";
        action: "requested_action" | "rerequested";
        checkRun: { id: number; name: string; headOid: string; externalId: string };
        /** Of the button; "" when the whole check run is asked for again. */
        identifier: string;
      }
  );

export type ReviewEvent = Extract<RepositoryEvent, { type: "reviewSubmitted" | "reviewDismissed" }>;

/** The App comes to an account, rests there, or leaves it. */
export interface InstallationEvent {
  type: "installationChanged";
  installationId: number;
  ownerId: number;
  action: "created" | "deleted" | "suspend" | "unsuspend" | "new_permissions_accepted";
  /** Deliveries may come in any order. */
  updatedAt: string;
}

export type GitHubEvent = RepositoryEvent | InstallationEvent;

const pullRequestActions = [
  "opened",
  "synchronize",
  "closed",
  "reopened",
  "converted_to_draft",
  "ready_for_review",
  "labeled",
  "assigned",
] as const;
type PullRequestAction = (typeof pullRequestActions)[number];
const issueActions = ["opened", "closed", "reopened", "labeled", "assigned"] as const;
type IssueAction = (typeof issueActions)[number];

/**
 * What happened, or why nothing here wants to know. `appId` is our own: buttons on the check runs of other Apps are theirs. Never
 * throws, whatever the payload is.
 */
export function readEvent(name: string, payload: unknown, appId: number): { event: GitHubEvent } | { dropped: string } {
  const read = readers[name];
  if (read === undefined) return { dropped: "event" };
  const parsed = read.safeParse(payload);
  // Most of what is dropped is an action that is not for us, and not a payload that is wrong.
  if (!parsed.success) return { dropped: `${name}: ${parsed.error.issues[0]?.path.join(".") ?? ""}` };
  const { event, app } = parsed.data;
  return app !== null && app !== appId ? { dropped: "anotherApp" } : { event };
}

const text = z
  .string()
  .nullish()
  .transform((value) => (value ?? "").slice(0, githubApiLimits.webhookTextCharactersMax));
const person = z
  .object({ id: z.int(), login: z.string(), type: z.string().default("User") })
  .nullish()
  .transform((value): Person | null => value ?? null);
/** As ISO 8601, whichever way it comes: some events have Unix seconds. */
const moment = z
  .union([z.string(), z.number().transform((seconds) => new Date(seconds * 1_000).toISOString())])
  .transform((value) => (Number.isNaN(Date.parse(value)) ? "" : new Date(value).toISOString()));
const label = z
  .object({ name: text })
  .nullish()
  .transform((value) => value?.name ?? "");

const common = z.object({
  installation: z.object({ id: z.int() }),
  repository: z.object({
    id: z.int(),
    name: z.string(),
    private: z.boolean(),
    default_branch: z.string(),
    owner: z.object({ id: z.int(), login: z.string() }),
  }),
  sender: person,
});

const issue = z
  .object({
    number: z.int(),
    title: text,
    body: text,
    user: person,
    state: z.string(),
    pull_request: z.object({}).nullish(),
    created_at: text,
    updated_at: z.string(),
  })
  .transform(
    (value): IssueFacts => ({
      number: value.number,
      title: value.title,
      body: value.body,
      author: value.user,
      isOpen: value.state === "open",
      isPullRequest: value.pull_request != null,
      createdAt: value.created_at,
      updatedAt: value.updated_at,
    }),
  );

const pullRequest = z
  .object({
    number: z.int(),
    title: text,
    body: text,
    user: person,
    state: z.string(),
    draft: z.boolean().nullish(),
    created_at: text,
    updated_at: z.string(),
    // The fork may be gone.
    head: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.int() }).nullish() }),
    base: z.object({ ref: z.string(), sha: z.string() }),
  })
  .transform(
    (value): PullRequestFacts => ({
      number: value.number,
      title: value.title,
      body: value.body,
      author: value.user,
      isOpen: value.state === "open",
      isPullRequest: true,
      isDraft: value.draft ?? false,
      createdAt: value.created_at,
      updatedAt: value.updated_at,
      head: { ref: value.head.ref, oid: value.head.sha, repositoryId: value.head.repo?.id ?? null },
      base: { ref: value.base.ref, oid: value.base.sha },
    }),
  );

const commentMembers = {
  id: z.int(),
  body: text,
  user: person,
  performed_via_github_app: z.object({ id: z.int() }).nullish(),
  html_url: text,
  created_at: z.string(),
  updated_at: z.string(),
};

function commentFacts(value: z.infer<z.ZodObject<typeof commentMembers>>): CommentFacts {
  const { id, body, user: author, html_url: url, created_at: createdAt, updated_at: updatedAt } = value;
  return { id, body, author, viaAppId: value.performed_via_github_app?.id ?? null, url, createdAt, updatedAt };
}

function commonOf({ installation, repository, sender }: z.infer<typeof common>): Common {
  const { id, name, owner } = repository;
  return {
    installationId: installation.id,
    ownerId: owner.id,
    repository: { id, owner: owner.login, name, defaultBranch: repository.default_branch, isPrivate: repository.private },
    sender,
  };
}

interface Read {
  event: GitHubEvent;
  /** Whose check run it is; null for what belongs to no App. */
  app: number | null;
}

const own = (event: GitHubEvent): Read => ({ event, app: null });

/** By the name of the event in `X-GitHub-Event`. An edited comment is none that was said: only `created` is read. */
const readers: Readonly<Record<string, z.ZodType<Read>>> = {
  issue_comment: common
    .extend({ action: z.literal("created"), issue, comment: z.object(commentMembers) })
    .transform((value) =>
      own({ ...commonOf(value), type: "commentCreated", issue: value.issue, comment: commentFacts(value.comment) }),
    ),
  pull_request_review_comment: common
    .extend({
      action: z.literal("created"),
      pull_request: pullRequest,
      comment: z.object({
        ...commentMembers,
        path: z.string(),
        line: z.int().nullish(),
        side: z.string().nullish(),
        diff_hunk: text,
        commit_id: z.string(),
      }),
    })
    .transform((value) => {
      const { path, line = null, side, diff_hunk: diffHunk, commit_id: commitOid } = value.comment;
      const comment = { ...commentFacts(value.comment), path, line, side: side ?? "RIGHT", diffHunk, commitOid };
      return own({ ...commonOf(value), type: "reviewCommentCreated", pullRequest: value.pull_request, comment });
    }),
  pull_request_review: common
    .extend({
      action: z.enum(["submitted", "dismissed"]),
      pull_request: pullRequest,
      review: z.object({
        id: z.int(),
        state: z.string(),
        commit_id: z.string(),
        body: text,
        user: person,
        submitted_at: z.string().nullish(),
      }),
    })
    .transform((value) => {
      const { id, state, commit_id: commitOid, body, user: author, submitted_at } = value.review;
      return own({
        ...commonOf(value),
        type: value.action === "submitted" ? "reviewSubmitted" : "reviewDismissed",
        pullRequest: value.pull_request,
        review: { id, state: state.toLowerCase(), commitOid, body, author, submittedAt: submitted_at ?? "" },
      });
    }),
  pull_request: common
    .extend({ action: z.enum(pullRequestActions), pull_request: pullRequest, label, assignee: person })
    .transform((value) => {
      const { action, pull_request, label, assignee } = value;
      return own({ ...commonOf(value), type: "pullRequestChanged", action, pullRequest: pull_request, label, assignee });
    }),
  issues: common.extend({ action: z.enum(issueActions), issue, label, assignee: person }).transform((value) => {
    const { action, issue, label, assignee } = value;
    return own({ ...commonOf(value), type: "issueChanged", action, issue, label, assignee });
  }),
  check_run: common
    .extend({
      action: z.enum(["requested_action", "rerequested"]),
      check_run: z.object({
        id: z.int(),
        name: z.string(),
        head_sha: z.string(),
        external_id: text,
        app: z.object({ id: z.int() }),
      }),
      requested_action: z.object({ identifier: z.string() }).nullish(),
    })
    .transform((value) => {
      const { id, name, head_sha: headOid, external_id: externalId, app } = value.check_run;
      const checkRun = { id, name, headOid, externalId };
      const identifier = value.requested_action?.identifier ?? "";
      return {
        event: { ...commonOf(value), type: "checkRunRequested", action: value.action, checkRun, identifier },
        app: app.id,
      };
    }),
  installation: z
    .object({
      action: z.enum(["created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"]),
      installation: z.object({ id: z.int(), account: z.object({ id: z.int() }), app_id: z.int(), updated_at: moment }),
    })
    .transform(({ action, installation: { id: installationId, account, app_id: app, updated_at: updatedAt } }) => ({
      event: { type: "installationChanged", installationId, ownerId: account.id, action, updatedAt },
      app,
    })),
};

/**
 * The same for every delivery that tells of one happening: a repository's own hook beside the App's gives it another GUID. `isClick`:
 * the happening has no time of its own, and the same key later is another one.
 */
export function semanticKey(event: RepositoryEvent): { key: string; isClick: boolean } {
  const key = (...parts: (string | number)[]) => ({ key: parts.join(":"), isClick: false });
  switch (event.type) {
    case "commentCreated":
      return key("issue_comment", event.comment.id, event.comment.updatedAt, "created");
    case "reviewCommentCreated":
      return key("pull_request_review_comment", event.comment.id, event.comment.updatedAt, "created");
    case "reviewSubmitted":
    case "reviewDismissed":
      return key("pull_request_review", event.review.id, event.review.submittedAt, event.type);
    case "pullRequestChanged": {
      const { number, updatedAt, head } = event.pullRequest;
      return key("pull_request", number, updatedAt, head.oid, event.action, event.label, event.assignee?.id ?? "");
    }
    case "issueChanged":
      return key("issues", event.issue.number, event.issue.updatedAt, event.action, event.label, event.assignee?.id ?? "");
    case "checkRunRequested": {
      const parts = ["check_run", event.checkRun.id, event.action, event.identifier, event.sender?.id ?? ""];
      return { key: parts.join(":"), isClick: true };
    }
    default:
      return event satisfies never;
  }
}
