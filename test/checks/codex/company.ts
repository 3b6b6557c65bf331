/** More than one client on the same thread. */
import type { ProbeClient, ProbeMessage } from "../probe-client.ts";
import { commandMenu, editsMenu, holds } from "./approvals.ts";
import { must } from "./conditions.ts";
import type { Stage } from "./stage.ts";

export async function company(stage: Stage): Promise<void> {
  await stage.step("what another client says shows, with its answer", async () => {
    await stage.enterThread(await stage.beginElsewhere("untrusted", "say begun elsewhere"), "• begun elsewhere");
    const { threadId } = stage;
    await stage.withProbe((probe) =>
      probe.request("turn/start", { threadId, input: [{ type: "text", text: "say said elsewhere" }] }),
    );
    const screen = await stage.terminal.waitFor(/^• said elsewhere$/m);
    must(screen.includes("› say said elsewhere"), `the other's message does not show:\n${screen}`);
  });

  await stage.step("another client accepts a file change, and the menu goes away", async () => {
    await stage.prompt("run echo shared | tee shared.txt");
    await stage.terminal.waitFor(commandMenu);
    await stage.terminal.press("y");
    await stage.terminal.waitFor(editsMenu);
    await answerBeside(stage, "item/fileChange/requestApproval", "accept");
    await menuGone(stage, editsMenu);
    await stage.turnCompleted("completed");
    await holds(stage, "shared.txt", "shared\n");
  });

  await stage.step("another client refuses a command, and the menu goes away", async () => {
    await stage.prompt("run touch refused.txt");
    await stage.terminal.waitFor(commandMenu);
    await answerBeside(stage, "item/commandExecution/requestApproval", "decline");
    await menuGone(stage, commandMenu);
    await stage.turnCompleted("completed");
    await holds(stage, "refused.txt", null);
  });

  await stage.step("a second terminal accepts a command, and both go on", async () => {
    const { threadId } = stage;
    const beside = await stage.openBeside("resume", threadId);
    try {
      await beside.waitFor("› Ask Codex to do anything", 60_000);
      await stage.prompt("run touch both.txt");
      await stage.terminal.waitFor("$ touch both.txt");
      await beside.waitFor("$ touch both.txt");
      await stage.save("second-terminal", await beside.screen());
      await beside.press("y");
      await beside.waitFor(editsMenu);
      await stage.terminal.waitFor(editsMenu);
      must(!(await stage.terminal.screen()).includes(commandMenu), "the answered menu is still there");
      await beside.press("y");
      await menuGone(stage, editsMenu);
      await stage.turnCompleted("completed");
      for (const terminal of [stage.terminal, beside]) await terminal.waitFor("Ran touch both.txt");
      await holds(stage, "both.txt", "");
    } finally {
      await beside.close();
    }
  });
}

/** A client of our own joins the thread, hears what waits there, and answers it. */
function answerBeside(stage: Stage, method: string, decision: string): Promise<void> {
  const heard: ProbeMessage[] = [];
  return stage.withProbe(
    async (probe: ProbeClient) => {
      await probe.request("thread/resume", { threadId: stage.threadId });
      await stage.until("the request at the other client", () => heard.some((message) => message.method === method));
      const { id } = heard.find((message) => message.method === method) ?? {};
      if (id === undefined) throw new Error("a request has an id");
      probe.answer(id, { decision });
      await stage.until("its end", () => heard.some((message) => message.method === "serverRequest/resolved"));
    },
    { onMessage: (message) => heard.push(message) },
  );
}

async function menuGone({ terminal }: Stage, menu: string): Promise<void> {
  await terminal.waitFor((screen) => !screen.includes(menu));
}
