/** An installed page: it opens without a network and reads, writes for later, and comes to a new version when somebody says so. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { createClient } from "#client/client";
import { startServer } from "../server.ts";
import { Person, type Size, type Theme } from "./browser.ts";
import { twoBuilds } from "./builds.ts";
import { pictures, violations } from "./screens.ts";
import { equal, eventually, type Story, step } from "./story.ts";

export const offline: Story = async ({ browser, server }) => {
  await step(
    "a browser that is not signed in gets what an installed page needs, and nothing more; Chromium would install it",
    async () => {
      const locked = await startServer({ env: { SPINDLE_TOKEN: password } });
      try {
        const manifest = (await (await fetch(`${locked.url}/manifest.webmanifest`)).json()) as { icons: { src: string }[] };
        const paths = ["/service-worker.js", "/apple-touch-icon.png", "/badge-96.png", ...manifest.icons.map(({ src }) => src)];
        for (const path of paths) equal([path, (await fetch(locked.url + path)).status], [path, 200]);
        for (const path of ["/", "/index.html"]) equal([path, (await fetch(locked.url + path)).status], [path, 401]);
      } finally {
        await locked.close();
      }
      const person = await Person.arrive(browser, `${server.url}/#/new`);
      await isInstalled(person.page);
      const devtools = await person.page.context().newCDPSession(person.page);
      const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
      // A private window, as every page of a check is one, installs nothing.
      equal(
        installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"),
        [],
      );
      const { errors } = await devtools.send("Page.getAppManifest");
      equal(errors, []);
      await person.leave();
    },
  );

  const builds = twoBuilds();
  const away = await startServer({ assets: builds.folder });
  const unkept = await threadOf(away.wsUrl, "say never opened here");
  const person = await Person.arrive(browser, `${away.url}/#/new`);
  const { page } = person;
  let thread = "";

  await step("the server is gone: the page opens, with its list, the talk, the diff, and says how old that is", async () => {
    await person.say("say what was said before\nwrite kept.txt: alpha\\nbeta");
    await person.sees("Apply this change");
    thread = /threads\/([^/]+)/.exec(page.url())?.[1] ?? "";
    await isInstalled(page);
    // Kept while the turn runs, and when it is left.
    await page.evaluate(() => dispatchEvent(new Event("pagehide")));
    await keptIn(page, "spindle/list/");
    await keptIn(page, "spindle/threads/");
    await away.kill("SIGKILL");
    await page.reload();
    await person.sees(/Offline — what you see is from \d/);
    await person.sees("what was said before");
    await page.locator(".threads a").filter({ hasText: "what was said before" }).waitFor();
    await page.goto(`${away.url}/#/threads/${thread}/changes`);
    await person.sees("beta");
    await page.goto(`${away.url}/#/inbox`);
    await person.sees("See the diff");
    equal(person.complaints, []);
  });

  await step("what is not kept says so, and what helps", async () => {
    for (const [place, sentence] of [
      [`threads/${unkept}`, "This thread is not kept on this device"],
      ["memory", "The memory is not kept on this device"],
      [`threads/${thread}/files`, "The files are not kept on this device"],
      ["settings", "Whether this device rings is seen when the server is reached"],
    ] as const) {
      await page.goto(`${away.url}/#/${place}`);
      await person.sees(sentence);
    }
    await person.presses("Archive");
    await person.sees("The archive is not kept on this device");
    await person.presses("Back to all threads");
    await page.getByLabel("Search threads").fill("no such words");
    await person.sees("No thread that is kept here has these words in its title");
    await page.getByLabel("Search threads").fill("");
  });

  await step("the offline page at both sizes, in the light and in the dark: a picture, and nobody is shut out", async () => {
    mkdirSync(pictures, { recursive: true });
    for (const size of ["phone", "desk"] satisfies Size[]) {
      for (const theme of ["light", "dark"] satisfies Theme[]) {
        await person.appearsAs(size, theme);
        for (const [name, place] of [
          ["offline-list", "/"],
          ["offline-thread", `/threads/${thread}`],
        ] as const) {
          await page.goto(`${away.url}/#${place}`);
          await person.sees(/Offline — what/);
          await page.locator("body").getByText("what was said before").filter({ visible: true }).first().waitFor();
          await page.screenshot({ path: join(pictures, `${name}-${size}-${theme}.png`) });
          equal(await violations(person), []);
        }
      }
    }
    await person.appearsAs("desk", "light");
  });

  await step("what is written offline survives a reload, and is said once when the server is back", async () => {
    await page.goto(`${away.url}/#/threads/${thread}`);
    await person.say("say after the night");
    await person.sees("say after the night");
    await page.reload();
    await person.sees("say after the night");
    await person.sees(/Offline — what/);
    await away.restart();
    await eventually("it is online", async () => (await page.getByText(/Offline — what/).count()) === 0);
    await eventually("said once", async () => (await timesSaid(away.wsUrl, thread, "say after the night")) === 1);
    await eventually(
      "nothing waits to be sent",
      async () => (await page.getByText(/waiting to be sent|not sent/i).count()) === 0,
    );
    equal(await timesSaid(away.wsUrl, thread, "say after the night"), 1);
    equal(person.complaints, []);
  });

  await step(
    "a new version: who comes has it at once, who is here is told and keeps what is typed, until they reload",
    async () => {
      await page.goto(`${away.url}/#/new`);
      await page.getByLabel("Message", { exact: true }).fill("half a sentence");
      await page.evaluate(() => Object.assign(window, { wasHere: true }));
      await builds.deploySecond();
      await away.restart();
      await person.sees("A new version is ready.", 60_000);
      const newcomer = await page.context().newPage();
      await newcomer.goto(`${away.url}/#/inbox`);
      await newcomer.getByText("See the diff").first().waitFor();
      equal(await buildOf(newcomer), "second");
      equal(await newcomer.getByText("A new version is ready.").count(), 0);
      await newcomer.close();
      // Of the first build, which the server has no more.
      await page.goto(`${away.url}/#/memory`);
      await person.sees("What was learnt");
      equal(await page.evaluate(() => "wasHere" in window), true);
      await page.goto(`${away.url}/#/new`);
      equal(await page.getByLabel("Message", { exact: true }).inputValue(), "half a sentence");
      for (const size of ["phone", "desk"] satisfies Size[]) {
        for (const theme of ["light", "dark"] satisfies Theme[]) {
          await person.appearsAs(size, theme);
          await page.screenshot({ path: join(pictures, `update-${size}-${theme}.png`) });
          equal(await violations(person), []);
        }
      }
      await person.appearsAs("desk", "light");
      await person.presses("Reload");
      const isNew = () => eventually("it is the new version", async () => (await buildOf(page).catch(() => null)) === "second");
      // On a busy machine Chromium now and then hangs in this reload: its own DevTools get no answer, and no processor is used. Then a person opens the page again.
      await isNew().catch(async () => {
        console.log("     the browser hangs in the reload; the page is opened again");
        await page.goto("about:blank");
        await page.goto(`${away.url}/#/new`);
        await isNew();
      });
      equal(await page.getByLabel("Message", { exact: true }).inputValue(), "half a sentence");
      equal(await page.getByText("A new version is ready.").count(), 0);
      equal(person.complaints, []);
    },
  );

  await step("the new version opens without the server too", async () => {
    await away.kill("SIGKILL");
    await page.goto(`${away.url}/#/memory`);
    await page.reload();
    await person.sees("The memory is not kept on this device");
    equal(await buildOf(page), "second");
  });
  await person.leave();
  await away.close();
  builds.remove();

  await step(
    "who is signed out gets the page to sign in, and leaves nothing behind, not even for a page without a network",
    async () => {
      const locked = await startServer({ env: { SPINDLE_TOKEN: password } });
      const guest = await Person.arrive(browser, locked.url);
      try {
        await guest.page.getByLabel("Token", { exact: true }).fill(password);
        await guest.page.keyboard.press("Enter");
        await guest.sees("Begin a thread");
        await guest.page.goto(`${locked.url}/#/new`);
        await guest.say("say between us");
        await guest.page.locator(".item.agent").filter({ hasText: "between us" }).waitFor();
        await isInstalled(guest.page);
        await keptIn(guest.page, "spindle/list/");
        await guest.presses("Sign out");
        await guest.page.getByLabel("Token", { exact: true }).waitFor();
        equal(await guest.page.evaluate(everythingKept), { texts: [], entries: 0, others: [] });
        await locked.kill("SIGKILL");
        await guest.page.reload();
        await guest.sees("No threads are kept on this device.");
        if ((await guest.page.content()).includes("between us")) throw new Error("it can still be read");
      } finally {
        await guest.leave();
        await locked.close();
      }
    },
  );
};

const password = "the-token-of-whoever-may-come-in-here";

/** The worker has kept everything and serves this page. */
async function isInstalled(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated", undefined, { timeout: 60_000 });
}

