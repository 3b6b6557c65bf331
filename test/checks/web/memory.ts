/** The memory in people's hands: a correction becomes a fragment, is found, reworded, taken back and forgotten; wordings are compared. */
import { readFileSync } from "node:fs";
import { Person, type Size, type Theme } from "./browser.ts";
import { violations } from "./screens.ts";
import { equal, eventually, type Story, step } from "./story.ts";

const request = "say fix the parser of dates\nwrite src/dates.ts: Date.parse";
const correction = "say Use kumquatHelper for dates and never Date.parse in this project\nwrite src/dates.ts: kumquatHelper";

export const memory: Story = async ({ browser, server }) => {
  const person = await Person.arrive(browser, `${server.url}/#/memory`);
  const { page } = person;

  await step("an empty memory says what would fill it", async () => {
    await person.presses("Forget everything");
    await page.getByRole("dialog").getByRole("button", { name: "Forget everything" }).click();
    await person.sees("Nothing was learnt yet");
    await person.sees("Nothing can be said yet: 0 outcomes with memory, 0 without.");
    equal(await violations(person), []);
  });

  await step("a correction becomes a fragment, and a search finds it", async () => {
    await page.goto(`${server.url}/#/new`);
    await person.say(request);
    await person.presses("Decline");
    await page.getByRole("button", { name: "Send", exact: true }).waitFor();
    await person.say(correction);
    await person.presses("Accept");
    await person.sees(/wrote src\/dates\.ts|applied/);
    await page.getByRole("button", { name: "Send", exact: true }).waitFor();
    await eventually("the lesson is there", async () => {
      await page.goto(`${server.url}/#/new`);
      await page.goto(`${server.url}/#/memory`);
      await page.getByLabel("Search the memory").fill("kumquatHelper dates");
      await page
        .getByRole("status")
        .getByText(/found/)
        .waitFor({ timeout: 5_000 })
        .catch(() => {});
      return (await page.getByRole("article", { name: /A person corrected/ }).count()) === 1;
    });
  });

  const fragment = page.getByRole("article", { name: /kumquat/i }).first();

  await step("it says how it did, honestly, and where it came from", async () => {
    await fragment.getByText("How it did, and where it came from").click();
    // The dice may have left it out of a turn already, or shown it in one.
    await fragment.getByText(/^Not tried yet|whether it helps is not decided/).waitFor();
    equal(await fragment.getByRole("link").count(), 1);
  });

  await step("it is reworded, and the page says what that does to its record", async () => {
    await fragment.getByRole("button", { name: /^Edit/ }).click();
    await person.sees("it keeps half of its record, and from then on only people change it");
    await page.getByLabel("Title").fill("Dates go through kumquatHelper");
    await person.presses("Save");
    await page.getByRole("heading", { name: "Dates go through kumquatHelper" }).waitFor();
    await eventually("the focus is not lost", () => page.evaluate(() => document.activeElement?.tagName === "ARTICLE"));
    equal(await violations(person), []);
  });

  await step("what was done is listed, and taken back", async () => {
    await page.getByRole("heading", { name: "What was done to it" }).click();
    await person.presses(/^Undo a person changed a fragment/);
    await person.presses("Take back");
    await person.sees(/taken back/);
    await page.getByRole("heading", { name: /A person corrected/ }).waitFor();
    equal(await page.getByRole("heading", { name: "Dates go through kumquatHelper" }).count(), 0);
  });

  await step("the account is switched off and on again", async () => {
    const learns = page.getByRole("switch", { name: /Learn and give notes/ });
    await learns.uncheck();
    await page.locator(".health .badge").getByText("off", { exact: true }).waitFor();
    await learns.check();
    await page.locator(".health .badge").getByText("not decided").waitFor();
  });

  await step("everything is taken along as JSON", async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), person.presses("Export as JSON")]);
    const { fragments } = JSON.parse(readFileSync(await download.path(), "utf8")) as { fragments: unknown[] };
    equal(JSON.stringify(fragments).includes("kumquatHelper"), true);
  });

  await step("wordings are proposed, approved and compared by people", async () => {
    await page.getByRole("heading", { name: "Wordings of instructions" }).click();
    for (const title of ["Be brief", "Be thorough"]) {
      await page.getByLabel("Title").fill(title);
      await page.getByLabel("When it applies").fill("always");
      await page.getByLabel("Instructions", { exact: false }).last().fill(`${title}, and say what was not tested.`);
      await person.presses("Propose");
      await page.getByRole("heading", { name: title, exact: true }).waitFor();
      await person.presses(`Approve ${title}`);
    }
    await person.sees("✓ given to turns");
    await person.presses("The second");
    await person.sees("Compared 1 time: strength");
  });

  for (const size of ["phone", "desk"] satisfies Size[]) {
    for (const theme of ["light", "dark"] satisfies Theme[]) {
      await step(`a memory with something in it, ${size}, ${theme}: nobody is shut out, nothing is too wide`, async () => {
        const reader = await Person.arrive(browser, `${server.url}/#/memory`, { size, theme });
        await reader.page.getByRole("article").first().waitFor();
        for (const title of ["What was done to it", "Wordings of instructions"])
          await reader.page.getByRole("heading", { name: title }).click();
        await reader.sees("Be thorough");
        equal(await violations(reader), []);
        equal(
          await reader.page.evaluate(() =>
            Array.from(document.querySelectorAll("main *"))
              .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
              .map((one) => one.className),
          ),
          [],
        );
        equal(reader.complaints, []);
        await reader.leave();
      });
    }
  }

  await step("it is forgotten for good, and found no more", async () => {
    await fragment.getByRole("button", { name: /^Forget/ }).click();
    await person.sees("This cannot be undone.");
    await page.getByRole("dialog").getByRole("button", { name: "Forget", exact: true }).click();
    await eventually("it is gone", async () => (await page.getByRole("article", { name: /A person corrected/ }).count()) === 0);
    await eventually("the focus is not lost", () =>
      page.evaluate(() => document.activeElement?.textContent === "What was learnt"),
    );
    equal(person.complaints, []);
  });

  await person.leave();
};
