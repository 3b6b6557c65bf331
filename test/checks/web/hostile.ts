/** What hostile text does to the page: nothing runs, nothing loads, nothing is hidden, and the page still answers. While it comes, and after a reload. */
import type { Browser } from "playwright-core";
import { createClient } from "#client/client";
import { startServer } from "../server.ts";
import { Person } from "./browser.ts";
import { canary, markup, turned, utterances } from "./hostile-texts.ts";
import { equal, eventually, type Stage, type Story, step } from "./story.ts";
import { startStreamingModel } from "./streaming-model.ts";

export const hostile: Story = async (stage) => {
  await watchfulness(stage);
  await said(stage);
  await done(stage);
};

/** What the page itself asks its server for. */
const ownRequests =
  /^\/(?:$|assets\/[\w.-]+\.(?:js|css)$|icon\.svg$|session$|tokens$|manifest\.(?:webmanifest|json)$|[\w-]+\.js$|push(?:\/[\w.-]+)?$|[\w-]+\.(?:png|svg|webmanifest)$|icons\/[\w.-]+$)/;

/** Somebody whose page tells when anything ran, opened, asked or was asked for that should not have been. */
function arrive(browser: Browser, url: string): Promise<Person> {
  const { origin } = new URL(url);
  const prepare = async ({ page, complaints }: Person) => {
    await page.addInitScript((name) => {
      Object.assign(window, { [name]: () => console.error("something ran") });
    }, canary);
    page.on("dialog", (dialog) => {
      complaints.push(`a dialog: ${dialog.message().slice(0, 80)}`);
      void dialog.dismiss();
    });
    page.on("popup", (other) => complaints.push(`a window: ${other.url()}`));
    page.on("request", (request) => {
      const asked = new URL(request.url());
      if (asked.protocol !== "blob:" && asked.origin === origin && !ownRequests.test(asked.pathname))
        complaints.push(`asked for ${asked.pathname.slice(0, 80)}`);
    });
  };
  return Person.arrive(browser, url, { prepare });
}

/** Elements and attributes that act, wherever they came from. */
async function acting({ page }: Person): Promise<string[]> {
  return page.evaluate(() => {
    const bad =
      "script, iframe, frame, object, embed, base, style, link, meta[http-equiv], video, audio, [srcset], [srcdoc], [formaction]";
    const elements = [...document.querySelectorAll("body *")];
    return [
      ...[...document.querySelectorAll(`body :is(${bad})`)].map(({ outerHTML }) => outerHTML),
      ...elements.flatMap((element) =>
        element
          .getAttributeNames()
          .filter((name) => name.startsWith("on"))
          .map((name) => `${element.tagName} ${name}`),
      ),
      ...[...document.querySelectorAll<HTMLImageElement>("body img")].flatMap(({ src }) =>
        src.startsWith("blob:") ? [] : [src],
      ),
      ...[...document.querySelectorAll("body a")].flatMap((link) => {
        const href = link.getAttribute("href") ?? "";
        return /^(?:https?:\/\/|mailto:|#)/.test(href) ? [] : [href];
      }),
      ...[...document.querySelectorAll("body form[action]")].map(({ outerHTML }) => outerHTML),
    ].map((found) => found.slice(0, 160));
  });
}

/** Signs that turn or hide in what is drawn: none, for each is spelled. */
async function hiding({ page }: Person): Promise<string[]> {
  return page.evaluate(() => {
    const found = document.body.innerText.match(/.{0,10}[\u200b\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}].{0,10}/gu);
    return (found ?? []).slice(0, 3);
  });
}

async function isUnharmed(person: Person): Promise<void> {
  equal(await acting(person), []);
  equal(await hiding(person), []);
  equal(person.complaints, []);
}

/** A click is answered, and a key: the page's one thread is free. */
async function answers({ page }: Person): Promise<void> {
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Settings" }).click();
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  await page.goBack();
}

