/** The client's own commands that ask something of the server. */
import { must } from "./conditions.ts";
import type { Stage } from "./stage.ts";

export async function commands(stage: Stage): Promise<void> {
  const { wire } = stage;

  await stage.step("/status says which server, model and thread", async () => {
    await stage.enterNewThread();
    await stage.prompt("write notes.txt: alpha");
    await stage.terminal.waitFor("Would you like to make the following edits?");
    await stage.terminal.press("y");
    await stage.turnCompleted("completed");
    await stage.command("/status");
    const screen = await stage.terminal.waitFor("Token usage:");
    for (const shown of [`Server:              ${stage.recorder.wsUrl}/ (v0.169.0)`, "Rehearsal (no model)", stage.threadId]) {
      must(screen.includes(shown), `/status lacks "${shown}":\n${screen}`);
    }
  });

  await stage.step("/rename names the thread", async () => {
    const name = "a name of my own";
    await stage.command(`/rename ${name}`);
    await stage.terminal.waitFor(`· ${name}`);
    const { thread } = await stage.withProbe((probe) => probe.request("thread/read", { threadId: stage.threadId }));
    must(thread.name === name, `the thread's name is ${thread.name}`);
  });

  await stage.step("/compact makes the model's past shorter, and the talk goes on", async () => {
    await stage.command("/compact");
    await stage.terminal.waitFor("Context compacted");
    must(wire.asked("thread/compact/start").length === 1, "the client did not ask for it");
    await stage.prompt("say after the compaction");
    await stage.terminal.waitFor(/^• after the compaction$/m);
    await stage.turnCompleted("completed");
  });

  await stage.step("/review with words of one's own begins, answers and ends", async () => {
    await stage.command("/review say it looks right");
    await reviewed(stage, { type: "custom", instructions: "say it looks right" });
    const screen = await stage.terminal.screen();
    must(/Code review started: say it looks right/.test(screen), `its beginning does not show:\n${screen}`);
    must(/^• it looks right$/m.test(screen), `its answer does not show:\n${screen}`);
  });

  await stage.step("/review of uncommitted changes is chosen from its menu", async () => {
    await stage.command("/review");
    await stage.terminal.waitFor("Review uncommitted changes");
    await stage.save("review-menu");
    await stage.terminal.press("2");
    await reviewed(stage, { type: "uncommittedChanges" });
  });

  await stage.step("/ps, /mcp and /goal find nothing, and say so", async () => {
    await stage.command("/ps");
    await stage.terminal.waitFor("No background terminals running.");
    await stage.command("/mcp");
    await stage.terminal.waitFor("No MCP servers configured.");
    await stage.command("/goal");
    await stage.terminal.waitFor("No goal is currently set.");
  });
}

async function reviewed(stage: Stage, target: object): Promise<void> {
  const { wire } = stage;
  const exits = () => wire.received("item/completed").filter(({ item }) => item.type === "exitedReviewMode").length;
  const asked = () => wire.asked("review/start");
  await stage.until("the review to begin", () => {
    const last = asked().at(-1);
    return last !== undefined && JSON.stringify(wire.paramsOf(last).target) === JSON.stringify(target);
  });
  await stage.until("the review to end", () => exits() === asked().length);
  await stage.terminal.waitFor(
    (screen) => screen.split("<< Code review finished >>").length > 1 && !/esc to interrupt/.test(screen),
  );
}
