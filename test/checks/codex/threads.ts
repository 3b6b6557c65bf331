/** Threads come and go: back by id, by the picker and as the last one, new ones, put away, brought back, deleted, seen from above. */
import { must } from "./conditions.ts";
import { numbers } from "./conversation.ts";
import { composer, type Stage } from "./stage.ts";

/** Goes on with the threads of the stories before it. */
export async function threads(stage: Stage): Promise<void> {
  const { wire } = stage;
  const [first, second] = ["say the first thread", "say the second thread"];
  let [firstId, secondId] = ["", ""];

  await stage.step("quits, and says how to come back", async () => {
    await stage.enterNewThread();
    firstId = stage.threadId;
    await stage.prompt(first);
    await stage.terminal.waitFor(/^• the first thread$/m);
    await stage.prompt("count 20");
    await stage.turnCompleted("completed");
    await stage.terminal.waitFor(`· ${first}`);
    await stage.command("/quit");
    const left = await stage.terminal.waitForEnd();
    must(left.includes(`codex --remote ${stage.recorder.wsUrl}/ resume ${firstId}`), `it left:\n${left}`);
  });

  await stage.step("resumes by id with the whole history on the screen, and goes on", async () => {
    await stage.enterThread(firstId, `• ${numbers(20)}`);
    await stage.save("resumed");
    const shown = await stage.history();
    for (const line of [`› ${first}`, "• the first thread", "› count 20", `• ${numbers(20)}`]) {
      must(shown.includes(line), `the history lacks "${line}":\n${shown}`);
    }
    await stage.prompt("say still here");
    await stage.terminal.waitFor(/^• still here$/m);
    await stage.turnCompleted("completed");
    must(stage.threadId === firstId, "the client went on with another thread");
  });

  await stage.step("/new begins another thread and leaves the old one", async () => {
    await stage.command("/new");
    await stage.until("another thread", () => stage.threadId !== firstId);
    secondId = stage.threadId;
    await stage.terminal.waitFor((screen) => screen.includes(composer) && !screen.includes("still here"));
    const left = wire.asked("thread/unsubscribe").some((each) => wire.paramsOf(each).threadId === firstId);
    must(left, "the client did not leave the old thread");
    await stage.prompt(second);
    await stage.terminal.waitFor(/^• the second thread$/m);
    await stage.turnCompleted("completed");
    await stage.terminal.waitFor(`· ${second}`);
  });

  await stage.step("/resume shows the threads, and takes the one that is picked", async () => {
    await stage.command("/resume");
    const picker = await stage.terminal.waitFor(
      (screen) => screen.includes("Resume a previous session") && screen.includes(first),
    );
    must(picker.includes(second), `the picker lacks the newest thread:\n${picker}`);
    await stage.save("resume-picker");
    await pick(stage, first, second);
    await stage.terminal.waitFor(/^• still here$/m);
    await stage.until("the thread that was picked", () => stage.threadId === firstId);
    // Threads are ordered by whole seconds: two that changed in the same one have no order that a person could know.
    const changedAt = await updatedAt(stage, secondId);
    await stage.until("the second after the other thread's last change", () => Math.floor(Date.now() / 1_000) > changedAt);
    await stage.prompt("say picked");
    await stage.terminal.waitFor(/^• picked$/m);
    await stage.turnCompleted("completed");
  });

  await stage.step("codex resume --last comes back to the thread of the last turn", async () => {
    await stage.enter("resume", "--last");
    await stage.terminal.waitFor(/^• picked$/m, 60_000);
    must(stage.threadId === firstId, "another thread came back");
  });

  await stage.step("codex resume shows the picker at the start", async () => {
    await stage.enter("resume");
    await stage.terminal.waitFor((screen) => screen.includes("Resume a previous session") && screen.includes(first), 60_000);
    await pick(stage, second, first);
    await stage.terminal.waitFor(/^• the second thread$/m);
    must(stage.threadId === secondId, "another thread came back");
  });

  await stage.step("codex archive puts a thread away", async () => {
    // A client that shows a thread lets go of it for good when it is put away.
    await stage.leave();
    await runs(stage, ["archive", secondId], /^Archived session .*$/m);
    must(!(await listed(stage, false)).includes(secondId), "it is still in the list");
    must((await listed(stage, true)).includes(secondId), "it is not among those put away");
  });

  await stage.step("codex unarchive brings it back", async () => {
    await runs(stage, ["unarchive", secondId], /^Unarchived session .*$/m);
    must((await listed(stage, false)).includes(secondId), "it is not in the list");
    await stage.enterThread(secondId, "• the second thread");
    await stage.prompt("say back from the archive");
    await stage.terminal.waitFor(/^• back from the archive$/m);
    await stage.turnCompleted("completed");
  });

  await stage.step("codex queue gives a thread at rest its next turn, which shows where the thread is open", async () => {
    await runs(
      stage,
      ["queue", "--thread", secondId, "--message", "say sent from outside"],
      /^Queued message .* for thread .*$/m,
    );
    const screen = await stage.terminal.waitFor(/^• sent from outside$/m);
    must(screen.includes("› say sent from outside"), `the message does not show:\n${screen}`);
  });

  await stage.step("codex queue lets a turn end before its message comes", async () => {
    await stage.prompt("count 40");
    await stage.streams();
    await runs(stage, ["queue", "--thread", secondId, "--message", "say after the count"], /^Queued message .* for thread .*$/m);
    const screen = await stage.terminal.waitFor(/^• after the count$/m);
    must(screen.includes(`• ${numbers(40)}`), `the turn before did not go to its end:\n${screen}`);
    await stage.turnCompleted("completed");
  });

  await stage.step("codex agents shows the account's threads, and opens one", async () => {
    await stage.enter("agents");
    const sight = (screen: string) =>
      screen.includes("Agent command center") && screen.includes(second) && screen.includes(first);
    await stage.terminal.waitFor(sight, 60_000);
    await stage.save("agents");
    await stage.terminal.press("Enter");
    await stage.terminal.waitFor(composer);
    await stage.until("an opened thread", () => stage.openedThread()?.connection === wire.connections);
  });

  await stage.step("codex delete asks, and deletes a thread for good", async () => {
    await stage.leave();
    const deleting = await stage.openBeside("delete", secondId);
    await deleting.waitFor((screen) => /^Permanently delete session /m.test(screen) && screen.includes(secondId), 60_000);
    await deleting.type("y");
    await deleting.press("Enter");
    const said = await deleting.waitForEnd();
    await deleting.close();
    await stage.save("delete", said);
    must(/^Deleted session /m.test(said), `it said:\n${said}`);
    for (const archived of [false, true]) must(!(await listed(stage, archived)).includes(secondId), "it is still in a list");
    const again = await stage.home.run("resume", secondId, "--remote", stage.recorder.wsUrl);
    must(again.exitCode !== 0, "a deleted thread can be resumed");
  });
}

/** Searches the picker until only the wanted thread is left, and takes it. */
async function pick({ terminal }: Stage, wanted: string, other: string): Promise<void> {
  await terminal.type(wanted);
  await terminal.waitFor((screen) => screen.includes(wanted) && !screen.includes(other) && /^ *› .*say the /m.test(screen));
  await terminal.press("Enter");
}

async function runs(stage: Stage, parameters: string[], said: RegExp): Promise<void> {
  const { exitCode, output } = await stage.home.run(...parameters, ...stage.entrance.parameters);
  await stage.save(parameters[0] ?? "", output);
  must(exitCode === 0 && said.test(output), `codex ${parameters.join(" ")} ended with ${exitCode} and said:\n${output}`);
}

/** Unix seconds. */
function updatedAt(stage: Stage, threadId: string): Promise<number> {
  return stage.withProbe(async (probe) => (await probe.request("thread/read", { threadId })).thread.updatedAt);
}

function listed(stage: Stage, archived: boolean): Promise<string[]> {
  return stage.withProbe(async (probe) => {
    const { data } = await probe.request("thread/list", { archived, limit: 100 });
    return data.map(({ id }: { id: string }) => id);
  });
}