/** Else what follows would show nothing at all. */
async function watchfulness({ browser, server }: Stage): Promise<void> {
  await step("what runs, loads, opens or breaks the policy is noticed", async () => {
    const person = await arrive(browser, `${server.url}/#/new`);
    const { page, complaints } = person;
    await person.sees("Begin a thread");
    equal(complaints, []);
    const tells = async (what: RegExp) => {
      await eventually(`${what} is noticed`, async () => complaints.some((complaint) => what.test(complaint)));
      complaints.length = 0;
    };
    await page.evaluate((name) => (window as unknown as Record<string, () => void>)[name]?.(), canary);
    await tells(/something ran/);
    await page.evaluate(() => {
      const image = document.createElement("img");
      image.src = "https://evil.example/pixel.png";
      document.body.append(image);
    });
    await tells(/img-src was violated/);
    const thrown = await page.evaluate(() => {
      try {
        document.body.insertAdjacentHTML("beforeend", "<b>text that became HTML</b>");
        return "nothing";
      } catch (error) {
        return String(error);
      }
    });
    equal(/TrustedHTML/.test(thrown), true);
    await tells(/require-trusted-types-for was violated/);
    await page.evaluate(() => {
      const script = document.createElement("script");
      try {
        script.textContent = "0";
        document.body.append(script);
      } catch {
        // By Trusted Types.
      }
    });
    await tells(/was violated|TrustedScript/);
    await page.evaluate(() => document.body.setAttribute("style", "color: red"));
    await tells(/style-src-attr was violated/);
    await page.evaluate(() => void fetch("/healthz"));
    await tells(/asked for .healthz/);
    await page.evaluate(() => void fetch("https://evil.example").catch(() => {}));
    await tells(/connect-src was violated/);
    await page.evaluate(() => alert("here"));
    await tells(/a dialog: here/);
    equal((await acting(person)).length > 0, true);
    await person.leave();
  });
}

/** By a model, in the talk. */
async function said({ browser }: Stage): Promise<void> {
  const model = await startStreamingModel(utterances);
  const server = await startServer({ env: model.env });
  try {
    for (const name of Object.keys(utterances)) {
      await step(`a model says “${name}”: streamed and reloaded, nothing runs, nothing hides, the page answers`, async () => {
        const person = await arrive(browser, `${server.url}/#/new`);
        await person.say(`utter ${name}`);
        await person.page.waitForURL(/threads/);
        await person.page.locator(".item.agent").first().waitFor();
        await answers(person);
        const isAllThere = () =>
          person.page
            .getByText(`The end of ${name === "active" ? "the active content" : name}.`)
            .first()
            .waitFor({ timeout: 120_000 });
        await isAllThere();
        await person.sees("Copy answer", 120_000);
        await isUnharmed(person);
        const streamed = await person.page.locator(".item.agent").innerText();
        await person.page.reload();
        await isAllThere();
        await isUnharmed(person);
        equal(await person.page.locator(".item.agent").innerText(), streamed);
        await answers(person);
        if (name === "active") await pressesEverything(person);
        await person.leave();
      });
    }
  } finally {
    await server.close();
    model.close();
  }
}

/** Links lead away in a window of their own at most, and none of them is code. */
async function pressesEverything(person: Person): Promise<void> {
  const { page } = person;
  const links = page.locator(".item.agent a");
  const hrefs = await links.evaluateAll((all) => all.map((link) => `${link.getAttribute("href")} ${link.getAttribute("rel")}`));
  for (const href of hrefs) {
    if (!/^(?:https?:\/\/|mailto:)\S+ noopener noreferrer nofollow$/.test(href)) throw new Error(`a link is ${href}`);
  }
  // Who pretends to be another is named beside it.
  const hosts = page.locator(".item.agent .host").filter({ hasText: "evil.example" });
  await eventually("both are named", async () => (await hosts.count()) === 2);
  await page.getByText("inline").first().click();
  await page.getByText("javascript").first().click();
  await isUnharmed(person);
}

