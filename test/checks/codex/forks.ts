/** A thread goes on in two. */
import { must } from "./conditions.ts";
import { composer, type Stage } from "./stage.ts";

export async function forks(stage: Stage): Promise<void> {
  const { wire } = stage;
  let original = "";

  await stage.step("/fork goes on in another thread, with the history and the files of this one", async () => {
    await stage.enterNewThread();
    original = stage.threadId;
    await stage.prompt("write notes.txt: alpha");
    await stage.terminal.waitFor("Would you like to make the following edits?");
    await stage.terminal.press("y");
    await stage.turnCompleted("completed");
    await stage.command("/fork");
    await stage.until("the fork", () => stage.threadId !== original);
    await stage.terminal.waitFor((screen) => screen.includes(composer) && /forked/i.test(screen));
    must((await stage.readFile("notes.txt")) === "alpha\n", "the fork lacks the file");
    await stage.prompt("say only in the fork");
    await stage.terminal.waitFor(/^• only in the fork$/m);
    await stage.turnCompleted("completed");
    const forked = wire.asked("thread/fork").at(-1);
    must(
      forked !== undefined && wire.resultTo(forked).thread.forkedFromId === original,
      "the fork does not say where it comes from",
    );
  });

  await stage.step("codex fork begins with a fork of the thread that is named", async () => {
    await stage.enter("fork", original);
    await stage.terminal.waitFor((screen) => screen.includes(composer) && screen.includes("› write notes.txt: alpha"), 60_000);
    await stage.until("the fork", () => stage.openedThread()?.connection === wire.connections && stage.threadId !== original);
    must(!(await stage.terminal.screen()).includes("only in the fork"), "the fork holds what only the other fork said");
    await stage.prompt("say another fork");
    await stage.terminal.waitFor(/^• another fork$/m);
    await stage.turnCompleted("completed");
  });

  await stage.step("/side answers beside the thread, and leaves it as it was", async () => {
    await stage.enterThread(original, "• Done.");
    await stage.command("/side say aside");
    await stage.terminal.waitFor(/^• aside$/m);
    await stage.save("side");
    await stage.terminal.press("C-c");
    await stage.terminal.waitFor((screen) => screen.includes(composer) && !/^• aside$/m.test(screen));
    const { thread } = await stage.withProbe((probe) => probe.request("thread/read", { threadId: original, includeTurns: true }));
    must(thread.turns.length === 1, `the thread holds ${thread.turns.length} turns`);
  });
}
