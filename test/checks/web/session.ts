/** A session in a browser: no secret is kept, a page of another origin can do nothing with it, and it ends everywhere at once. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "#client/client";
import { newBrowserKeys, newServerKeys } from "#test/support/push-receiver";
import { startServer } from "../server.ts";
import { Person } from "./browser.ts";
import { equal, eventually, type Story, step } from "./story.ts";

const token = "the-token-of-whoever-may-come-in-here";
const operator = "the-operators-own-token-of-this-check";

export const session: Story = async ({ browser }) => {
  const vapid = newServerKeys();
  const server = await startServer({
    env: {
      SPINDLE_TOKEN: token,
      SPINDLE_OPERATOR_TOKEN: operator,
      VAPID_PUBLIC_KEY: vapid.publicKey,
      VAPID_PRIVATE_KEY: vapid.privateKey,
    },
  });
  const signIn = async (): Promise<Person> => {
    const person = await Person.arrive(browser, server.url);
    await person.page.locator("input").first().fill(token);
    await person.page.keyboard.press("Enter");
    await person.sees("Begin a thread");
    return person;
  };
  try {
    const one = await signIn();
    const { page } = one;

    await step("after a day's work nothing that a page can read has a secret in it", async () => {
      await one.say("say hello\nwrite notes.txt: alpha");
      await one.presses("Accept");
      await one.sees(/applied/);
      await page.goto(`${server.url}/#/settings`);
      await page.getByLabel("Theme").selectOption("dark");
      await page.getByLabel("Operator token").fill(operator);
      await one.presses("Show tokens");
      await page.getByLabel("Name", { exact: true }).fill("laptop");
      await page.getByLabel("Account", { exact: true }).fill("alice");
      await one.presses("Create token");
      await one.sees("it is not shown again");
      const made = await page.locator(".shown-token code").innerText();
      const cookies = await page.context().cookies();
      const secret = cookies.find(({ name }) => name === "spindle-session")?.value ?? "no session";
      equal(
        cookies.map(({ httpOnly, sameSite, path }) => ({ httpOnly, sameSite, path })),
        [{ httpOnly: true, sameSite: "Strict", path: "/" }],
      );
      // Written half a second after a turn ended.
      await eventually("the thread is kept", async () => (await kept(page)).includes("alpha"));
      const everything = await kept(page);
      for (const [name, value] of Object.entries({ token, operator, made, secret })) {
        if (everything.includes(value)) throw new Error(`the browser keeps a secret: ${name}`);
      }
      // The page to sign in on is a 401, and Chromium says so.
      equal(
        one.complaints.filter((complaint) => !/status of 401/.test(complaint)),
        [],
      );
    });

    await step(
      "a page of another origin, even on the same machine, gets nothing by form, fetch, image, frame or socket",
      async () => {
        const evil = createServer((_, response) =>
          response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><p>evil"),
        );
        await new Promise<void>((resolve) => evil.listen(0, "127.0.0.1", resolve));
        try {
          const origin = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`;
          // Another port is the same site: the browser sends the cookie along.
          const other = await page.context().newPage();
          await other.goto(origin);
          const came = await other.evaluate(attempts, server.url);
          equal(came, {
            read: "refused",
            signOut: "refused",
            signOutEverywhere: "refused",
            signIn: "opaque 403",
            image: "refused",
            script: "refused",
            socket: "refused",
            frame: "empty",
          });
          // A form takes the whole page along.
          const answered = other.waitForResponse((response) => response.request().method() === "POST");
          await other.evaluate((url) => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = `${url}/session`;
            document.body.append(form);
            form.submit();
          }, server.url);
          equal((await answered).status(), 403);
          await other.close();
          equal(await page.evaluate(async () => (await fetch("/session")).status), 200);
        } finally {
          evil.close();
        }
      },
    );

    await step("signing out everywhere ends the other browser's session too; what is kept goes, the theme stays", async () => {
      const lost = await signIn();
      const client = createClient({ url: server.wsUrl, token, clientInfo: { name: "check-web", version: "1" } });
      const { p256dh, auth } = newBrowserKeys();
      await client.request("spindle/push/subscribe", {
        endpoint: "https://fcm.googleapis.com/a-lost-telephone",
        keys: { p256dh, auth },
        expirationTime: null,
        device: "lost",
      });
      await lost.page.goto(`${server.url}/#/settings`);
      await page.goto(`${server.url}/#/settings`);
      page.on("dialog", (dialog) => void dialog.accept());
      await one.presses("Sign out everywhere");
      await page.getByRole("heading", { name: "Sign in to Spindle" }).waitFor();
      await lost.sees("You are signed out.");
      equal((await client.request("spindle/push/list", {})).data, []);
      client.close();
      const everything = await kept(page);
      equal([everything.includes("alpha"), everything.includes("dark")], [false, true]);
      await page.locator("input").first().fill(token);
      await page.keyboard.press("Enter");
      await one.sees("Begin a thread");
      equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
      await lost.leave();
    });
    await one.leave();
  } finally {
    await server.close();
  }
};

/** Everything that scripts of this origin could read. */
function kept(page: Person["page"]): Promise<string> {
  return page.evaluate(async () => {
    const found: unknown[] = [{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state];
    for (const { name = "" } of await indexedDB.databases()) {
      const opened = indexedDB.open(name);
      const database = await new Promise<IDBDatabase>((resolve) => {
        opened.onsuccess = () => resolve(opened.result);
      });
      for (const store of database.objectStoreNames) {
        const all = database.transaction(store).objectStore(store);
        for (const asked of [all.getAll(), all.getAllKeys()]) {
          found.push(
            await new Promise((resolve) => {
              asked.onsuccess = () => resolve(asked.result);
            }),
          );
        }
      }
      database.close();
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const answer = await cache.match(request);
        found.push(request.url, [...request.headers], answer && [...answer.headers], await answer?.text());
      }
    }
    return JSON.stringify(found);
  });
}

