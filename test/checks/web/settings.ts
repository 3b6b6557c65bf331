/** Settings do what they say: new threads run with them, a token lets a client in until it is revoked, the theme stays. */
import { createClient } from "#client/client";
import { startServer } from "../server.ts";
import { Person } from "./browser.ts";
import { equal, eventually, type Story, step } from "./story.ts";

export const settings: Story = async ({ browser, server }) => {
  await step("approvals set to never: a new thread's turn writes without asking", async () => {
    const person = await Person.arrive(browser, `${server.url}/#/settings`);
    await person.page.getByLabel("Approvals").selectOption("never");
    await person.sees("Saved.");
    await person.page.goto(`${server.url}/#/new`);
    await person.say("write free.txt: nobody asked\nsay written");
    await person.sees("written");
    equal(await person.page.getByRole("button", { name: "Accept", exact: true }).count(), 0);
    await person.page.goto(`${server.url}/#/settings`);
    equal(await person.page.getByLabel("Approvals").inputValue(), "never");
    await person.page.getByLabel("Approvals").selectOption("on-request");
    await person.sees("Saved.");
    equal(person.complaints, []);
    await person.leave();
  });
  await step("a chosen theme is there after a reload, against what the device says", async () => {
    const person = await Person.arrive(browser, `${server.url}/#/settings`, { theme: "light" });
    const ground = () => person.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await person.page.getByLabel("Theme").selectOption("dark");
    const dark = await ground();
    if (dark === light) throw new Error("nothing got dark");
    await person.page.reload();
    equal(await ground(), dark);
    await person.leave();
  });
  await step("a token that was made here lets a client in, and shuts it out when it is revoked", async () => {
    const locked = await startServer({ env: { SPINDLE_TOKEN: password, SPINDLE_OPERATOR_TOKEN: operator } });
    try {
      const person = await Person.arrive(browser, locked.url);
      const { page } = person;
      page.on("dialog", (dialog) => void dialog.accept());
      await page.locator("input").first().fill(password);
      await page.keyboard.press("Enter");
      await person.sees("Begin a thread");
      await page.goto(`${locked.url}/#/settings`);
      await page.getByLabel("Operator token").fill("something else");
      await person.presses("Show tokens");
      await person.sees("This is not the operator token.");
      await page.getByLabel("Operator token").fill(operator);
      await person.presses("Show tokens");
      await page.getByLabel("Name", { exact: true }).fill("laptop");
      await page.getByLabel("Account", { exact: true }).fill("alice");
      await person.presses("Create token");
      await person.sees("it is not shown again");
      const token = await page.locator(".shown-token code").innerText();
      const client = createClient({ url: `${locked.wsUrl}/`, token, clientInfo: { name: "check-web", version: "1" } });
      await client.ready;
      await person.presses("Revoke laptop");
      await eventually("the client is shut out", async () => client.state.type === "closed");
      client.close();
      await eventually(
        "it is gone from the list",
        async () => (await page.getByRole("button", { name: "Revoke laptop" }).count()) === 0,
      );
      const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
      if ([operator, password, token].some((secret) => kept.includes(secret))) throw new Error("a secret is kept in the browser");
      await person.leave();
    } finally {
      await locked.close();
    }
  });
};

const password = "the-token-of-whoever-may-come-in-here";
const operator = "the-operators-own-token-of-this-check";
