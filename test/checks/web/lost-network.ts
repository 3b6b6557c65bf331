/** What a page that lost the network, its server or itself ends in: exactly what a page ends in that never left. */
import { Person } from "./browser.ts";
import { Network } from "./network.ts";
import { equal, eventually, type Story, step } from "./story.ts";

const offlineMs = 30_000;

export const lostNetwork: Story = async ({ browser, server }) => {
  const network = await Network.open(server.port);

  /** The thread of `stayed` is opened by somebody whose network can be cut. */
  const follow = async (stayed: Person): Promise<Person> => {
    const left = await Person.arrive(browser, `${network.url}/${new URL(stayed.page.url()).hash}`);
    await left.page.getByLabel("Message", { exact: true }).waitFor();
    return left;
  };
  const requireSame = async (stayed: Person, left: Person): Promise<void> => {
    for (const { page } of [left, stayed]) {
      await page.locator(".item.agent").filter({ hasText: "the end" }).waitFor({ timeout: 60_000 });
    }
    await eventually("both pages alike", async () => (await stayed.reads()) === (await left.reads()), 10_000).catch(async () =>
      equal(await left.reads(), await stayed.reads()),
    );
    equal([stayed.complaints, left.complaints], [[], []]);
  };

  await step(`the network is gone for ${offlineMs / 1000} s in the middle of a stream`, async () => {
    const stayed = await Person.arrive(browser, `${server.url}/#/new`);
    await stayed.say("count 300\nrun echo from the command\nsay the end");
    await stayed.sees(/1 2 3/);
    const left = await follow(stayed);
    await left.sees(/1 2 3/);
    network.cut();
    await new Promise((resolve) => setTimeout(resolve, offlineMs));
    network.mend();
    await requireSame(stayed, left);
    await stayed.leave();
    await left.leave();
  });

  await step("the page is loaded anew in the middle of a stream", async () => {
    const stayed = await Person.arrive(browser, `${server.url}/#/new`);
    await stayed.say("count 200\nsay the end");
    await stayed.sees(/1 2 3/);
    const left = await follow(stayed);
    await left.sees(/1 2 3/);
    await left.page.reload();
    await requireSame(stayed, left);
    await stayed.leave();
    await left.leave();
  });

  await step("SIGKILL of the whole server in the middle of a stream, and it starts again", async () => {
    const left = await Person.arrive(browser, `${server.url}/#/new`);
    await left.say("count 300\nsay the end");
    await left.sees(/1 2 3/);
    await server.restart();
    await left.page.locator(".item.agent").filter({ hasText: "the end" }).waitFor({ timeout: 60_000 });
    const fresh = await Person.arrive(browser, left.page.url());
    await requireSame(fresh, left);
    await left.leave();
    await fresh.leave();
  });

  network.close();
};
