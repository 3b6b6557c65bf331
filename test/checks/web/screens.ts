/** Every main screen, at both sizes, in the light and in the dark: as a picture to look at, and read by axe for what shuts people out. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { projectRoot } from "../server.ts";
import { Person, type Size, type Theme } from "./browser.ts";
import { equal, type Story, step } from "./story.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Not committed; the README's picture is one of them. */
export const pictures = join(projectRoot, "test-results/screens");

const prompt = `think First I look at what is there.
say The **plan**: write the notes, then show \`code\`.
run ls -la
write notes.txt: alpha\\nbeta\\ngamma
say done`;
const deciding = `assume A1 p=0.7 kind=code_fact: a.txt says yes
action patch cost=0.10 gain[A1]=0.9 gain[!A1]=-0.6: say patched
action guard cost=0.05 gain=0.35: say guarded
probe Q on=A1 se=0.95 sp=0.95 cost=0.03: grep -q yes a.txt
decide
say decided`;

interface Screen {
  name: string;
  /** After `#/`; `thread` stands for the thread's id. */
  address: string;
  /** What has to be there before it is looked at. */
  shows: string | RegExp;
}

const screens: Screen[] = [
  { name: "new", address: "new", shows: "Begin a thread" },
  { name: "list", address: "", shows: /think First/ },
  { name: "talk", address: "threads/thread", shows: "Apply this change" },
  { name: "changes", address: "threads/thread/changes", shows: "notes.txt" },
  { name: "decisions", address: "threads/decided/decisions", shows: "guard was chosen" },
  { name: "files", address: "threads/thread/files", shows: /Upload/ },
  { name: "inbox", address: "inbox", shows: "See the diff" },
  { name: "memory", address: "memory", shows: "What was learnt" },
  { name: "settings", address: "settings", shows: "This browser" },
];

export const allScreens: Story = async ({ browser, server }) => {
  mkdirSync(pictures, { recursive: true });
  const author = await Person.arrive(browser, `${server.url}/#/new`);
  const begin = async (text: string, shows: string): Promise<string> => {
    await author.page.goto(`${server.url}/#/new`);
    await author.say(text);
    await author.page.waitForURL(/threads/);
    await author.sees(shows);
    return /threads\/([^/]+)/.exec(author.page.url())?.[1] ?? "";
  };
  const decided = await begin(deciding, "decided");
  const thread = await begin(prompt, "Apply this change");
  await author.leave();
  for (const size of ["phone", "desk"] satisfies Size[]) {
    for (const theme of ["light", "dark"] satisfies Theme[]) {
      for (const { name, address, shows } of screens) {
        await step(`${name}, ${size}, ${theme}: a picture, and nobody is shut out`, async () => {
          const place = address
            .replace("thread/", `${thread}/`)
            .replace(/thread$/, thread)
            .replace("decided", decided);
          const person = await Person.arrive(browser, `${server.url}/#/${place}`, { size, theme });
          await person.page.locator("body").getByText(shows).filter({ visible: true }).first().waitFor({ timeout: 10_000 });
          await person.page.screenshot({ path: join(pictures, `${name}-${size}-${theme}.png`) });
          equal(await violations(person), []);
          equal(person.complaints, []);
          await person.leave();
        });
      }
    }
  }
};

export async function violations({ page }: Person): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    type Found = { violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] };
    const { axe: engine } = window as unknown as { axe: { run(options: object): Promise<Found> } };
    const { violations: found } = await engine.run({
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return found.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  });
}
