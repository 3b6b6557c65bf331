/** What GitHub's permission API answers about a person, for `permit` to judge. It is the only thing that does. */
import type { PermissionReply } from "#core/github/permission";
import { githubApiLimits } from "#core/limits";
import type { Person } from "#github/event";
import { orNull } from "#github/failure";
import type { GitHubCalls } from "#github/installation";

export class Permissions {
  private readonly now: () => number;
  private readonly cache = new Map<number, { reply: PermissionReply; untilMs: number }>();

  constructor(now: () => number) {
    this.now = now;
  }

  /**
   * `fresh` for whatever lands something; else an answer up to a minute old will do. Throws when GitHub does not say, and then nothing
   * follows from what the person did.
   */
  async of(person: Person, calls: GitHubCalls, { fresh }: { fresh: boolean }): Promise<PermissionReply> {
    const cached = this.cache.get(person.id);
    if (!fresh && cached && cached.untilMs > this.now()) return cached.reply;
    this.cache.delete(person.id);
    const reply = await ask(person, calls);
    this.cache.set(person.id, { reply, untilMs: this.now() + githubApiLimits.permissionCacheMs });
    return reply;
  }
}

async function ask({ login }: Person, calls: GitHubCalls): Promise<PermissionReply> {
  const route = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";
  const body = await orNull(calls.gh(route, { username: login }));
  return body === null ? { status: 404, body: null } : { status: 200, body };
}
