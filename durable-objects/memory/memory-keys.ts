/** Where the memory is published in KV: one key that changes, and shards that never do. An account holds no slash. */

/** Written at most once in 30 s. */
export function manifestKey(account: string): string {
  return `mem/${account}/manifest`;
}

export function shardKey(account: string, hash: string): string {
  return `mem/${account}/s/${hash}`;
}
