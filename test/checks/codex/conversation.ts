/** A person talks with the agent: answers that stream, a title, interrupting, steering, queueing, a plan, a question. */
import { must } from "./conditions.ts";
import type { Stage } from "./stage.ts";

export async function conversation(stage: Stage): Promise<void> {
  const { wire } = stage;

  await stage.step("starts on a remote server, with nothing wrong on the screen", async () => {
    await stage.enterNewThread();
    await stage.terminal.waitFor("Rehearsal (no model)");
    await warningsAreLocal(stage);
  });

  await stage.step("a prompt's answer streams and shows", async () => {
    await stage.prompt("say hello from rehearsal");
    await stage.terminal.waitFor(/^• hello from rehearsal$/m);
    await stage.turnCompleted("completed");
  });

  await stage.step("a slow answer shows while it comes", async () => {
    await stage.prompt("count 20");
    await stage.streams();
    const arrived = stage.deltasOfLastTurn().length;
    must(arrived < 20, `all ${arrived} numbers came at once`);
    await stage.terminal.waitFor(`• ${numbers(20)}`);
    await stage.turnCompleted("completed");
  });

  await stage.step("the hidden title thread names the thread and shows nowhere else", async () => {
    const { threadId } = stage;
    await stage.until("a name", () => wire.received("thread/name/updated").some((params) => params.threadId === threadId));
    await stage.terminal.waitFor("· say hello from rehearsal");
    await stage.until("the terminal's title", async () => (await stage.terminal.title()).startsWith("say hello from rehearsal"));
    const screen = await stage.terminal.everything();
    must(!/temporary structured|Generate a concise/.test(screen), `the title thread shows on the screen:\n${screen}`);
    await stage.withProbe(async (probe) => {
      const { thread } = await probe.request("thread/read", { threadId });
      must(thread.name === "say hello from rehearsal", `the thread's name is ${thread.name}`);
      const { data } = await probe.request("thread/list", {});
      const ids = data.map(({ id }: { id: string }) => id);
      must(ids.length === 1 && ids[0] === threadId, `the list holds ${ids.length} threads`);
    });
  });

  await stage.step("Escape interrupts a turn", async () => {
    await stage.prompt("count 500");
    await stage.streams();
    await stage.terminal.press("Escape");
    await stage.turnCompleted("interrupted");
    await stage.until("the working line to go", async () => !/esc to interrupt/.test(await stage.terminal.screen()));
  });

  await stage.step("what is typed during a turn steers it", async () => {
    await stage.prompt("count 300");
    await stage.streams();
    await stage.prompt("say steered");
    await stage.terminal.waitFor(/^• steered$/m);
    await stage.turnCompleted("completed");
    must(wire.asked("turn/steer").length === 1, "the client did not steer");
  });

  await stage.step("what is queued with Tab during a turn waits for its end, and is a turn of its own", async () => {
    const turns = wire.asked("turn/start").length;
    await stage.prompt("count 40");
    await stage.streams();
    await stage.compose("say from the queue");
    await stage.terminal.press("Tab");
    const waiting = await stage.terminal.waitFor("↳ say from the queue");
    must(/Queued follow-up inputs/.test(waiting), `the queue is not shown:\n${waiting}`);
    await stage.save("queued");
    await stage.terminal.waitFor(/^• from the queue$/m);
    await stage.turnCompleted("completed");
    const screen = await stage.terminal.screen();
    must(screen.includes(`• ${numbers(40)}`), `the turn before did not go to its end:\n${screen}`);
    const started = wire.asked("turn/start").filter((each) => wire.paramsOf(each).threadId === stage.threadId);
    must(started.length >= 2 && wire.asked("turn/start").length >= turns + 2, "it did not become a turn of its own");
    must(wire.asked("turn/steer").length === 1, "it steered");
  });

  await stage.step("a plan shows with its steps", async () => {
    await stage.prompt("plan read the code; mend it");
    const screen = await stage.terminal.waitFor(/□ mend it/);
    must(/Updated Plan/.test(screen) && /□ read the code/.test(screen), `the plan is not shown:\n${screen}`);
    await stage.turnCompleted("completed");
    const [{ plan }] = wire.received("turn/plan/updated");
    must(
      JSON.stringify(plan) === '[{"step":"read the code","status":"inProgress"},{"step":"mend it","status":"pending"}]',
      `the plan is ${JSON.stringify(plan)}`,
    );
  });

  await stage.step("a question is asked, and its answer reaches the agent", async () => {
    await stage.prompt("ask Which colour: red | blue");
    const screen = await stage.terminal.waitFor("Which colour");
    await stage.terminal.waitFor(/1\. red/);
    must(/2\. blue/.test(await stage.terminal.screen()), `the choices are not shown:\n${screen}`);
    await stage.save("question");
    await stage.terminal.press("Down");
    await stage.terminal.waitFor(/› 2\. blue/);
    await stage.terminal.press("Enter");
    await stage.turnCompleted("completed");
    const answer = JSON.stringify(wire.answers().at(-1));
    must(answer === '{"answers":{"answer":{"answers":["blue"]}}}', `the client answered ${answer}`);
    await stage.terminal.waitFor("• Done.");
  });
}

/** What `count` says in the end. */
export function numbers(last: number): string {
  return Array.from({ length: last }, (_, index) => index + 1).join(" ");
}

/** The client warns of what its own machine lacks. It must not have more to warn of than that. */
async function warningsAreLocal({ terminal }: Stage): Promise<void> {
  if (!/\d+ warnings?/.test(await terminal.screen())) return;
  await terminal.press("F2");
  const screen = await terminal.waitFor("Warnings ·");
  must(/1 of 1/.test(screen) && /bubblewrap/.test(screen), `the client warns:\n${screen}`);
  await terminal.press("Escape");
  await terminal.waitFor((shown) => !shown.includes("Warnings ·"));
}
