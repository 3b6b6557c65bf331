/** A decision as people see it: live as a picture and in words, turned by a click, the same on a phone. */
import { Person } from "./browser.ts";
import { violations } from "./screens.ts";
import { equal, eventually, type Story, step } from "./story.ts";

const probing = `assume A1 p=0.7 kind=code_fact: a.txt says yes
action patch cost=0.10 gain[A1]=0.9 gain[!A1]=-0.6: say patched
action guard cost=0.05 gain=0.35: say guarded
probe Q on=A1 se=0.95 sp=0.95 cost=0.03: grep -q yes a.txt
decide
say end of probing`;
/** Held until a person allows it, so that there is time to say what one knows. */
const held = `assume B1 p=0.8 kind=env_fact: nobody else uses the branch
action push cost=0.05 gain[B1]=0.9 gain[!B1]=-0.5 irreversible: say pushed
action stop cost=0.01 gain=0.1: say stopped
decide
say end of holding`;

export const decision: Story = async ({ browser, server }) => {
  const author = await Person.arrive(browser, `${server.url}/#/new`);
  await author.say("say hello");
  await author.page.waitForURL(/threads/);
  await author.sees("hello");
  const talk = author.page.url();
  const reader = await Person.arrive(browser, `${talk}/decisions`);

  await step("before anything was weighed the page says what this is and how to see it", async () => {
    await reader.sees("Nothing was weighed here yet");
    await reader.sees("decide");
  });

  await step("what is weighed appears while it happens: as a picture, and what flipped it in a sentence", async () => {
    await author.say(probing);
    await reader.sees("guard was chosen");
    await reader.sees("Q says that A1 is not so: patch fell from 0.35 to −0.54, guard was chosen.");
    const picture = reader.page.getByRole("group", { name: "Picture of the tree" });
    equal(await picture.getByRole("button", { name: /A1/ }).count(), 1);
    equal(await picture.locator(".leaf.chosen b").allInnerTexts(), ["guard"]);
    equal(await picture.locator("path").count(), 2);
  });

  await step("the same in words", async () => {
    await reader.presses("Text");
    await reader.sees("A1, “a.txt says yes”: is it so?");
    await reader.sees(/guard is best, “say guarded”: worth 0\.30, reached with 89\s%\. This is what was chosen\./);
    await reader.sees("70 % → 11 %; 19 times likelier if it is not so");
    equal(await violations(reader), []);
    await reader.presses("Picture");
  });

  await step("an earlier revision can be looked at, and is not mistaken for what is believed now", async () => {
    await reader.presses(/The model declared it/);
    await reader.sees("Q is looked up first");
    await reader.presses(/^A1/);
    await reader.sees("This is an earlier revision: go back to the newest to confirm or refute.");
    await reader.presses("Show the newest");
    await reader.sees("guard was chosen");
    await reader.page.keyboard.press("Escape");
  });

  await step("a click refutes what a held action rests on: the choice flips, and the page says what flipped it", async () => {
    await author.say(held);
    await reader.sees("waits for a person");
    await reader.sees("push was chosen");
    await reader.page.getByRole("button", { name: /B1/ }).first().click();
    await reader.page.getByRole("complementary", { name: "Assumption B1" }).waitFor();
    await eventually("the panel has the focus", () => reader.page.evaluate(() => document.activeElement?.textContent === "B1"));
    await reader.presses("It is not so");
    await reader.sees(/A person says that B1 is not so: push fell from 0\.\d\d to −\d\.\d\d, stop was chosen\./);
    equal(await reader.page.getByRole("button", { name: "It is not so" }).getAttribute("aria-pressed"), "true");
    await reader.sees("A person says:");
    equal(await violations(reader), []);
    await reader.page.keyboard.press("Escape");
    // By name: the list of threads is an aside too.
    await reader.page.getByRole("complementary", { name: "Assumption B1" }).waitFor({ state: "detached" });
  });

  await step("an earlier turn's decision stays readable, and says why it cannot be corrected", async () => {
    await reader.page.getByLabel("Decision of").selectOption({ index: 0 });
    await reader.sees("guard was chosen");
    await reader.presses(/^A1/);
    await reader.sees("A later turn has decided since");
    await reader.page.keyboard.press("Escape");
    await reader.page.getByLabel("Decision of").selectOption({ index: 1 });
  });

  await step("how the thread decides is set for its next turns", async () => {
    await reader.page.getByText("How this thread decides").click();
    await reader.page.getByLabel(/^Off/).check();
    await reader.presses("Set");
    await reader.sees("Set, from the next turn on.");
    equal(reader.complaints, []);
  });

  await step("on a phone the tree goes from top to bottom and fits the screen", async () => {
    const phone = await Person.arrive(browser, `${talk}/decisions`, { size: "phone", theme: "dark" });
    await phone.sees("stop was chosen");
    equal(await phone.page.locator("svg path").count(), 0);
    await phone.sees(/If it is not so, \d+\s%:/);
    await eventually("nothing is wider than the screen", () =>
      phone.page.evaluate(() =>
        Array.from(document.querySelectorAll("main *")).every((one) => one.getBoundingClientRect().right <= innerWidth + 1),
      ),
    );
    equal(await violations(phone), []);
    equal(phone.complaints, []);
    await phone.leave();
  });

  await author.leave();
  await reader.leave();
};