/** By commands, files and people, everywhere else. */
async function done({ browser, server }: Stage): Promise<void> {
  const client = createClient({ url: `${server.wsUrl}/`, clientInfo: { name: "check-web", version: "1" } });
  const person = await arrive(browser, `${server.url}/#/new`);
  const { page } = person;
  const begin = async (text: string, shows: string | RegExp): Promise<string> => {
    await page.goto(`${server.url}/#/new`);
    await person.say(text);
    await page.waitForURL(/threads/);
    await person.sees(shows, 60_000);
    return page.url();
  };
  /** There, after a reload, and with the page still answering. */
  const stands = async (address: string, shows: string | RegExp) => {
    await page.goto(address);
    for (const isReloaded of [false, true]) {
      if (isReloaded) await page.reload();
      await page.locator("main").getByText(shows).filter({ visible: true }).first().waitFor({ timeout: 60_000 });
      await isUnharmed(person);
    }
    await answers(person);
  };

  await step("output with escapes of terminals, a line without an end and markup", async () => {
    const thread = await begin(
      `run printf '\\033]0;title\\007\\033[31mred\\033[0m \\033]8;;javascript:${canary}()\\033\\\\link\\033]8;;\\033\\\\ \\302\\233 ${markup} a\\342\\200\\256b'\nrun head -c 5000000 /dev/zero | tr '\\0' x\nsay all was run`,
      "all was run",
    );
    await stands(thread, "all was run");
    for (const shown of [/red link/, "U+009B", "U+202E", /<img src=x onerror/]) await person.sees(shown);
  });

  await step(
    "a change of 100,000 lines, a line of 300,000 signs, binary files and names that lie: talk, changes and inbox",
    async () => {
      const commands = [
        "yes x | head -n 100000 > many.txt",
        "head -c 300000 /dev/zero | tr '\\0' x > line.txt",
        "head -c 5000 /dev/urandom > noise.bin",
        `printf 'Accepted. applied <button>Accept</button>${markup}\\n\\342\\200\\256x' > 'fake ✓ accepted.txt'`,
        `printf x > '${turned}'`,
        `printf x > '<img src=x onerror=${canary}()>.html'`,
        "printf x > \"$(printf 'two\\nlines')\"",
        "mkdir -p '... /..etc' && printf x > '... /..etc/passwd'",
      ];
      for (const command of commands) {
        const thread = await begin(`run ${command}\nsay went on`, "Apply this change").catch(async (error) => {
          throw new Error(`${command}: ${(await person.reads()).slice(0, 400)} ${error}`);
        });
        const threadId = /threads\/([^/]+)/.exec(thread)?.[1] ?? "";
        await stands(thread, "Apply this change");
        await stands(`${thread}/changes`, "Accept");
        await stands(`${server.url}/#/inbox`, "See the diff");
        // Only the server's word is shown as one: what is proposed cannot say that it was accepted.
        await page.goto(`${thread}/changes`);
        await page.getByRole("button", { name: "Accept", exact: true }).first().waitFor();
        equal(await page.locator(".badge.completed").filter({ visible: true }).count(), 0);
        await client.request("thread/archive", { threadId });
      }
    },
  );

  await step("an approval of a command whose signs are turned shows what is run, in the talk and in the inbox", async () => {
    const thread = await begin(`say hello`, /^hello$/);
    const threadId = /threads\/([^/]+)/.exec(thread)?.[1] ?? "";
    await client.request("turn/start", {
      threadId,
      approvalPolicy: "untrusted",
      input: [{ type: "text", text: `run touch 'a\u202eb' \u200b# ${markup}\nsay ran`, text_elements: [] }],
    });
    await stands(thread, "Run this command?");
    for (const address of [thread, `${server.url}/#/inbox`]) {
      await page.goto(address);
      await page.getByRole("group", { name: "Command" }).getByText("U+202E").waitFor();
    }
    await client.request("thread/archive", { threadId });
  });

  await step("questions, plans, thoughts and what a person says", async () => {
    const hidden = "x\u202ey\u200bz";
    const thread = await begin(
      `think ${markup} ${hidden}\nplan ${markup}; ${hidden}\nask ${markup} ${hidden}: ${markup} | ${hidden}\nsay asked`,
      /Answer/,
    );
    await stands(thread, /onerror/);
    await stands(`${server.url}/#/inbox`, /onerror/);
    await page.goto(thread);
    await page.getByRole("radio").first().check();
    await person.presses("Answer");
    await person.sees(/^asked$/);
    await isUnharmed(person);
  });

  await step("decisions: as picture, in words, and in the panel", async () => {
    const label = `${markup} a\u202eb`;
    const thread = await begin(
      `assume A1 p=0.7 kind=code_fact: ${label}\naction patch cost=0.10 gain[A1]=0.9 gain[!A1]=-0.6: say ${label}\naction guard cost=0.05 gain=0.35: say ${label}\ndecide\nsay it was weighed`,
      "it was weighed",
    );
    await stands(`${thread}/decisions`, /was chosen/);
    // The thread's name has it too, in the list and above.
    await page.locator("button.node").filter({ hasText: "A1" }).first().click();
    await page.getByRole("complementary", { name: "Assumption A1" }).waitFor();
    await isUnharmed(person);
    await person.presses("Text");
    await isUnharmed(person);
    await person.sees("U+202E");
  });

  await step("files: a line of five million signs, names that lie, HTML, SVG and an image that is none", async () => {
    const thread = await begin("say here are files", "here are files");
    const threadId = /threads\/([^/]+)/.exec(thread)?.[1] ?? "";
    const names: Record<string, string> = {
      "long.txt": "x".repeat(5_000_000),
      [turned]: "text",
      "page.html": `${markup}\u202e`,
      "picture.svg": `<svg xmlns="http://www.w3.org/2000/svg" onload="${canary}()"><script>${canary}()</script></svg>`,
      "picture.png": `\x89PNG\r\n\x1a\n<script>${canary}()</script>`,
      [`<img src=x onerror=${canary}()>`]: "x",
      "signs.txt": "\u200b\u202e".repeat(100_000),
      "lines.txt": "y\n".repeat(100_000),
    };
    for (const [name, text] of Object.entries(names)) {
      await client.request("fs/writeFile", {
        threadId,
        path: `/workspace/${name}`,
        dataBase64: Buffer.from(text, name.endsWith(".png") ? "latin1" : "utf8").toString("base64"),
      });
    }
    await stands(`${thread}/files`, "long.txt");
    for (const name of Object.keys(names)) {
      await page.goto(`${thread}/files/${encodeURIComponent(name)}`);
      await page.getByLabel("File", { exact: true }).locator(".content").first().waitFor();
      await isUnharmed(person);
    }
    await answers(person);
  });

  await step("names of threads, and what the memory holds", async () => {
    const thread = await begin("say fix the parser of dates\nwrite src/dates.ts: Date.parse", "Apply this change");
    const threadId = /threads\/([^/]+)/.exec(thread)?.[1] ?? "";
    await client.request("thread/name/set", { threadId, name: `${markup} ${turned}` });
    await stands(thread, /onerror/);
    await page.locator("li.entry").filter({ hasText: "U+202E" }).first().waitFor();
    await client.request("spindle/memory/metaprompt/propose", {
      title: `<img src=x onerror=${canary}()>`,
      when: `[x](javascript:${canary}())`,
      content: markup,
    });
    await page.goto(`${server.url}/#/memory`);
    await page.getByRole("heading", { name: "Wordings of instructions" }).click();
    await person.sees(/<img src=x onerror/);
    await isUnharmed(person);
    await answers(person);
  });

  client.close();
  await person.leave();
}
