import type { ThreadHandle } from "#client/thread-handle";

export function Files({ thread }: { thread: ThreadHandle }) {
  return <p class="notice">{thread.id}</p>;
}
