/** The server is killed, by SIGKILL, while a client is connected. */
import { commandMenu, editsMenu, holds } from "./approvals.ts";
import { must } from "./conditions.ts";
import { numbers } from "./conversation.ts";
import type { Stage } from "./stage.ts";

export async function crashes(stage: Stage): Promise<void> {
  const { server, wire } = stage;

  await stage.step("a killed server is reconnected to, and the next prompt works", async () => {
    await stage.enterNewThread();
    await stage.prompt("say before");
    await stage.terminal.waitFor(/^• before$/m);
    await stage.turnCompleted("completed");
    await server.kill("SIGKILL");
    await stage.terminal.waitFor(/Reconnecting/i);
    await stage.save("reconnecting");
    await server.restart();
    await stage.reconnected();
    await stage.prompt("say back again");
    await stage.terminal.waitFor(/^• back again$/m);
    await stage.turnCompleted("completed");
  });

  await stage.step("an approval that waits survives a killed server, and lands when it is accepted", async () => {
    await stage.prompt("write later.txt: after the crash");
    await stage.terminal.waitFor(editsMenu);
    const asked = wire.received("item/fileChange/requestApproval").length;
    await server.kill("SIGKILL");
    await server.restart();
    await stage.reconnected();
    await stage.until("the approval again", () => wire.received("item/fileChange/requestApproval").length > asked);
    const screen = await stage.terminal.waitFor(editsMenu);
    await stage.save("approval-after-crash");
    must(screen.includes("+after the crash"), `what is to be approved is not shown:\n${screen}`);
    await stage.terminal.press("y");
    await stage.turnCompleted("completed");
    await holds(stage, "later.txt", "after the crash\n");
  });

  await stage.step("a turn that a kill cut goes on by itself, and the client shows its end", async () => {
    await stage.prompt("count 40");
    await stage.streams();
    await server.kill("SIGKILL");
    await server.restart();
    await stage.reconnected();
    await stage.turnCompleted("completed");
    const screen = await stage.terminal.waitFor(`• ${numbers(40)}`);
    const answers = screen.split("\n").filter((line) => /^• 1( \d+)*$/.test(line));
    // What the killed server had said stands, and what the next attempt said stands once.
    must(answers.length === 2, `the answer shows ${answers.length} times:\n${screen}`);
  });

  await stage.step("a command that waits for its approval survives a killed server", async () => {
    await stage.enterThread(await stage.beginElsewhere("untrusted", "say begun elsewhere"), "• begun elsewhere");
    await stage.prompt("run touch later.txt");
    await stage.terminal.waitFor("$ touch later.txt");
    await server.kill("SIGKILL");
    await server.restart();
    await stage.reconnected();
    const again = await stage.terminal.waitFor(commandMenu);
    await stage.save("command-approval-after-crash");
    must(again.split("• Running touch later.txt").length === 2, `the command that waits does not show once:\n${again}`);
    await stage.terminal.press("y");
    await stage.terminal.waitFor(editsMenu);
    await stage.terminal.press("y");
    await stage.turnCompleted("completed");
    await holds(stage, "later.txt", "");
  });
}
