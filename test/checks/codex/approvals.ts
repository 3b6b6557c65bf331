/** Every answer that the client's menus offer, to changes of files and to commands. */
import { must } from "./conditions.ts";
import type { Stage } from "./stage.ts";

/** The heads of the client's menus. */
export const [editsMenu, commandMenu] = [
  "Would you like to make the following edits?",
  "Would you like to run the following command?",
] as const;

export async function approvals(stage: Stage): Promise<void> {
  await changes(stage);
  await commands(stage);
}

async function changes(stage: Stage): Promise<void> {
  await stage.step("a file change asks, and lands when it is accepted", async () => {
    await stage.enterNewThread();
    await stage.prompt("write notes.txt: alpha");
    const screen = await stage.terminal.waitFor(editsMenu);
    must(/notes\.txt/.test(screen) && /\+alpha/.test(screen), `the diff is not shown:\n${screen}`);
    for (const answer of ["Yes, proceed (y)", "Yes, and don't ask again for these files (a)", "No, and tell Codex what to do"]) {
      must(screen.includes(answer), `the menu lacks "${answer}":\n${screen}`);
    }
    must((await stage.readFile("notes.txt")) === null, "the file is there before anybody accepted it");
    await stage.save("file-approval");
    await stage.terminal.press("Enter");
    await stage.terminal.waitFor("• Done.");
    await stage.turnCompleted("completed");
    decided(stage, "accept");
    await holds(stage, "notes.txt", "alpha\n");
  });

  await stage.step("a file change that is refused does not land, and ends the turn", async () => {
    await stage.prompt("write refused.txt: no");
    await stage.terminal.waitFor(editsMenu);
    await stage.terminal.press("Escape");
    await stage.terminal.waitFor("Conversation interrupted");
    await stage.turnCompleted("interrupted");
    decided(stage, "cancel");
    await holds(stage, "refused.txt", null);
  });

  await stage.step("do not ask again for these files: the same file changes unasked, another one asks", async () => {
    await stage.prompt('replace "alpha" with "beta" in notes.txt');
    await stage.terminal.waitFor(editsMenu);
    await stage.terminal.press("a");
    await stage.turnCompleted("completed");
    decided(stage, "acceptForSession");
    await holds(stage, "notes.txt", "beta\n");

    const requests = asked(stage, "fileChange");
    await stage.prompt('replace "beta" with "gamma" in notes.txt');
    await stage.turnCompleted("completed");
    await holds(stage, "notes.txt", "gamma\n");
    must(asked(stage, "fileChange") === requests, "the same file was asked about again");

    await stage.prompt("write other.txt: other");
    await stage.terminal.waitFor(editsMenu);
    await stage.terminal.press("3");
    await stage.turnCompleted("interrupted");
    await holds(stage, "other.txt", null);
  });

  await stage.step("a command runs and shows its output; what it changed asks", async () => {
    await stage.prompt("run echo made by a command | tee made.txt");
    const screen = await stage.terminal.waitFor(editsMenu);
    must(/Ran echo made by a command/.test(screen), `the command is not shown:\n${screen}`);
    await stage.terminal.press("y");
    await stage.turnCompleted("completed");
    await holds(stage, "made.txt", "made by a command\n");
  });
}

async function commands(stage: Stage): Promise<void> {
  await stage.step("a command asks on a thread that trusts nothing, and runs when it is accepted", async () => {
    await stage.enterThread(await stage.beginElsewhere("untrusted", "say begun elsewhere"), "• begun elsewhere");
    await stage.prompt("run touch x.txt");
    const screen = await stage.terminal.waitFor(commandMenu);
    for (const shown of [
      "$ touch x.txt",
      "1. Yes, proceed (y)",
      "2. Yes, and don't ask again for this command in this session (a)",
      "3. No, continue without running it (d)",
      "4. No, and tell Codex what to do differently (esc)",
    ]) {
      must(screen.includes(shown), `the menu lacks "${shown}":\n${screen}`);
    }
    await stage.save("command-approval");
    await stage.terminal.press("Enter");
    await stage.terminal.waitFor(editsMenu);
    decided(stage, "accept");
    must(/Ran touch x\.txt/.test(await stage.terminal.screen()), "the command that was approved does not show as run");
    await stage.terminal.press("y");
    await stage.turnCompleted("completed");
    await holds(stage, "x.txt", "");
  });

  await stage.step("do not ask again for this command: it runs unasked, another one asks", async () => {
    await stage.prompt("run rm -f nothing.txt");
    await stage.terminal.waitFor("$ rm -f nothing.txt");
    await stage.terminal.press("Down");
    await stage.terminal.waitFor(/^› 2\. /m);
    await stage.terminal.press("Enter");
    await stage.turnCompleted("completed");
    decided(stage, "acceptForSession");
    await stage.terminal.waitFor(/approved codex to run rm -f nothing\.txt every time/);

    const requests = asked(stage, "commandExecution");
    await stage.prompt("run rm -f nothing.txt");
    await stage.turnCompleted("completed");
    must(asked(stage, "commandExecution") === requests, "the same command was asked about again");
    await stage.prompt("run rm -f other.txt");
    await stage.terminal.waitFor("$ rm -f other.txt");
    must(asked(stage, "commandExecution") === requests + 1, "another command was not asked about");
    await stage.terminal.press("y");
    await stage.turnCompleted("completed");
  });

  await stage.step("no, continue: the command does not run, and the turn goes on", async () => {
    await stage.prompt("run touch declined.txt");
    await stage.terminal.waitFor("$ touch declined.txt");
    await stage.terminal.press("d");
    await stage.turnCompleted("completed");
    decided(stage, "decline");
    await holds(stage, "declined.txt", null);
    must(lastCommand(stage)?.status === "declined", `the item ended ${lastCommand(stage)?.status}`);
  });

  await stage.step("no, do something else: the command does not run, the turn ends, and what is said next is done", async () => {
    await stage.prompt("run touch cancelled.txt");
    await stage.terminal.waitFor("$ touch cancelled.txt");
    await stage.terminal.press("Escape");
    await stage.terminal.waitFor("You canceled the request to run touch cancelled.txt");
    await stage.turnCompleted("interrupted");
    decided(stage, "cancel");
    await holds(stage, "cancelled.txt", null);
    await stage.prompt("say something else");
    await stage.terminal.waitFor(/^• something else$/m);
    await stage.turnCompleted("completed");
  });
}

export async function holds(stage: Stage, name: string, text: string | null): Promise<void> {
  const found = await stage.readFile(name);
  must(found === text, `${name} holds ${JSON.stringify(found)}`);
}

/** What the client answered last is this. */
export function decided({ wire }: Stage, decision: string): void {
  const last = wire.answers().at(-1)?.decision;
  must(last === decision, `the client decided ${JSON.stringify(last)}`);
}

function asked({ wire }: Stage, what: "fileChange" | "commandExecution"): number {
  return wire.received(`item/${what}/requestApproval`).length;
}

function lastCommand({ wire }: Stage): { status: string } | undefined {
  return wire.received("item/completed").findLast(({ item }) => item.type === "commandExecution")?.item;
}
