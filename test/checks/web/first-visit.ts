/** From the first visit to a file that landed, at both sizes; and two people at one thread. */
import { createClient } from "#client/client";
import { Person, type Size } from "./browser.ts";
import { equal, eventually, type Story, step } from "./story.ts";

export const firstVisit: Story = async ({ browser, server }) => {
  for (const size of ["phone", "desk"] satisfies Size[]) {
    await step(`${size}: first visit, prompt, streaming, diff, yes, file landed`, async () => {
      const person = await Person.arrive(browser, `${server.url}/#/new`, { size });
      await person.say("count 40\nwrite notes.txt: alpha\\nbeta\nsay it is done");
      // Streaming: the first numbers are there before the last.
      await person.sees(/1 2 3/);
      if (/ 39 40\b/.test(await person.reads())) throw new Error("nothing streamed");
      await person.sees("notes.txt");
      await person.presses("Accept");
      await person.sees("it is done");
      const threadId = /threads\/([^/]+)/.exec(person.page.url())?.[1] ?? "";
      equal(await fileOf(server.wsUrl, threadId, "/workspace/notes.txt"), "alpha\nbeta\n");
      equal(person.complaints, []);
      await person.leave();
    });
  }

  await step("two browsers on one thread: one answers, the other is told", async () => {
    const one = await Person.arrive(browser, `${server.url}/#/new`);
    await one.say("write shared.txt: x\nsay landed");
    await one.sees("shared.txt");
    const other = await Person.arrive(browser, one.page.url(), { size: "phone" });
    await other.page.getByRole("button", { name: "Accept", exact: true }).first().waitFor();
    await one.presses("Accept");
    for (const person of [one, other]) {
      await person.sees("landed");
      await eventually("the question is gone", async () => {
        return (await person.page.getByRole("button", { name: "Accept", exact: true }).count()) === 0;
      });
      equal(person.complaints, []);
    }
    await one.leave();
    await other.leave();
  });
};

export async function fileOf(url: string, threadId: string, path: string): Promise<string> {
  const client = createClient({ url: `${url}/`, clientInfo: { name: "check-web", version: "1" } });
  try {
    const { dataBase64 } = await client.request("fs/readFile", { path, threadId });
    return Buffer.from(dataBase64, "base64").toString();
  } finally {
    client.close();
  }
}
