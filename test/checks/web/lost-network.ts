/** What a page that lost the network, its server or itself ends in: exactly what a page ends in that never left. */
import { Person, type Size } from "./browser.ts";
import { fileOf } from "./first-visit.ts";
import { Network } from "./network.ts";
import { equal, eventually, type Stage, type Story, step as toldStep } from "./story.ts";

const offlineMs = 30_000;
/** docs/web.md promises it. */
const foundDeadMs = 20_000;

export const lostNetwork: Story = async (stage) => {
  for (const size of ["phone", "desk"] satisfies Size[]) await atSize(stage, size);
};

async function atSize({ browser, server }: Stage, size: Size): Promise<void> {
  const network = await Network.open(server.port);

  /** With a network, whatever became of the step before. */
  const step = async (title: string, work: () => Promise<void>): Promise<void> => {
    await toldStep(title, work);
    network.mend();
  };
  const begin = async (prompt: string): Promise<Person> => {
    const person = await Person.arrive(browser, `${server.url}/#/new`, { size });
    await person.say(prompt);
    await person.page.waitForURL(/threads\//);
    return person;
  };
  /** The same thread on a device whose network can be cut. */
  const follow = async (stayed: Person): Promise<Person> => {
    const left = await Person.arrive(browser, `${network.url}/${new URL(stayed.page.url()).hash}`, { size });
    await left.page.getByLabel("Message", { exact: true }).waitFor();
    return left;
  };
  const requireSame = async (stayed: Person, ...others: Person[]): Promise<void> => {
    const threadId = threadOf(stayed);
    for (const { page } of [...others, stayed]) {
      await page.locator(".item.agent").filter({ hasText: "the end" }).last().waitFor({ timeout: 60_000 });
      await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
    }
    for (const left of others) {
      let [found, wanted]: Record<string, string>[] = [{}, {}];
      await eventually(
        "both pages alike",
        async () => {
          [found, wanted] = await Promise.all([left.readsEverything(threadId), stayed.readsEverything(threadId)]);
          return JSON.stringify(found) === JSON.stringify(wanted);
        },
        20_000,
      ).catch(() => equal(found, wanted));
      for (const [place, text] of Object.entries(wanted ?? {})) if (text === "") throw new Error(`${place} says nothing`);
      equal(left.complaints, []);
    }
    equal(stayed.complaints, []);
  };
  const leave = async (...persons: Person[]): Promise<void> => {
    for (const person of persons) await person.leave();
  };

  await step(`${size}: the network is gone for ${offlineMs / 1000} s in the middle of a stream`, async () => {
    const stayed = await begin("count 300\nrun echo from the command\nsay the end");
    await stayed.sees(/1 2 3/);
    const left = await follow(stayed);
    await left.sees(/1 2 3/);
    network.cut();
    await new Promise((resolve) => setTimeout(resolve, offlineMs));
    network.mend();
    await requireSame(stayed, left);
    await leave(stayed, left);
  });

  await step(
    `${size}: a network that swallows everything and closes nothing is found within ${foundDeadMs / 1000} s`,
    async () => {
      const stayed = await begin("say before\nsay the end");
      await stayed.sees(/^the end$/);
      const left = await follow(stayed);
      await left.page.locator(".connection.online").waitFor({ state: "attached" });
      // It has heard its first pong by then, and knows that the server answers.
      await left.page.waitForTimeout(2_000);
      network.cut();
      await left.page.locator(".connection.online").waitFor({ state: "detached", timeout: foundDeadMs });
      await stayed.say("say meanwhile\nsay and again the end");
      network.mend();
      for (const person of [left, stayed]) await person.sees(/^and again the end$/);
      await requireSame(stayed, left);
      await leave(stayed, left);
    },
  );

  await step(`${size}: the page is loaded anew in the middle of a stream`, async () => {
    const stayed = await begin("count 200\nsay the end");
    await stayed.sees(/1 2 3/);
    const left = await follow(stayed);
    await left.sees(/1 2 3/);
    await left.page.reload();
    await requireSame(stayed, left);
    await leave(stayed, left);
  });

  await step(`${size}: SIGKILL of the whole server in the middle of a stream, and it starts again`, async () => {
    const left = await begin("count 300\nsay the end");
    await left.sees(/1 2 3/);
    await server.restart();
    await left.page.locator(".item.agent").filter({ hasText: "the end" }).waitFor({ timeout: 60_000 });
    const fresh = await Person.arrive(browser, left.page.url(), { size });
    await requireSame(fresh, left);
    await leave(left, fresh);
  });

  await step(`${size}: two browsers on one thread: one answers, the other is told what, and has no button left`, async () => {
    const one = await begin("write shared.txt: x\nwrite other.txt: y\nsay the end");
    const other = await follow(one);
    for (const [decision, told] of [
      ["Accept", "Somebody else accepted this meanwhile."],
      ["Decline", "Somebody else declined this meanwhile."],
    ] as const) {
      await other.page.getByRole("button", { name: decision, exact: true }).waitFor();
      await one.page.getByRole("button", { name: decision, exact: true }).click();
      await other.sees(told);
      if (decision === "Decline") await eventually("no question is left", async () => (await questions(other)) === 0);
      equal(await one.page.getByText(told).count(), 0);
    }
    equal(await fileOf(server.wsUrl, threadOf(one), "/workspace/shared.txt"), "x\n");
    await requireSame(one, other);
    await leave(one, other);
  });

  await step(`${size}: written offline, loaded anew offline, seen in two tabs: sent once`, async () => {
    const stayed = await begin("say before");
    await stayed.sees(/^before$/);
    const left = await follow(stayed);
    await left.sees(/^before$/);
    // What was read has to be kept before it can be shown without a network.
    await eventually("the thread is kept", () => left.keeps(threadOf(left)));
    await offline(network, left, { servesPages: true });
    await left.say("say only once\nsay the end");
    await left.sees("Waiting for the network");
    await left.page.reload();
    await left.sees("Waiting for the network");
    const tab = await left.opensTab(left.page.url());
    await tab.sees("Waiting for the network");
    network.mend();
    const persons = [stayed, left, tab];
    for (const { page } of persons) await page.locator(".item.agent").filter({ hasText: "the end" }).waitFor({ timeout: 60_000 });
    await requireSame(stayed, left, tab);
    for (const { page } of persons) {
      equal(await page.locator(".item.user").filter({ hasText: "only once" }).count(), 1);
      equal(await page.locator(".item.agent").filter({ hasText: "only once" }).count(), 1);
    }
    await leave(stayed, left);
  });

  await step(`${size}: a question waits through a cut, a SIGKILL and a reload, and is answered from another device`, async () => {
    const stayed = await begin("write waits.txt: it waited\nsay the end");
    const accept = (person: Person) => person.page.getByRole("button", { name: "Accept", exact: true });
    await accept(stayed).waitFor();
    const left = await follow(stayed);
    await accept(left).waitFor();
    network.cut();
    await server.restart();
    network.mend();
    await left.page.reload();
    for (const person of [stayed, left]) {
      await person.page.locator(".connection.online").waitFor({ state: "attached", timeout: 60_000 });
      await accept(person).waitFor();
    }
    const third = await Person.arrive(browser, stayed.page.url(), { size: size === "phone" ? "desk" : "phone" });
    await accept(third).click();
    await requireSame(stayed, left);
    equal([await questions(stayed), await questions(left)], [0, 0]);
    equal(await fileOf(server.wsUrl, threadOf(stayed), "/workspace/waits.txt"), "it waited\n");
    equal(third.complaints, []);
    await leave(stayed, left, third);
  });

  await step(`${size}: an answer given offline comes too late, and who gave it is told`, async () => {
    const stayed = await begin("write late.txt: accepted\nsay the end");
    const left = await follow(stayed);
    await left.page.getByRole("button", { name: "Decline", exact: true }).waitFor();
    await offline(network, left);
    await left.page.getByRole("button", { name: "Decline", exact: true }).click();
    await left.sees("Your answer will be sent when the network is back.");
    await stayed.page.getByRole("button", { name: "Accept", exact: true }).click();
    await stayed.sees(/^the end$/);
    network.mend();
    await left.sees("An answer that you gave offline came too late");
    await left.presses("Understood");
    await requireSame(stayed, left);
    equal(await fileOf(server.wsUrl, threadOf(stayed), "/workspace/late.txt"), "accepted\n");
    await leave(stayed, left);
  });

  network.close();
}

/** New connections are refused as well, so that the page knows at once. */
async function offline(network: Network, person: Person, { servesPages = false } = {}): Promise<void> {
  network.cut();
  network.mend();
  network.cut({ servesPages });
  await person.page.locator(".connection.online").waitFor({ state: "detached" });
}

function questions({ page }: Person): Promise<number> {
  return page.getByRole("button", { name: /^(Accept|Decline)/ }).count();
}

function threadOf({ page }: Person): string {
  return /threads\/([^/]+)/.exec(page.url())?.[1] ?? "";
}
