/** Who may do what in a repository, as GitHub's permission API says: never by `author_association`, which is wrong for private members. */
import { githubApiLimits } from "#core/limits";
import type { Person } from "#github/event";
import { orNull } from "#github/failure";
import type { GitHubCalls } from "#github/installation";

export type RepositoryPermission = "admin" | "maintain" | "write" | "triage" | "read" | "none";

const known: readonly string[] = ["admin", "maintain", "write", "triage", "read"];

export class Permissions {
  private readonly now: () => number;
  private readonly cache = new Map<number, { permission: RepositoryPermission; untilMs: number }>();

  constructor(now: () => number) {
    this.now = now;
  }

  /**
   * `fresh` for whatever lands something; else an answer up to a minute old will do. By id: a login can pass to somebody else. Throws
   * when GitHub does not say, which is a no.
   */
  async of(person: Person, calls: GitHubCalls, { fresh }: { fresh: boolean }): Promise<RepositoryPermission> {
    const cached = this.cache.get(person.id);
    if (!fresh && cached && cached.untilMs > this.now()) return cached.permission;
    this.cache.delete(person.id);
    const permission = await this.ask(person, calls);
    this.cache.set(person.id, { permission, untilMs: this.now() + githubApiLimits.permissionCacheMs });
    return permission;
  }

  private async ask({ id, login }: Person, calls: GitHubCalls): Promise<RepositoryPermission> {
    const route = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";
    const answer = await orNull(calls.gh(route, { username: login }));
    if (answer === null || answer.user?.id !== id) return "none";
    // `permission` knows no `maintain` and `triage`, and `role_name` may be a role of the organization's own making.
    const role = known.includes(answer.role_name) ? answer.role_name : answer.permission;
    return known.includes(role) ? (role as RepositoryPermission) : "none";
  }
}

/** Who may start turns, steer them, and approve. */
export function mayWrite(permission: RepositoryPermission): boolean {
  return permission === "admin" || permission === "maintain" || permission === "write";
}
