/** What an effect needs to happen once, however often it is tried. */
import type { EffectAction, EffectResult } from "#github/effect";
import type { GitHubCalls, Permissions } from "#github/installation";

export type ActionOf<Type extends EffectAction["type"]> = Extract<EffectAction, { type: Type }>;

export interface Performance {
  /** A UUID that stands in what is made where GitHub itself would make it twice. Nobody can know it before. */
  id: string;
  /** An earlier attempt ended without an answer: what is to be made may be there. */
  isUncertain: boolean;
  createdAtMs: number;
  /** What an earlier attempt wrote down. */
  progress: string | null;
  saveProgress(progress: string): void;
  calls(permissions: Permissions): GitHubCalls;
  app: OwnApp;
  /** The id and result of the effect that this one builds on. */
  base: { id: string; result: EffectResult } | null;
  /** The content of a commit's file by its git id. */
  blob(oid: string): Uint8Array;
}

/** Us, at GitHub. */
export interface OwnApp {
  id: number;
  slug: string;
}

/** No person can have a login that ends with `[bot]`. */
export function isUs({ login, type }: { login?: string; type?: string }, { slug }: OwnApp): boolean {
  return type === "Bot" && login === `${slug}[bot]`;
}

/** What a text says of its author is anybody's word; who wrote it is GitHub's. */
export function isByUs(
  made: { user?: { login?: string; type?: string } | null; performed_via_github_app?: { id?: number } | null },
  app: OwnApp,
): boolean {
  return made.performed_via_github_app?.id === app.id || (made.user != null && isUs(made.user, app));
}
