/** A device that rings: switched on by a press, one notification for what waits, and one press from there to the diff. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { createClient } from "#client/client";
import { newServerKeys } from "#test/support/push-receiver";
import { startServer } from "../server.ts";
import { Person, type Size, type Theme } from "./browser.ts";
import { Doorbell, PushService, withoutPushService } from "./push-service.ts";
import { pictures, violations } from "./screens.ts";
import { equal, eventually, type Story, step } from "./story.ts";

export const push: Story = async ({ browser, server }) => {
  await step("a server without keys says so; a browser that blocks says so, and where to change it", async () => {
    const person = await Person.arrive(browser, `${server.url}/#/settings`);
    await person.sees("This server sends no notifications");
    await person.leave();
    const refusing = await Person.arrive(browser, `${server.url}/#/settings`, { permissions: [] });
    await refusing.sees("The browser blocks notifications of this page");
    await refusing.leave();
  });

  const service = await PushService.open();
  const vapid = newServerKeys();
  const env = { VAPID_PUBLIC_KEY: vapid.publicKey, VAPID_PRIVATE_KEY: vapid.privateKey, SPINDLE_PUSH_HOSTS: service.host };
  const ringing = await startServer({ env });
  const { url } = ringing;
  const person = await Person.arrive(browser, "about:blank");
  const { page } = person;
  const context = page.context();
  await withoutPushService(context, service);
  let timesTold = 0;
  page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => {
      if (String(payload).includes("spindle/push/subscribe")) timesTold += 1;
    });
  });
  await page.goto(`${url}/#/settings`);

  await step("it is turned on by a press, and the server knows the device; every page that is opened says it again", async () => {
    await person.presses("Turn on");
    await person.sees("This device rings.");
    await person.sees("this one");
    equal(await devicesOf(ringing.wsUrl), [["Chrome on Linux", hashOf(service.endpoint)]]);
    equal(timesTold, 1);
    await page.reload();
    await eventually("it is said again", async () => timesTold === 2);
    await person.sees("This device rings.");
    mkdirSync(pictures, { recursive: true });
    for (const size of ["phone", "desk"] satisfies Size[]) {
      for (const theme of ["light", "dark"] satisfies Theme[]) {
        await person.appearsAs(size, theme);
        await page.getByText("This device rings.").scrollIntoViewIfNeeded();
        await page.screenshot({ path: join(pictures, `notifications-${size}-${theme}.png`) });
        equal(await violations(person), []);
      }
    }
    await person.appearsAs("desk", "light");
  });

  await page.goto(`${url}/#/new`);
  await person.say("write rung.txt: alpha\nsay landed");
  await person.sees("Apply this change");
  const threadId = /threads\/([^/]+)/.exec(page.url())?.[1] ?? "";
  const itemId = await changeOf(page);
  const place = `#/threads/${threadId}/changes/${itemId}`;
  const message = {
    kind: "approval",
    threadId,
    itemId,
    title: "rung",
    body: "Wants to change rung.txt",
    place,
    waiting: 1,
  };
  const tag = `approval/${threadId}`;
  const bell = await Doorbell.of(page);

  await step("the server rings for what waits, signed and encrypted, with the way to the diff", async () => {
    await eventually("it rings", async () => service.messages.length > 0);
    const [text = ""] = service.messages;
    const { title, ...rung } = JSON.parse(text);
    message.title = title;
    equal(rung, { kind: "approval", threadId, itemId, body: message.body, place, waiting: 1 });
    equal([...service.senders], [vapid.publicKey]);
  });

  await step("who looks at the thread is not told of it; who looks elsewhere is, once, and the icon counts", async () => {
    await eventually("the title counts", async () => (await page.title()) === "(1) Spindle");
    await eventually("the icon counts", async () => {
      return (await page.evaluate(() => document.documentElement.dataset.badge)) === "1";
    });
    await bell.ring(JSON.stringify({ ...message, waiting: 3 }));
    await eventually("the worker has heard", async () => (await bell.heard()).badge === 3);
    equal(await bell.shown(), []);
    await page.goto(`${url}/#/memory`);
    await bell.ring(JSON.stringify({ ...message, waiting: 1 }));
    await bell.ring(JSON.stringify({ ...message, waiting: 2 }));
    await eventually("the worker has heard", async () => (await bell.heard()).badge === 2);
    await eventually("it is shown", async () => (await bell.shown()).length > 0);
    equal(await bell.shown(), [[message.title, tag]]);
  });

  await step("one press: an open page shows the very diff, and another one stays where it is", async () => {
    const other = await context.newPage();
    await other.goto(`${url}/#/inbox`);
    await other.getByText("See the diff").first().waitFor();
    await bell.press(tag);
    const places = async () => [new URL(page.url()).hash, new URL(other.url()).hash];
    await eventually("one of them is there", async () => (await places()).includes(place));
    const [one, two] = await places();
    equal([one, two].filter((hash) => hash === place).length, 1);
    const there = one === place ? page : other;
    await there.getByRole("button", { name: "Accept", exact: true }).first().waitFor();
    await there.getByText("alpha").first().waitFor();
    equal(await bell.shown(), []);
    await other.close();
  });

  await step("without an open page one is opened, at the diff", async () => {
    await page.goto("about:blank");
    await bell.ring(JSON.stringify(message));
    await eventually("it is shown", async () => (await bell.shown()).length === 1);
    await bell.press(tag);
    await eventually("a page is opened", async () => ((await bell.heard()).opened ?? []).length > 0);
    equal((await bell.heard()).opened, [`/${place}`]);
  });

  await step("what cannot be read rings plainly, and leads to the inbox", async () => {
    await bell.ring("{ this is no message");
    await eventually("it is shown", async () => (await bell.shown()).length === 1);
    equal(await bell.shown(), [["Spindle needs you", "unknown"]]);
    await page.goto(`${url}/#/memory`);
    await bell.press("unknown");
    await page.waitForURL(/#\/inbox$/);
  });

  await step("what is answered is counted no more, and its notification goes", async () => {
    await bell.ring(JSON.stringify(message));
    await eventually("it is shown", async () => (await bell.shown()).length === 1);
    await page.goto(`${url}/${place}`);
    await person.presses("Accept");
    await eventually("the title counts nothing", async () => (await page.title()) === "Spindle");
    await eventually("the icon counts nothing", async () => {
      return (await page.evaluate(() => document.documentElement.dataset.badge)) === "0";
    });
    await eventually("nothing is shown", async () => (await bell.shown()).length === 0);
  });

  await step("a subscription that the browser replaces is told to the server without a page", async () => {
    const other = { endpoint: `${service.endpoint}-anew`, keys: service.keys };
    await bell.replaceSubscription(other, vapid.publicKey);
    await eventually("the server knows the new one, and the old one no more", async () => {
      return JSON.stringify(await devicesOf(ringing.wsUrl)) === JSON.stringify([["Chrome on Linux", hashOf(other.endpoint)]]);
    });
  });

  await step("turned off, the server and the browser know of nothing any more", async () => {
    await page.goto(`${url}/#/settings`);
    await page.reload();
    // The page goes by what its browser says: in this check the first subscription is there again.
    await person.sees("This device rings.");
    await person.presses("Silence Chrome on Linux");
    await eventually("the lost one is gone", async () => (await devicesOf(ringing.wsUrl)).length === 1);
    await person.presses("Turn off");
    await person.sees("This device does not ring.");
    equal(await devicesOf(ringing.wsUrl), []);
    equal(await page.evaluate(() => localStorage.getItem("check/subscription")), null);
    equal(person.complaints, []);
    await person.leave();
    await ringing.close();
  });

  await step("signing out takes the device along", async () => {
    const locked = await startServer({ env: { ...env, SPINDLE_TOKEN: password } });
    const guest = await Person.arrive(browser, "about:blank");
    try {
      await withoutPushService(guest.page.context(), service);
      await guest.page.goto(locked.url);
      await guest.page.getByLabel("Token", { exact: true }).fill(password);
      await guest.page.keyboard.press("Enter");
      await guest.sees("Begin a thread");
      await guest.page.goto(`${locked.url}/#/settings`);
      await guest.presses("Turn on");
      await guest.sees("This device rings.");
      equal((await devicesOf(locked.wsUrl, password)).length, 1);
      await guest.presses("Sign out");
      await guest.page.getByLabel("Token", { exact: true }).waitFor();
      equal(await devicesOf(locked.wsUrl, password), []);
      equal(await guest.page.evaluate(() => Object.keys(localStorage)), []);
      // Of what a person may not have before they sign in, Chromium tells by itself.
      equal(
        guest.complaints.filter((complaint) => !complaint.startsWith("Failed to load resource")),
        [],
      );
    } finally {
      await guest.leave();
      await locked.close();
      service.close();
    }
  });
};

const password = "the-token-of-whoever-may-come-in-here";

async function changeOf(page: Page): Promise<string> {
  const review = page.getByRole("link", { name: "Review" });
  return /changes\/([^/]+)/.exec((await review.getAttribute("href")) ?? "")?.[1] ?? "";
}

/** Name and hash of each, as the server lists them. */
async function devicesOf(url: string, token?: string): Promise<string[][]> {
  const client = createClient({ url: `${url}/`, clientInfo: { name: "check-web", version: "1" }, ...(token ? { token } : {}) });
  try {
    const { data } = await client.request("spindle/push/list", {});
    return data.map(({ device, endpointHash }) => [device, endpointHash]);
  } finally {
    client.close();
  }
}

function hashOf(endpoint: string): string {
  return createHash("sha256").update(endpoint).digest("base64url");
}
