/**
 * What one job may do in one repository, and for as long as it lasts: tokens for this repository only, each with no more than the
 * permissions of what it is used for, made when first needed and revoked when the job ends.
 */
import { type ApiCall, gh, ghGraphql, ghPages } from "#github/api";
import { appJwt } from "#github/app-token";
import { GitHubError } from "#github/failure";
import type { Answer, Params, Route } from "#github/routes";

export interface RepositoryPlace {
  installationId: number;
  repositoryId: number;
  owner: string;
  repo: string;
}

export type Permissions = NonNullable<Params<"POST /app/installations/{installation_id}/access_tokens">["permissions"]>;

export interface GitHubHost {
  /** The operator's variables, among them the key that `app-token.ts` reads. */
  environment: object;
  appId: number;
  apiUrl: string;
  fetch: typeof fetch;
  /** Unix milliseconds. */
  now(): number;
  /** Aborts after so many milliseconds. */
  deadline(milliseconds: number): AbortSignal;
  report(event: string, details: Record<string, unknown>): void;
}

/** Everything but the path's owner and repository, which are the job's. */
type Own<Name extends Route> = Omit<Params<Name>, "owner" | "repo">;

/** Requests with the permissions of one purpose. */
export interface GitHubCalls {
  readonly place: RepositoryPlace;
  gh<Name extends Route>(route: Name, params: Own<Name>): Promise<Answer<Name>>;
  ghPages<Name extends Route, Item>(
    route: Name,
    params: Own<Name>,
    pages: { itemsOf: (answer: Answer<Name>) => Item[]; isOver?: (items: Item[]) => boolean },
  ): Promise<Item[]>;
  graphql(name: string, query: string, variables: object): Promise<unknown>;
}

/** A call as the App itself. */
export async function asApp(host: GitHubHost): Promise<ApiCall> {
  return callWith(host, await appJwt(host.environment, { appId: host.appId, nowMs: host.now() }));
}

function callWith({ apiUrl, fetch, now, deadline }: GitHubHost, token: string, deliveryId: string | null = null): ApiCall {
  return { apiUrl, fetch, now, deadline, token, deliveryId };
}

export class InstallationJob {
  private readonly github: () => GitHubHost;
  private readonly place: RepositoryPlace;
  private readonly tokens = new Map<string, string>();

  /** `github` throws when GitHub is not configured, which matters only to a job that asks it something. */
  constructor(github: () => GitHubHost, place: RepositoryPlace) {
    this.github = github;
    this.place = place;
  }

  /** `deliveryId` goes with every request, so that GitHub's people find what caused it. */
  calls(permissions: Permissions, deliveryId: string | null = null): GitHubCalls {
    const { place } = this;
    const { owner, repo } = place;
    const within = <Result>(work: (call: ApiCall) => Promise<Result>) => this.withToken(permissions, deliveryId, work);
    const full = <Name extends Route>(params: Own<Name>) => ({ owner, repo, ...params }) as unknown as Params<Name>;
    return {
      place,
      gh: (route, params) => within((call) => gh(call, route, full(params))),
      ghPages: (route, params, pages) => within((call) => ghPages(call, route, full(params), pages)),
      graphql: (name, query, variables) => within((call) => ghGraphql(call, name, query, variables)),
    };
  }

  /** A token that cannot be revoked ends by itself within the hour, and nobody has it. */
  async end(): Promise<void> {
    const tokens = [...this.tokens.values()];
    this.tokens.clear();
    for (const token of tokens) await this.revoke(token);
  }

  /** A token may have expired or been revoked since: a new one is made once, and no more, because then something else is wrong. */
  private async withToken<Result>(
    permissions: Permissions,
    deliveryId: string | null,
    work: (call: ApiCall) => Promise<Result>,
  ): Promise<Result> {
    const name = JSON.stringify(Object.entries(permissions).sort());
    const known = this.tokens.get(name);
    const call = (token: string) => callWith(this.github(), token, deliveryId);
    try {
      return await work(call(known ?? (await this.mint(name, permissions))));
    } catch (error) {
      const isExpired = error instanceof GitHubError && error.failure.type === "unauthorized";
      if (!isExpired || !this.tokens.has(name)) throw error;
      return work(call(await this.mint(name, permissions)));
    }
  }

  private async mint(name: string, permissions: Permissions): Promise<string> {
    this.tokens.delete(name);
    const { installationId, repositoryId } = this.place;
    const made = gh(await asApp(this.github()), "POST /app/installations/{installation_id}/access_tokens", {
      installation_id: installationId,
      repository_ids: [repositoryId],
      permissions,
    });
    const { token } = await made.catch((error: unknown) => {
      throw asNoAccess(error);
    });
    this.tokens.set(name, token);
    return token;
  }

  private async revoke(token: string): Promise<void> {
    try {
      await gh(callWith(this.github(), token), "DELETE /installation/token", {});
    } catch (error) {
      this.github().report("tokenNotRevoked", { error: String(error) });
    }
  }
}

/** That the App has no token says nothing of what was asked for: a branch is not gone by it, and has not moved. */
function asNoAccess(error: unknown): unknown {
  if (!(error instanceof GitHubError)) return error;
  const { type } = error.failure;
  if (type !== "notFound" && type !== "conflict" && type !== "unprocessable") return error;
  return new GitHubError("access_tokens", { type: "forbidden", message: `the App gets no token: ${type}` });
}
