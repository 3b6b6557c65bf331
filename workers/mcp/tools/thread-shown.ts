/** A thread as tools show it. */
import * as z from "zod";
import type { WireThread } from "#protocol/thread";
import { isoTime } from "../tool.ts";

export const shownThread = z.object({
  threadId: z.string(),
  title: z.string().describe("Its name, else the beginning of its first message"),
  status: z.enum(["idle", "running", "waitingOnApproval", "waitingOnUserInput", "failed"]),
  cwd: z.string(),
  repository: z.string().nullable().describe("The Git remote that the thread belongs to"),
  createdAt: z.string(),
  updatedAt: z.string(),
});

const titleCharactersMax = 200;

export function showThread(thread: Omit<WireThread, "turns">): z.infer<typeof shownThread> {
  return {
    threadId: thread.id,
    title: (thread.name ?? thread.preview).slice(0, titleCharactersMax),
    status: statusOf(thread.status),
    cwd: thread.cwd,
    repository: thread.gitInfo?.originUrl ?? null,
    createdAt: isoTime(thread.createdAt),
    updatedAt: isoTime(thread.updatedAt),
  };
}

function statusOf(status: WireThread["status"]): z.infer<typeof shownThread>["status"] {
  switch (status.type) {
    case "active":
      return status.activeFlags[0] ?? "running";
    case "systemError":
      return "failed";
    case "idle":
    case "notLoaded":
      return "idle";
    default:
      return status satisfies never;
  }
}
