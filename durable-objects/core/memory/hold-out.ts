/** Threads that go without the memory, so that it can be seen whether it helps. */

export type Arm = "memory" | "none";

/**
 * Share of threads without memory, by outcomes seen in the scope: an even split until an effect of ten points shows, then less, because each
 * held-out turn is a turn not helped. Below a tenth, harm would be noticed too late (`npm run eval:memory`, the table of delays).
 */
export function holdOutShare(outcomes: number): number {
  if (outcomes < 2_000) return 0.5;
  return outcomes < 10_000 ? 0.2 : 0.1;
}

/**
 * Assigned per thread, because the turns of a thread learn from each other. The caller keeps the answer with the thread: a thread that changed
 * its arm half-way would belong to neither. `epoch` changes when the assignment shall be thrown anew.
 */
export function armOf(thread: { threadId: string; scopeKey: string; epoch: number }, share: number): Arm {
  return fraction(`${thread.threadId}\n${thread.scopeKey}\n${thread.epoch}`) < share ? "none" : "memory";
}

/** In [0, 1). FNV-1a (Fowler, Noll, Vo), then the finish of MurmurHash3 (Appleby), because FNV's high bits move too little on like endings. */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
