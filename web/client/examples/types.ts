/** What TypeScript knows of the library, in a project of its own. */
import { createClient, type Frame, patchLines, RequestError, type Thread, type ThreadItem } from "@spindle/client";

const client = createClient({ url: "ws://127.0.0.1:8787", clientInfo: { name: "types", version: "1" } });

export async function firstQuestion(): Promise<string> {
  const thread = await client.startThread({ cwd: "/workspace", approvalPolicy: "on-request" });
  const stop = thread.subscribe((_, frame: Frame | null) => {
    if (frame?.method === "item/agentMessage/delta") console.log(frame.params.delta);
  });
  const state: Thread = await thread.until(({ requests }) => requests.length > 0);
  stop();
  const [request] = state.requests;
  if (request?.method === "item/commandExecution/requestApproval") return request.params.command;
  const items: ThreadItem[] = state.turns.flatMap((turn) => turn.items);
  const change = items.find((item) => item.type === "fileChange");
  return patchLines(change?.proposal?.diff ?? "")[0]?.text ?? "";
}

export async function titles(): Promise<string[]> {
  try {
    const { data } = await client.request("thread/list", { limit: 10 });
    return data.map(({ name, preview }) => name ?? preview);
  } catch (error) {
    if (error instanceof RequestError) return [error.message];
    throw error;
  }
}

// @ts-expect-error: no such method
void client.request("thread/fly", {});
// @ts-expect-error: a limit is a number
void client.request("thread/list", { limit: "ten" });