/** Something is written in a database that is named so. */
async function keptIn(page: Page, start: string): Promise<void> {
  await eventually(`${start} is kept`, () => page.evaluate(countIn, start).then((count) => count > 0));
}

async function countIn(start: string): Promise<number> {
  let count = 0;
  for (const { name } of await indexedDB.databases()) {
    if (!name?.startsWith(start)) continue;
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => resolve(opening.result);
    });
    const counting = database.transaction("entries").objectStore("entries").count();
    await new Promise((resolve) => {
      counting.onsuccess = resolve;
    });
    count += counting.result;
    database.close();
  }
  return count;
}

/** Everything that a browser keeps besides the files of the build. */
async function everythingKept(): Promise<{ texts: string[]; entries: number; others: string[] }> {
  let entries = 0;
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open(name ?? "");
      opening.onsuccess = () => resolve(opening.result);
    });
    const counting = database.transaction("entries").objectStore("entries").count();
    await new Promise((resolve) => {
      counting.onsuccess = resolve;
    });
    entries += counting.result;
    database.close();
  }
  const others: string[] = [];
  for (const name of await caches.keys()) {
    for (const { url } of await (await caches.open(name)).keys()) {
      const { pathname } = new URL(url);
      if (!/^\/($|used$|assets\/|icon|badge|manifest)/.test(pathname)) others.push(pathname);
    }
  }
  return { texts: Object.keys(localStorage), entries, others };
}

function buildOf(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.documentElement.dataset.build);
}

async function threadOf(url: string, text: string): Promise<string> {
  const client = createClient({ url: `${url}/`, clientInfo: { name: "check-web", version: "1" } });
  try {
    const thread = await client.startThread();
    await thread.send(text);
    await thread.until(({ turns }) => turns.at(-1)?.status === "completed");
    return thread.id;
  } finally {
    client.close();
  }
}

async function timesSaid(url: string, threadId: string, text: string): Promise<number> {
  const client = createClient({ url: `${url}/`, clientInfo: { name: "check-web", version: "1" } });
  try {
    const { state } = await client.openThread(threadId);
    const items = (state?.turns ?? []).flatMap((turn) => turn.items);
    return items.filter((item) => item.type === "userMessage" && JSON.stringify(item.content).includes(text)).length;
  } finally {
    client.close();
  }
}
