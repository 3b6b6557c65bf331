/** What GitHub answered instead of what was asked for, and what that means for another attempt. */

export type GitHubFailure =
  /** 401: the token has expired or was revoked, or the App is not what it was. */
  | { type: "unauthorized" }
  /** 403 or 429 for too many requests, the primary limit or a secondary one. */
  | { type: "rateLimited"; retryAfterMs: number }
  /** 403 for any other reason: the App lacks the permission, or the repository is archived. */
  | { type: "forbidden"; message: string }
  | { type: "notFound" }
  | { type: "conflict"; message: string }
  | { type: "unprocessable"; message: string }
  /** 5xx, a connection that failed, an answer that was cut: it may have happened or not. */
  | { type: "unavailable"; reason: string }
  /** No answer in time: it may have happened or not. */
  | { type: "timedOut" }
  /** GitHub and this code do not understand each other. */
  | { type: "unexpected"; reason: string };

export class GitHubError extends Error {
  readonly failure: GitHubFailure;

  constructor(route: string, failure: GitHubFailure) {
    super(`${route}: ${JSON.stringify(failure)}`);
    this.failure = failure;
  }
}

/** Whether the same may be tried again without anybody having done anything. */
export function isPassing({ type }: GitHubFailure): boolean {
  return type === "unavailable" || type === "timedOut" || type === "rateLimited" || type === "unauthorized";
}

/** Runs `work`; null when what it looks for is not there. */
export async function orNull<Result>(work: Promise<Result>): Promise<Result | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof GitHubError && error.failure.type === "notFound") return null;
    throw error;
  }
}
