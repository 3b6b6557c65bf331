import type { ThreadHandle } from "#client/thread-handle";

export function Decisions({ thread }: { thread: ThreadHandle }) {
  return <p class="notice">{thread.id}</p>;
}
