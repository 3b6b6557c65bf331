/** Whose the threads of a repository are. */

/**
 * The account at GitHub that owns the repository and so installed the App, by its number, because names pass on. A person sees these
 * threads with a credential of this subject. Example: 583231 → `github%3A583231`
 */
export function accountOfOwner(ownerId: number): string {
  return encodeURIComponent(`github:${ownerId}`);
}
