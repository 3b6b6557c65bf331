/** Decisions as stories tell them: the lines that declare them, and what of them is heard. */
import type { Client, Wire } from "./client.ts";
import { inThread } from "./story.ts";

/** patch is best as long as A1 is likely; the probe can tell that it is not. */
export const probing = `assume A1 p=0.7 kind=code_fact: a.txt says yes
action patch cost=0.10 gain[A1]=0.9 gain[!A1]=-0.6: say patched
action guard cost=0.05 gain=0.35: say guarded
probe Q on=A1 se=0.95 sp=0.95 cost=0.03: grep -q yes a.txt
decide
say end`;

/** rename is a little better than keep, and only the person knows. */
export const asking = `assume A1 p=0.55 kind=user_intent: the person wants it renamed
action rename cost=0.05 gain[A1]=0.9 gain[!A1]=-0.6: say renamed
action keep cost=0.05 gain[A1]=-0.3 gain[!A1]=0.5: say kept
ask U on=A1 se=0.98 sp=0.98 cost=0.12: Shall I rename it?
decide
say end`;

export const irreversible = `assume A1 p=0.8 kind=env_fact: nobody else uses the branch
action push cost=0.05 gain[A1]=0.9 gain[!A1]=-0.5 irreversible: say pushed
action stop cost=0.01 gain=0.1: say stopped
decide
say end`;

export const asksPerson = "item/tool/requestUserInput";
export const asksAction = "item/commandExecution/requestApproval";

export function updates(client: Client): Wire[] {
  return client.frames.filter(({ method }) => method === "spindle/decisionTree/updated").map(({ params }) => params);
}

export function messages(client: Client): string[] {
  return client.frames
    .filter(({ method, params }) => method === "item/completed" && params.item.type === "agentMessage")
    .map(({ params }) => params.item.text);
}

export async function readTree(client: Client, params: Record<string, unknown> = {}): Promise<Wire> {
  return (await client.request("spindle/decisionTree/read", { threadId: client.threadId, ...params })).tree;
}

/** What the model was answered to its last declaration. */
export async function toldToModel(threadId: string): Promise<Wire> {
  const outputs = await inThread(threadId, ({ log }) =>
    Array.from(log.frames(0), (frame) => frame.private?.modelItems ?? [])
      .flat()
      .filter(({ type }) => type === "function_call_output")
      .map(({ output }) => String(output)),
  );
  return JSON.parse(outputs.at(-1) ?? "null");
}
