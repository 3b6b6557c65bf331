/** How a thread stands, where that is worth a word. */
import type { WireThread } from "#protocol/thread";
import { needsPerson } from "../store/thread-list.ts";

export function StatusBadge({ status }: Pick<WireThread, "status">) {
  if (status.type === "systemError") return <span class="badge failed">failed</span>;
  if (status.type !== "active") return null;
  return needsPerson(status) ? <span class="badge asking">needs you</span> : <span class="badge">working</span>;
}