/** Run in a page of another origin, which has the person's cookie at hand. */
async function attempts(url: string): Promise<Record<string, string>> {
  const refused = () => "refused";
  const loads = (element: HTMLImageElement | HTMLScriptElement) =>
    new Promise<string>((resolve) => {
      element.onload = () => resolve("loaded");
      element.onerror = () => resolve("refused");
      document.body.append(element);
    });
  const ask = (path: string, init: RequestInit) =>
    fetch(`${url}${path}`, { credentials: "include", ...init }).then(({ status, type }) => `${type} ${status}`, refused);
  const image = document.createElement("img");
  image.src = `${url}/icon.svg`;
  const script = document.createElement("script");
  script.src = `${url}/session`;
  const frame = document.createElement("iframe");
  frame.src = url;
  const framed = new Promise<string>((resolve) => {
    frame.onload = () => {
      try {
        resolve(frame.contentDocument?.body.textContent ? "readable" : "empty");
      } catch {
        // Chromium's own page of another origin, which says that it was refused.
        resolve("empty");
      }
    };
  });
  document.body.append(frame);
  const socket = new WebSocket(url.replace("http", "ws"));
  // A browser may keep silent about what it refused.
  const soon = (answer: Promise<string>) =>
    Promise.race([answer, new Promise<string>((resolve) => setTimeout(() => resolve("refused"), 5_000))]);
  return {
    read: await ask("/session", {}),
    signOut: await ask("/session", { method: "DELETE" }),
    signOutEverywhere: await ask("/sessions", { method: "DELETE" }),
    signIn: (await ask("/session", { method: "POST", mode: "no-cors", body: '{"token":"x"}' })).replace(
      /^opaque 0$|^refused$/,
      "opaque 403",
    ),
    image: await soon(loads(image)),
    script: await soon(loads(script)),
    socket: await soon(
      new Promise<string>((resolve) => {
        socket.onopen = () => resolve("open");
        socket.onerror = () => resolve("refused");
        if (socket.readyState === WebSocket.CLOSED) resolve("refused");
      }),
    ),
    frame: (await soon(framed)).replace("refused", "empty"),
  };
}
