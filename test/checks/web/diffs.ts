/** Reviewing: some hunks and no others, a no with words, a word about a line; by keyboard, by touch, and with files that would hold a page up. */
import { createClient } from "#client/client";
import { Person, type Size, type Theme } from "./browser.ts";
import { fileOf } from "./first-visit.ts";
import { Network } from "./network.ts";
import { violations } from "./screens.ts";
import { equal, eventually, type Story, step } from "./story.ts";

const lines = Array.from({ length: 60 }, (_, index) => `line ${index + 1}`);
const withChanged = (numbers: number[]) =>
  lines.map((line, index) => (numbers.includes(index + 1) ? `${line} changed\n` : `${line}\n`)).join("");
/** Three hunks: lines 5, 30 and 55. */
const threeHunks = "run sed -i -e '5s/$/ changed/' -e '30s/$/ changed/' -e '55s/$/ changed/' notes.txt";

export const diffs: Story = async ({ browser, server }) => {
  const network = await Network.open(server.port);

  /** A thread that waits with this change; the person looks at its changes. */
  const asked = async (prompt: string, { size = "desk", theme = "light" }: { size?: Size; theme?: Theme } = {}) => {
    const person = await Person.arrive(browser, `${server.url}/#/new`, { size, theme });
    await person.say(`write notes.txt: ${lines.join("\\n")}\nsay the notes are there`);
    await person.page.getByRole("button", { name: "Accept", exact: true }).first().click();
    await person.sees(/^the notes are there$/);
    const threadId = /threads\/([^/]+)/.exec(person.page.url())?.[1] ?? "";
    await person.say(prompt);
    await eventually(
      "it is asked",
      async () => (await person.page.getByRole("button", { name: "Accept", exact: true }).count()) > 0,
    );
    await openChanges(person, threadId);
    return { person, threadId };
  };
  const openChanges = async (person: Person, threadId: string) => {
    await person.page.evaluate((hash) => {
      location.hash = hash;
    }, `#/threads/${threadId}/changes`);
    await person.page.locator(".decide").first().waitFor();
  };
  const openTalk = (person: Person, threadId: string) =>
    person.page.evaluate((hash) => {
      location.hash = hash;
    }, `#/threads/${threadId}`);
  const requireNotes = (threadId: string, numbers: number[]) =>
    eventually(
      `lines ${numbers} landed and no others`,
      async () => {
        return (await fileOf(server.wsUrl, threadId, "/workspace/notes.txt")) === withChanged(numbers);
      },
      10_000,
    );

  await step("two of three hunks are accepted, and exactly those land", async () => {
    const { person, threadId } = await asked(threeHunks);
    await person.page.getByLabel(/^Accept hunk 2/).click();
    await person.presses("Accept 2 of 3 hunks");
    await requireNotes(threadId, [5, 55]);
    await person.sees("applied");
    equal(person.complaints, []);
    await person.leave();
  });

  await step("by touch on a phone: one hunk is left out with a finger", async () => {
    const { person, threadId } = await asked(threeHunks, { size: "phone" });
    await person.page.getByLabel(/^Accept hunk 1/).tap();
    await person.page.getByRole("button", { name: "Accept 2 of 3 hunks" }).tap();
    await requireNotes(threadId, [30, 55]);
    equal(person.complaints, []);
    await person.leave();
  });

  await step("by keyboard alone: to the diff, to the third hunk, leave it out, accept", async () => {
    const { person, threadId } = await asked(threeHunks);
    const { keyboard } = person.page;
    const isWithin = () => person.page.evaluate(() => document.activeElement?.closest(".change-view") != null);
    // A letter outside of the diff decides nothing.
    await person.page.locator("body").press("a");
    for (let press = 0; press < 60 && !(await isWithin()); press += 1) await keyboard.press("Tab");
    equal(await isWithin(), true);
    for (const key of ["j", "j", "j", "k", "j", "x"]) await keyboard.press(key);
    await person.sees("Accept 2 of 3 hunks");
    equal(await person.page.getByLabel(/^Accept hunk 3/).isChecked(), false);
    await keyboard.press("s");
    await person.page.locator("table.split").first().waitFor();
    await keyboard.press("u");
    await person.page.locator("table.unified").first().waitFor();
    await keyboard.press("a");
    await requireNotes(threadId, [5, 30]);
    // Whoever decided is not thrown to the top of the page.
    equal(await isWithin(), true);
    await keyboard.press("Escape");
    equal(await isWithin(), false);
    equal(person.complaints, []);
    await person.leave();
  });

  await step("declined with a reason: nothing lands, and the model reads the reason", async () => {
    const { person, threadId } = await asked(threeHunks);
    await person.page.getByText("More", { exact: true }).click();
    await person.presses("Decline with a reason");
    await person.page.getByLabel(/^Why not/).fill("say I was told why");
    await person.page.getByRole("button", { name: "Decline", exact: true }).click();
    await person.sees("declined");
    await openTalk(person, threadId);
    await person.sees(/^I was told why$/);
    await requireNotes(threadId, []);
    equal(person.complaints, []);
    await person.leave();
  });

  await step("a comment on a line steers, and quotes the line", async () => {
    const { person, threadId } = await asked(threeHunks);
    await person.page.getByRole("button", { name: "Comment on line 30" }).first().click();
    await person.page.getByRole("textbox", { name: "Comment" }).fill("say I read it");
    await person.presses("Send");
    await person.sees("Said to the agent.");
    await person.page.getByRole("button", { name: "Accept", exact: true }).click();
    await openTalk(person, threadId);
    await person.sees(/On notes\.txt removed line 30:\s+> line 30\s/);
    await person.sees(/^I read it$/);
    equal(person.complaints, []);
    await person.leave();
  });

  await step("somebody else was first, and the page says so; an answer without a network waits for it", async () => {
    const { person, threadId } = await asked(threeHunks);
    const other = await Person.arrive(browser, `${network.url}/#/threads/${threadId}/changes`, { size: "phone" });
    await other.page.locator(".decide").first().waitFor();
    await person.presses(/^Accept$/);
    await other.sees("Somebody else accepted this meanwhile.");
    await person.page.evaluate((hash) => {
      location.hash = hash;
    }, `#/threads/${threadId}`);
    await person.say("write more.txt: more\nsay it is over");
    const button = other.page.getByRole("button", { name: "Accept", exact: true });
    await button.waitFor();
    network.cut();
    network.mend();
    network.cut();
    await eventually("it is offline", async () => (await other.page.locator(".connection.online").count()) === 0);
    await button.click();
    await other.sees("Your answer will be sent when the network is back.");
    network.mend();
    await person.sees(/^it is over$/);
    equal(await fileOf(server.wsUrl, threadId, "/workspace/more.txt"), "more\n");
    equal([person.complaints, other.complaints], [[], []]);
    await person.leave();
    await other.leave();
  });

  await step("a link to one change opens it, and the lines around it are there on demand", async () => {
    const { person, threadId } = await asked(threeHunks);
    await person.page
      .getByRole("button", { name: "Show 4 lines of 18" })
      .or(person.page.getByRole("button", { name: /^Show 18 lines/ }))
      .first()
      .click();
    await person.page.getByText("line 20", { exact: true }).first().waitFor();
    await person.page.getByRole("button", { name: "Accept", exact: true }).click();
    await requireNotes(threadId, [5, 30, 55]);
    const itemId = await lastChange(server.wsUrl, threadId);
    const later = await Person.arrive(browser, `${server.url}/#/threads/${threadId}/changes/${itemId}`, { size: "phone" });
    await later.page.locator("table.lines").first().waitFor();
    equal(await later.page.locator(".change-view").count(), 1);
    equal(await later.page.evaluate(() => document.activeElement?.querySelector(".change-view") != null), true);
    equal([person.complaints, later.complaints], [[], []]);
    await later.leave();
    await person.leave();
  });

  await step("330 kB in one line, a binary file and hidden characters: the page stays usable", async () => {
    const { person, threadId } = await asked(
      "run awk 'BEGIN { s = \"0123456789\"; for (i = 0; i < 15; i++) s = s s; print s }' > big.txt && printf '\\0\\1' > picture.bin && printf 'if (a\\xe2\\x80\\xae) \\xe2\\x80\\x8bb\\n' > hidden.ts",
    );
    const { page } = person;
    await person.sees("binary, 2 B");
    await person.sees("U+202E");
    await person.sees("U+200B");
    equal(await page.locator("main").evaluate((main) => /[\u202e\u200b]/.test((main as HTMLElement).innerText)), false);
    const startedAtMs = performance.now();
    await page.getByRole("button", { name: /show more of/ }).click();
    await page.getByLabel(/^Accept hunk 1/).click();
    await person.sees("Accept 2 of 3 hunks");
    const tookMs = performance.now() - startedAtMs;
    if (tookMs > 3_000) throw new Error(`two clicks take ${Math.round(tookMs)} ms`);
    await person.presses("Accept 2 of 3 hunks");
    await eventually(
      "the binary file landed",
      async () => (await fileOf(server.wsUrl, threadId, "/workspace/picture.bin")) === "\0\u0001",
      10_000,
    );
    equal(person.complaints, []);
    await person.leave();
  });

  for (const size of ["phone", "desk"] satisfies Size[]) {
    await step(`${size}: nobody is shut out of a diff that waits, in either theme`, async () => {
      const { person } = await asked(`${threeHunks} && printf '\\0' > picture.bin && echo x > run.sh && chmod +x run.sh`, {
        size,
      });
      if (size === "desk") await person.presses("Side by side");
      await person.page.getByLabel(/^Accept hunk 2/).click();
      await person.page.getByRole("button", { name: "Comment", exact: true }).first().click();
      await person.page.getByText("More", { exact: true }).click();
      for (const theme of ["light", "dark"] satisfies Theme[]) {
        await person.page.emulateMedia({ colorScheme: theme });
        equal(await violations(person), []);
      }
      equal(person.complaints, []);
      await person.leave();
    });
  }
  network.close();
};

async function lastChange(url: string, threadId: string): Promise<string> {
  const client = createClient({ url: `${url}/`, clientInfo: { name: "check-web", version: "1" } });
  try {
    const { state } = await client.openThread(threadId);
    const changes = state?.turns.flatMap(({ items }) => items.filter(({ type }) => type === "fileChange"));
    return changes?.at(-1)?.id ?? "";
  } finally {
    client.close();
  }
}
