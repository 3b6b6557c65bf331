/** The talk: what one does from a message, and what is written while one reads. What it may cost: `budgets.ts`. */
import type { Page } from "playwright-core";
import { startServer } from "../server.ts";
import { Person } from "./browser.ts";
import { equal, eventually, type Stage, type Story, step } from "./story.ts";
import { startStreamingModel } from "./streaming-model.ts";

export const talk: Story = async (stage) => {
  await actions(stage);
  await streamed(stage);
};

async function actions({ browser, server }: Stage): Promise<void> {
  const begin = async (text: string): Promise<Person> => {
    const person = await Person.arrive(browser, `${server.url}/#/new`);
    await person.say(text);
    return person;
  };
  const leave = async (person: Person): Promise<void> => {
    equal(person.complaints, []);
    await person.leave();
  };

  await step("Enter steers the turn that runs, Escape stops it", async () => {
    const person = await begin("count 400");
    await person.sees(/1 2 3/);
    await person.say("say steered");
    await person.sees(/^steered$/);
    await person.say("count 400");
    await person.page.getByRole("button", { name: "Stop" }).waitFor();
    await person.page.keyboard.press("Escape");
    await person.sees(/^Stopped$/);
    await leave(person);
  });

  await step("queued messages are changed, moved and dropped, wait when the turn was stopped, and go on", async () => {
    const person = await begin("count 400");
    await person.sees(/1 2 3/);
    const field = person.page.getByLabel("Message", { exact: true });
    const queue = person.page.getByRole("region", { name: "Queued messages" });
    for (const text of ["say first", "say second", "say third"]) {
      await field.fill(text);
      await person.page.keyboard.press("Control+Enter");
      await queue.getByText(text, { exact: true }).waitFor();
    }
    await queue.getByRole("button", { name: "Delete: say second" }).click();
    await queue.getByText("say second", { exact: true }).waitFor({ state: "detached" });
    await queue.getByRole("button", { name: "Move up: say third" }).click();
    await eventually("the third is the first", async () => /third[\s\S]*first/.test(await queue.innerText()));
    await queue.getByRole("button", { name: "Edit: say first" }).click();
    await person.page.getByLabel("Queued message", { exact: true }).fill("say changed");
    await person.page.keyboard.press("Enter");
    await queue.getByText("say changed", { exact: true }).waitFor();
    await field.focus();
    await person.page.keyboard.press("Escape");
    await person.sees(/^Stopped$/);
    await queue
      .getByRole("button", { name: /^Start/ })
      .first()
      .click();
    for (const said of ["third", "changed"]) await person.sees(new RegExp(`^${said}$`));
    await queue.waitFor({ state: "detached" });
    await leave(person);
  });

  await step("a message is edited in a fork, and the first thread stays as it is", async () => {
    const person = await begin("say before");
    await person.sees(/^before$/);
    await person.say("say one way");
    await person.sees(/^one way$/);
    const origin = person.page.url();
    await person.page.getByText("say one way").hover();
    await person.page.getByRole("button", { name: "Edit in a fork" }).last().click();
    await person.page.getByRole("dialog").getByLabel("Message").fill("say another way");
    await person.presses("Fork and send");
    await person.sees(/^another way$/);
    if (person.page.url() === origin) throw new Error("it is the same thread");
    await person.sees(/^before$/);
    if (/one way/.test(await person.reads())) throw new Error("what was edited came along");
    await person.page.goto(origin);
    await person.sees(/^one way$/);
    await leave(person);
  });

  await step("going back to before a message says what it undoes, and undoes the files", async () => {
    const person = await begin("say before");
    await person.sees(/^before$/);
    await person.say("write undone.txt: x\nsay written");
    await person.presses("Accept");
    await person.sees(/^written$/);
    await person.page.getByText("write undone.txt").first().hover();
    await person.page.getByRole("button", { name: "Go back" }).last().click();
    const dialog = person.page.getByRole("dialog");
    await dialog.getByText("undone.txt").waitFor();
    await dialog.getByRole("button", { name: "Go back" }).click();
    await person.page
      .getByRole("log")
      .getByText(/^written$/)
      .waitFor({ state: "detached" });
    equal(await person.page.getByLabel("Message", { exact: true }).inputValue(), "write undone.txt: x\nsay written");
    await person.page.getByLabel("Message", { exact: true }).fill("run ls");
    await person.page.keyboard.press("Enter");
    await person.page.locator(".command").waitFor();
    await person.sees(/tokens/);
    if (/undone\.txt/.test(await person.reads())) throw new Error("the file is still there");
    await leave(person);
  });

  await step("a question is answered by keyboard, and a turn that failed is sent again", async () => {
    const person = await begin("ask Which colour?: red | blue\nsay asked");
    const blue = person.page.getByRole("radio", { name: /blue/ });
    await blue.focus();
    await person.page.keyboard.press("Space");
    await person.page.keyboard.press("Enter");
    await person.sees(/^asked$/);
    await person.say("fail 400");
    await person.presses("Send again");
    await eventually("it failed twice", async () => (await person.page.locator(".failure").count()) === 2);
    await leave(person);
  });
}

async function streamed({ browser }: Stage): Promise<void> {
  const model = await startStreamingModel();
  const server = await startServer({ env: model.env });
  try {
    await step("Markdown that streamed in ends as Markdown that was there at once", async () => {
      const person = await Person.arrive(browser, `${server.url}/#/new`);
      for (const seed of [1, 2, 3]) {
        await person.page.goto(`${server.url}/#/new`);
        await person.say(`flow ${seed} 300`);
        await person.sees("Copy answer", 60_000);
        const streamed = await markdownOf(person.page);
        await person.page.reload();
        await person.sees("Copy answer");
        equal(await markdownOf(person.page), streamed);
      }
      equal(person.complaints, []);
      await person.leave();
    });
  } finally {
    await server.close();
    model.close();
  }
}

function markdownOf(page: Page): Promise<string> {
  return page.locator(".markdown").last().innerHTML();
}
