/** When what one thread, repository or account learnt may be told to a wider circle. */
import type { Draft, Fragment } from "#core/memory/fragment";

/** Different threads, and different accounts, that have to have learnt the same. Ours: one careless or hostile voice is not enough. */
const threadsMin = 3;
export const accountsMin = 3;

/**
 * The draft for the account's scope, or null. `alike` are fragments of one account that say nearly the same (see `terms.ts`), the best first. Text of
 * tools and repositories never goes up.
 */
export function promotedToAccount(alike: readonly Fragment[]): Draft | null {
  const sound = alike.filter(isSound);
  const threads = new Set(sound.flatMap(({ provenance }) => provenance.filter(isWitnessed).map(({ threadId }) => threadId)));
  const [best] = sound;
  if (!best || threads.size < threadsMin || new Set(sound.map(({ account }) => account)).size !== 1) return null;
  return draftOf(best, best.provenance);
}

/**
 * The draft for everybody, or null. `alike` are fragments of accounts' scopes; only those of accounts that opted in count. Nothing that names a
 * thread or turn goes along.
 */
export function promotedToAll(alike: readonly Fragment[], optedIn: ReadonlySet<string>): Draft | null {
  const sound = alike.filter(
    (fragment) => isSound(fragment) && fragment.scope.type === "account" && optedIn.has(fragment.account),
  );
  const [best] = sound;
  return best && new Set(sound.map(({ account }) => account)).size >= accountsMin ? draftOf(best, []) : null;
}

function isSound({ state, trust, kind }: Fragment): boolean {
  return state === "active" && trust !== "toolText" && kind !== "metaprompt";
}

/** A judge alone vouches for nothing. */
function isWitnessed({ evidence }: { evidence: "tests" | "user" | "judge" }): boolean {
  return evidence !== "judge";
}

/** In the wider circle it starts again as a candidate: what helped here may not help there. */
function draftOf({ kind, title, when, content, keys }: Fragment, provenance: Draft["provenance"]): Draft {
  return { kind, title, when, content, keys, trust: "agent", provenance };
}
