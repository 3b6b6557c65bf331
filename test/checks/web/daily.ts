/** A day's work: everything by keyboard or by touch from one field, what was said found again, threads sorted, set and taken along. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "#client/client";
import { projectRoot } from "../server.ts";
import { Person, type Size } from "./browser.ts";
import { fileOf } from "./first-visit.ts";
import { violations } from "./screens.ts";
import { equal, eventually, type Story, step } from "./story.ts";

const pictures = join(projectRoot, "test-results/screens");

export const daily: Story = async ({ browser, server }) => {
  mkdirSync(pictures, { recursive: true });
  const arrive = (size: Size = "desk", address = "new") => Person.arrive(browser, `${server.url}/#/${address}`, { size });
  const begin = async (person: Person, text: string, shows: string | RegExp): Promise<string> => {
    await to(person, "#/new");
    await person.say(text);
    await person.page.waitForURL(/threads/);
    await sees(person, shows);
    return /threads\/([^/]+)/.exec(person.page.url())?.[1] ?? "";
  };
  /** In the middle of the page: the list beside it, or hidden behind it, says some of the same words. */
  const sees = (person: Person, text: string | RegExp) =>
    person.page.locator("main").getByText(text).filter({ visible: true }).first().waitFor({ timeout: 20_000 });
  const isIdle = (person: Person) =>
    person.page.getByRole("button", { name: "Stop", exact: true }).waitFor({ state: "detached" });
  const to = (person: Person, hash: string) =>
    person.page.evaluate((next) => {
      location.hash = next;
    }, hash);
  const picture = (person: Person, name: string) => person.page.screenshot({ path: join(pictures, `${name}.png`) });
  const leave = async (...people: Person[]) => {
    for (const person of people) {
      equal(person.complaints, []);
      await person.leave();
    }
  };
  const field = (person: Person) => person.page.getByRole("combobox", { name: "Find threads, places and actions" });
  const entry = (person: Person, title: string) => person.page.locator("li.entry").filter({ hasText: title });
  const isAt = (person: Person, hash: RegExp) =>
    eventually(`${hash} is shown`, async () => hash.test(await person.page.evaluate(() => location.hash)));

  for (const size of ["desk", "phone"] satisfies Size[]) {
    await step(`${size}: the palette finds a thread by some letters, goes to a place, and does what a thread can`, async () => {
      const person = await arrive(size);
      const heron = await begin(person, `say the ${size} heron flies`, "heron flies");
      await begin(person, `say a ${size} pelican`, "pelican");
      const open = async () => {
        if (size === "desk") await person.page.keyboard.press("Control+k");
        else await person.page.getByRole("button", { name: "Find threads, places and actions" }).tap();
        await field(person).waitFor();
      };
      await open();
      await field(person).fill(`${size}hern`);
      await person.page.getByRole("option").first().getByText("heron").waitFor();
      await picture(person, `palette-${size}-light`);
      equal(await violations(person), []);
      if (size === "desk") await person.page.keyboard.press("Enter");
      else await person.page.getByRole("option").first().tap();
      await isAt(person, new RegExp(heron));
      await field(person).waitFor({ state: "detached" });
      await open();
      await field(person).fill("rename");
      await person.page.getByRole("option", { name: /^Rename/ }).click();
      await person.page.getByLabel("Name of the thread").last().fill(`Named ${size}`);
      await person.page.keyboard.press("Enter");
      await person.page.getByRole("heading", { level: 1, name: `Named ${size}` }).waitFor();
      await open();
      await field(person).fill("memory");
      await person.page.keyboard.press("ArrowDown");
      await person.page.keyboard.press("ArrowUp");
      await person.page.keyboard.press("Enter");
      await isAt(person, /memory/);
      await leave(person);
    });
  }

  await step("keys go everywhere, tell of themselves, and are silent while one types", async () => {
    const person = await arrive();
    await begin(person, "say keys one", "keys one");
    await begin(person, "say keys two", "keys two");
    const { keyboard } = person.page;
    const message = person.page.getByLabel("Message", { exact: true });
    await message.fill("");
    await message.pressSequentially("g inner n?");
    equal(await message.inputValue(), "g inner n?");
    await message.fill("");
    await message.blur();
    await keyboard.press("g");
    await keyboard.press("i");
    await isAt(person, /inbox/);
    await keyboard.press("?");
    await person.page.getByRole("dialog", { name: "Keys" }).waitFor();
    await picture(person, "keys-desk-light");
    equal(await violations(person), []);
    await keyboard.press("Escape");
    await keyboard.press("j");
    const first = await person.page.evaluate(() => document.activeElement?.textContent ?? "");
    await keyboard.press("j");
    const second = await person.page.evaluate(() => document.activeElement?.textContent ?? "");
    // Of the same second: which of them stands first is nobody's business.
    const [one, two] = [first, second].map((text) => /keys (one|two)/.exec(text)?.[0]);
    if (!one || !two || one === two) throw new Error(`j goes to ${first} and then ${second}`);
    await keyboard.press("k");
    await keyboard.press("Enter");
    await sees(person, new RegExp(`^${one}$`));
    await person.page.locator("body").press("g");
    await keyboard.press("c");
    await isAt(person, /changes/);
    await keyboard.press("n");
    await isAt(person, /new/);
    await message.blur();
    await keyboard.press("?");
    await person.page.getByLabel(/Letters alone/).uncheck();
    await person.page.getByRole("button", { name: "Close" }).click();
    await keyboard.press("g");
    await keyboard.press("i");
    await isAt(person, /new/);
    await leave(person);
  });

  await step("what was said long ago is found in the list and shown where it stands, marked and focused", async () => {
    const person = await arrive();
    const filler = Array.from({ length: 12 }, (_, line) => `say filler ${line}\n`).join("");
    const turns = ["say the flamingo stood here", ...Array.from({ length: 3 }, (_, turn) => `${filler}say part ${turn}`)];
    const thread = await begin(person, turns[0] ?? "", /^the flamingo stood here$/);
    for (const [turn, text] of turns.slice(1).entries()) {
      await isIdle(person);
      await person.say(text);
      await person.sees(new RegExp(`^part ${turn}$`));
    }
    await person.page.locator("body").press("Escape");
    await person.page.getByLabel("Search threads").fill("FLAMINGO");
    await person.page.locator(".snippet mark").first().waitFor();
    equal(await person.page.locator(".snippet mark").first().textContent(), "flamingo");
    await picture(person, "search-desk-light");
    await entry(person, "flamingo").first().getByRole("link").click();
    await isAt(person, new RegExp(`${thread}/talk/.`));
    const row = person.page.locator(".row.marked");
    await row.waitFor();
    if (!/flamingo/.test((await row.textContent()) ?? "")) throw new Error("another row is marked");
    const isSeen = () =>
      row.evaluate((element) => {
        const list = element.closest(".log")?.getBoundingClientRect();
        const box = element.getBoundingClientRect();
        return list !== undefined && box.top >= list.top - 1 && box.top < list.bottom && element === document.activeElement;
      });
    await eventually("it is in sight and has the focus", isSeen, 3_000);
    await person.page.getByLabel("Search threads").fill("no such words");
    await person.sees("No thread has these words.");
    await person.page.getByLabel("Search threads").fill("");
    await leave(person);
  });

  for (const size of ["desk", "phone"] satisfies Size[]) {
    await step(`${size}: what a thread is set to is shown as the server has it, on another device too`, async () => {
      const person = await arrive(size);
      const thread = await begin(person, `say set ${size}`, `set ${size}`);
      const other = await arrive("desk", `threads/${thread}`);
      await other.sees(/Rehearsal · asks/);
      await person.presses(/^Settings of this thread/);
      await person.page.getByLabel("Approvals", { exact: true }).selectOption("never");
      await person.page.getByLabel("Decisions", { exact: true }).selectOption("steer");
      await person.sees("Saved.");
      await picture(person, `thread-settings-${size}-light`);
      equal(await violations(person), []);
      await person.presses("Done");
      await other.sees(/Rehearsal · never asks/);
      await to(other, `#/threads/${thread}/decisions`);
      await other.page.getByText("How this thread decides").click();
      await eventually("the mode is told", () => other.page.getByRole("radio", { name: /Steer/ }).isChecked());
      await person.say(`write set-${size}.txt: unasked\nsay written unasked`);
      await person.sees(/^written unasked$/);
      equal(await fileOf(server.wsUrl, thread, `/workspace/set-${size}.txt`), "unasked\n");
      await leave(person, other);
    });
  }

  await step("threads are sorted into sections that are made, renamed and deleted, and Pinned stands first", async () => {
    const person = await arrive();
    await begin(person, "say sorted one", "sorted one");
    await begin(person, "say sorted two", "sorted two");
    const move = async (title: string, section: string) => {
      await entry(person, title).locator("summary").click();
      await entry(person, title).getByLabel("Section", { exact: true }).selectOption(section);
    };
    await move("say sorted one", "New section …");
    await person.page.getByLabel("New section", { exact: true }).fill("Birds");
    await person.page.keyboard.press("Enter");
    const section = (name: string) => person.page.getByRole("region", { name, exact: true });
    await section("Birds").getByText("say sorted one").waitFor();
    await move("say sorted two", "Pinned");
    await section("Pinned").getByText("say sorted two").waitFor();
    equal(await person.page.locator(".threads h2").allTextContents(), ["Pinned", "Birds", "Threads"]);
    await picture(person, "sections-desk-light");
    await person.page.getByRole("button", { name: "Rename the section Birds" }).click();
    await person.page.getByLabel("Name of the section").fill("Herons");
    await person.page.keyboard.press("Enter");
    await section("Herons").getByText("say sorted one").waitFor();
    const other = await arrive("phone", "");
    await other.page.getByRole("region", { name: "Herons" }).getByText("say sorted one").waitFor();
    await picture(other, "sections-phone-light");
    equal(await violations(other), []);
    person.page.once("dialog", (dialog) => void dialog.accept());
    await person.page.getByRole("button", { name: "Delete the section Herons" }).click();
    await section("Herons").waitFor({ state: "detached" });
    await entry(person, "say sorted one").waitFor();
    await move("say sorted two", "None");
    await section("Pinned").waitFor({ state: "detached" });
    await leave(person, other);
  });

  for (const size of ["desk", "phone"] satisfies Size[]) {
    await step(
      `${size}: a hunk is left out without leaving the talk; the whole thread's patch is one that git takes`,
      async () => {
        const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
        const person = await arrive(size);
        const thread = await begin(person, `write notes.txt: ${lines.join("\\n")}\nsay the notes are there`, "notes.txt");
        await person.page.getByRole("button", { name: "Accept", exact: true }).click();
        await person.sees(/^the notes are there$/);
        await isIdle(person);
        await person.say("run sed -i -e '5s/$/ changed/' -e '30s/$/ changed/' notes.txt\nsay it is done");
        await person.page.getByLabel(/^Accept hunk 1/).uncheck();
        await picture(person, `asked-${size}-light`);
        equal(await violations(person), []);
        await person.presses("Accept 1 of 2 hunks");
        await person.sees(/^it is done$/);
        await isIdle(person);
        await person.say("write gone.txt: x\nrun rm gone.txt\nsay nothing is left of it");
        for (const count of [1, 2]) {
          const button = person.page.getByRole("button", { name: "Accept", exact: true });
          await button.waitFor();
          await button.click();
          if (count === 1) await eventually("the next is asked", async () => (await person.reads()).includes("rm gone.txt"));
        }
        await person.sees(/^nothing is left of it$/);
        const menu = person.page.locator("main header .thread-menu");
        await menu.locator("summary").click();
        const downloading = person.page.waitForEvent("download");
        await menu.getByRole("button", { name: "Download patch" }).click();
        const patch = readFileSync(await (await downloading).path(), "utf8");
        const root = mkdtempSync(join(tmpdir(), "daily-"));
        try {
          writeFileSync(join(root, "thread.patch"), patch);
          execFileSync("git", ["-C", root, "init", "-q"]);
          execFileSync("git", ["-C", root, "apply", "thread.patch"]);
          const wanted = lines.map((line, index) => (index === 29 ? `${line} changed\n` : `${line}\n`)).join("");
          equal(readFileSync(join(root, "notes.txt"), "utf8"), wanted);
          equal(await fileOf(server.wsUrl, thread, "/workspace/notes.txt"), wanted);
          equal(patch.includes("gone.txt"), false);
        } finally {
          rmSync(root, { recursive: true });
        }
        await leave(person);
      },
    );
  }

  await step("a thread of a repository leads to its issue", async () => {
    const person = await arrive();
    const threadId = await begin(person, "say of a repository", "of a repository");
    const client = createClient({ url: `${server.wsUrl}/`, clientInfo: { name: "check-web", version: "1" } });
    await client.request("thread/metadata/update", { threadId, gitInfo: { originUrl: "https://forge.test/acme/widgets" } });
    client.close();
    await person.page.reload();
    const link = person.page.getByRole("link", { name: "acme/widgets" });
    await link.waitFor();
    equal([await link.getAttribute("href"), await link.getAttribute("rel")], ["https://forge.test/acme/widgets", "noreferrer"]);
    await leave(person);
  });

  await step("the inbox has who waits longest first, is answered by letter, and says what another device answered", async () => {
    const person = await arrive();
    const elsewhere = await begin(person, "write waits-one.txt: x\nsay one is over", "waits-one.txt");
    // The list knows whole seconds.
    await person.page.waitForTimeout(1_100);
    const here = await begin(person, "write waits-two.txt: x\nsay two is over", "waits-two.txt");
    const other = await arrive("phone", "inbox");
    await to(person, "#/inbox");
    for (const each of [person, other]) await sees(each, "waits-two.txt");
    const titles = await person.page.locator("article.waiting h2").allTextContents();
    equal(
      titles.flatMap((title) => /waits-\w+/.exec(title)?.[0] ?? []),
      ["waits-one", "waits-two"],
    );
    await eventually(
      "it says since when",
      async () => /Waits (since just now|for \d+ min)/.test(await person.reads()),
      5_000,
    ).catch(async (error) => {
      throw new Error(`${error.message}: ${await person.reads()}`);
    });
    await picture(person, "inbox-daily-desk-light");
    await person.page.keyboard.press("Escape");
    await person.page.locator("article.waiting").filter({ hasText: "waits-one" }).locator(".asked").focus();
    await person.page.keyboard.press("j");
    await person.page.keyboard.press("a");
    await eventually("it landed", async () => (await fileOf(server.wsUrl, here, "/workspace/waits-two.txt")) === "x\n");
    await other.sees(/waits-two.txt: x.* was answered on another device/);
    await other.page
      .locator("article.waiting")
      .filter({ hasText: "waits-one" })
      .getByRole("button", { name: "See the diff" })
      .tap();
    await other.page.locator(".change-view").waitFor();
    await picture(other, "inbox-daily-phone-light");
    equal(await violations(other), []);
    await other.page.getByRole("button", { name: "Decline", exact: true }).tap();
    await person.sees(/waits-one.txt: x.* was answered on another device/);
    if (/waits-two.txt: x.* was answered/.test(await person.reads())) throw new Error("its own answer is told as another's");
    await to(person, `#/threads/${elsewhere}`);
    await person.sees("declined");
    await leave(person, other);
  });

  await step("what is new is marked, and read, on every device at once", async () => {
    const one = await arrive();
    const other = await arrive();
    const third = await arrive("desk", "inbox");
    const thread = await begin(one, "count 31\nsay live marks", /^live marks$/);
    await to(one, "#/inbox");
    const client = createClient({ url: `${server.wsUrl}/`, clientInfo: { name: "check-web", version: "1" } });
    const { readState } = await client.request("thread/read", { threadId: thread });
    await client.request("thread/readState/update", {
      threadId: thread,
      operation: { type: "unread" },
      expectedRevision: readState?.revision ?? "",
    });
    client.close();
    const marked = (person: Person) => person.page.locator(".unread").filter({ hasText: "count 31" });
    for (const person of [one, other, third]) await marked(person).waitFor();
    await entry(one, "count 31").getByRole("link").click();
    for (const person of [other, third]) await marked(person).waitFor({ state: "detached" });
    await leave(one, other, third);
  });
};
