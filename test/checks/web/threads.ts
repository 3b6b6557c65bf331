/** Threads are found, named, put away, brought back, forked and deleted; what waits in any of them is answered from the inbox. */
import { Person } from "./browser.ts";
import { equal, eventually, type Story, step } from "./story.ts";

export const threads: Story = async ({ browser, server }) => {
  const open = () => Person.arrive(browser, `${server.url}/#/new`);
  const begin = async (person: Person, text: string, shows: string) => {
    await person.page.goto(`${server.url}/#/new`);
    await person.say(text);
    await person.page.waitForURL(/threads/);
    await person.sees(shows);
  };
  const entry = (person: Person, title: string) => person.page.locator("li.entry").filter({ hasText: title });
  const choose = async (person: Person, title: string, action: string) => {
    await entry(person, title).locator("summary").click();
    await entry(person, title).getByRole("button", { name: action, exact: true }).click();
  };

  await step("a thread is renamed, found by its name, put away, brought back and deleted", async () => {
    const person = await open();
    await begin(person, "say first words", "first words");
    await choose(person, "say first words", "Rename");
    await person.page.getByLabel("Name of the thread").fill("Renamed by hand");
    await person.page.keyboard.press("Enter");
    await entry(person, "Renamed by hand").waitFor();
    await person.page.getByLabel("Search threads").fill("nothing has this");
    await person.sees("No thread has these words.");
    await person.page.getByLabel("Search threads").fill("renamed by");
    await entry(person, "Renamed by hand").waitFor();
    await person.page.getByLabel("Search threads").fill("");
    await choose(person, "Renamed by hand", "Archive");
    await entry(person, "Renamed by hand").waitFor({ state: "detached" });
    await person.page.getByRole("button", { name: "Archive", exact: true }).last().click();
    await choose(person, "Renamed by hand", "Bring back");
    await entry(person, "Renamed by hand").waitFor({ state: "detached" });
    await person.presses("Back to all threads");
    person.page.once("dialog", (dialog) => void dialog.accept());
    await choose(person, "Renamed by hand", "Delete");
    await entry(person, "Renamed by hand").waitFor({ state: "detached" });
    equal(person.complaints, []);
    await person.leave();
  });

  await step("a fork goes on from where the thread stands, and an export has what was said", async () => {
    const person = await open();
    await begin(person, "say carried over", "carried over");
    const before = person.page.url();
    await choose(person, "say carried over", "Fork");
    await eventually("the fork is shown", async () => person.page.url() !== before && /threads/.test(person.page.url()));
    await person.sees("carried over");
    const downloading = person.page.waitForEvent("download");
    await entry(person, "say carried over").first().locator("summary").click();
    await entry(person, "say carried over").first().getByRole("button", { name: "Export as Markdown" }).click();
    const download = await downloading;
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    if (!Buffer.concat(chunks).toString().includes("carried over")) throw new Error("the export says nothing of it");
    equal(download.suggestedFilename(), "say-carried-over.md");
    equal(person.complaints, []);
    await person.leave();
  });

  await step("what waits in two threads is answered from the inbox, on a phone", async () => {
    const person = await open();
    await begin(person, "write inbox-one.txt: x\nsay one landed", "inbox-one.txt");
    await begin(person, "write inbox-two.txt: x\nsay two landed", "inbox-two.txt");
    const phone = await Person.arrive(browser, `${server.url}/#/inbox`, { size: "phone" });
    const waiting = (name: string) => phone.page.locator("article.waiting").filter({ hasText: name });
    await waiting("inbox-two.txt").getByRole("button", { name: "Decline" }).click();
    await waiting("inbox-one.txt").getByRole("button", { name: "Accept" }).click();
    for (const name of ["inbox-one.txt", "inbox-two.txt"]) await waiting(name).waitFor({ state: "detached" });
    await entry(person, "write inbox-one.txt").getByRole("link").click();
    await person.sees("one landed");
    equal([person.complaints, phone.complaints], [[], []]);
    await person.leave();
    await phone.leave();
  });

  await step("what is new is marked until it is looked at, on whichever device", async () => {
    const one = await open();
    await begin(one, "count 31\nsay something new", "1 2 3");
    await one.page.goto(`${server.url}/#/new`);
    await one.page.locator(".unread").filter({ hasText: "count 31" }).waitFor({ timeout: 20_000 });
    const other = await open();
    await other.page.locator(".unread").filter({ hasText: "count 31" }).waitFor();
    await entry(one, "count 31").getByRole("link").click();
    await one.sees("something new");
    await eventually("the thread is read on the other device too", async () => {
      await other.page.reload();
      await entry(other, "count 31").waitFor();
      return (await other.page.locator(".unread").filter({ hasText: "count 31" }).count()) === 0;
    });
    await one.leave();
    await other.leave();
  });
};
