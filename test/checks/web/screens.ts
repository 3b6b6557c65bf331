/** Every main screen, at both sizes, in the light and in the dark: as a picture to look at, and read by axe for what shuts people out. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createClient } from "#client/client";
import type { ThreadHandle } from "#client/thread-handle";
import type { Thread } from "#core/thread";
import { projectRoot } from "../server.ts";
import { Person, type Size, type Theme } from "./browser.ts";
import { Network } from "./network.ts";
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
const lines = Array.from({ length: 60 }, (_, index) => `line ${index + 1} of the notes, as they were`);
const reviewed = `run sed -i -e '5s/were/are/' -e '30s/notes/minutes/' -e '55d' notes.txt && mkdir -p src && printf 'export const a = 1;\\n' > src/a.ts
say reviewed`;
/** Longer than all pictures take. */
const working =
  'plan Look around; Change the notes; Run the tests\nrun for i in 1 2 3 4 5 6; do echo "line $i of the output"; done\ncount 10000';
const long = Array.from({ length: 40 }, (_, index) => [
  `say Message ${index + 1}: the **notes** say what \`${index}\` means, and why it was not done the other way around.`,
  ...(index % 8 === 7 ? [`run echo ${index} of many`] : []),
])
  .flat()
  .concat("say that was all")
  .join("\n");

/** The threads that the screens show, by name. */
type Threads = Record<"decided" | "asking" | "quiet" | "review" | "running" | "queue" | "failed" | "question" | "long", string>;

interface Screen {
  name: string;
  /** After `#/`. */
  address: string | ((threads: Threads) => string);
  /** What has to be there before it is looked at. */
  shows: string | RegExp;
  /** What is done before it is looked at. */
  prepare?(person: Person, network: Network): Promise<void>;
  only?: Size;
}

/** Before there is anything at all. */
const emptyScreens: Screen[] = [
  { name: "empty-list", address: "", shows: "No threads yet", only: "phone" },
  { name: "new", address: "new", shows: "Begin a thread" },
  { name: "empty-inbox", address: "inbox", shows: "Nothing waits for you" },
  { name: "empty-memory", address: "memory", shows: "Nothing was learnt yet" },
];

const screens: Screen[] = [
  { name: "list", address: "", shows: /think First/ },
  { name: "talk", address: ({ asking }) => `threads/${asking}`, shows: "Apply this change" },
  { name: "changes", address: ({ asking }) => `threads/${asking}/changes`, shows: "notes.txt" },
  { name: "review", address: ({ review }) => `threads/${review}/changes`, shows: "Waiting for you" },
  {
    name: "review-split",
    address: ({ review }) => `threads/${review}/changes`,
    shows: "Waiting for you",
    only: "desk",
    prepare: async ({ page }) => {
      await page.getByRole("button", { name: "Side by side" }).click();
      await page.locator("table.split").first().waitFor();
    },
  },
  {
    name: "decline-reason",
    address: ({ review }) => `threads/${review}/changes`,
    shows: "Waiting for you",
    prepare: async (person) => {
      await person.page.getByText("More", { exact: true }).click();
      await person.presses("Decline with a reason");
      await person.page.getByLabel(/^Why not/).fill("The minutes are called notes everywhere else.");
    },
  },
  { name: "decisions", address: ({ decided }) => `threads/${decided}/decisions`, shows: "guard was chosen" },
  {
    name: "decisions-words",
    address: ({ decided }) => `threads/${decided}/decisions`,
    shows: "guard was chosen",
    prepare: async (person) => {
      await person.presses("Text");
      await person.sees(/guard is best/);
    },
  },
  {
    name: "assumption",
    address: ({ decided }) => `threads/${decided}/decisions`,
    shows: "guard was chosen",
    prepare: async (person) => {
      await person.presses(/^A1/);
      await person.sees("It is not so");
    },
  },
  { name: "files", address: ({ long: thread }) => `threads/${thread}/files`, shows: /Upload/ },
  { name: "empty-files", address: ({ quiet }) => `threads/${quiet}/files`, shows: "Nothing is here yet" },
  { name: "empty-changes", address: ({ quiet }) => `threads/${quiet}/changes`, shows: /No file was changed/ },
  { name: "running", address: ({ running }) => `threads/${running}`, shows: /line 6 of the output/ },
  { name: "queue", address: ({ queue }) => `threads/${queue}`, shows: "say the second that waits" },
  { name: "question", address: ({ question }) => `threads/${question}`, shows: "Which colour?" },
  { name: "failed", address: ({ failed }) => `threads/${failed}`, shows: "Send again" },
  { name: "long", address: ({ long: thread }) => `threads/${thread}`, shows: "that was all" },
  {
    name: "fork",
    address: ({ quiet }) => `threads/${quiet}`,
    shows: "hello",
    prepare: async (person) => {
      await person.page.getByText("say hello").last().hover();
      await person.page.getByRole("button", { name: "Edit in a fork" }).last().click();
      await person.page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "revert",
    address: ({ long: thread }) => `threads/${thread}`,
    shows: "that was all",
    prepare: async ({ page }) => {
      await page.getByText(/^run mkdir/).hover();
      await page.getByRole("button", { name: "Go back" }).nth(-2).click();
      await page.getByRole("dialog").getByText("src/main.ts").waitFor();
    },
  },
  {
    name: "thread-menu",
    address: "",
    shows: /think First/,
    prepare: async (person) => {
      await person.page
        .getByLabel(/^More for/)
        .first()
        .click();
      await person.sees("Export as Markdown");
    },
  },
  {
    name: "offline",
    address: ({ quiet }) => `threads/${quiet}`,
    shows: "hello",
    prepare: async (person, network) => {
      await person.page.locator(".item.agent").waitFor();
      network.cut();
      network.mend();
      network.cut();
      await person.page.locator(".connection.online").waitFor({ state: "detached" });
      await person.say("say this when the network is back");
      await person.sees("Waiting for the network");
    },
  },
  { name: "inbox", address: "inbox", shows: "See the diff" },
  {
    name: "memory",
    address: "memory",
    shows: "How it did, and where it came from",
    prepare: async (person) => {
      await person.page.getByText("How it did, and where it came from").first().click();
      await person.sees(/^Not tried yet|whether it helps is not decided/);
    },
  },
  { name: "settings", address: "settings", shows: "This browser" },
];

export const allScreens: Story = async ({ browser, server }) => {
  mkdirSync(pictures, { recursive: true });
  await take(emptyScreens, null);
  await take(screens, await prepared(server.wsUrl));

  async function take(chosen: Screen[], threads: Threads | null): Promise<void> {
    const wish = process.env.SCREENS?.split(",");
    for (const screen of chosen) {
      if (wish && !wish.includes(screen.name)) continue;
      for (const size of ["phone", "desk"] satisfies Size[]) {
        if (screen.only && screen.only !== size) continue;
        for (const theme of ["light", "dark"] satisfies Theme[]) {
          await step(`${screen.name}, ${size}, ${theme}: a picture, and nobody is shut out`, () =>
            picture(screen, threads, size, theme),
          );
        }
      }
    }
  }

  async function picture(screen: Screen, threads: Threads | null, size: Size, theme: Theme): Promise<void> {
    const { name, address, shows, prepare } = screen;
    const place = typeof address === "string" ? address : threads ? address(threads) : "";
    const network = await Network.open(server.port);
    const person = await Person.arrive(browser, `${network.url}/#/${place}`, { size, theme });
    try {
      // The list beside it may have the same words.
      await person.page
        .locator(address === "" ? "body" : "main")
        .getByText(shows)
        .filter({ visible: true })
        .first()
        .waitFor({ timeout: 10_000 });
      await prepare?.(person, network);
      await person.page.screenshot({ path: join(pictures, `${name}-${size}-${theme}.png`) });
      equal(await violations(person), []);
      equal(person.complaints, []);
    } finally {
      await person.leave();
      network.close();
    }
  }
};

/** Threads in every state, begun by another client; and one lesson in the memory. */
async function prepared(url: string): Promise<Threads> {
  const client = createClient({ url: `${url}/`, clientInfo: { name: "check-web", version: "1" } });
  const timeoutMs = 60_000;
  const isDone = ({ turns }: Thread) => turns.at(-1)?.status !== "inProgress";
  const isAsked = ({ requests }: Thread) => requests.length > 0;
  const begin = async (text: string, isThere: (thread: Thread) => boolean) => {
    const thread = await client.startThread();
    await thread.send(text);
    await thread.until((state) => state.turns.length > 0 && isThere(state), { timeoutMs });
    return thread;
  };
  const answered = async (thread: ThreadHandle, decision: "accept" | "decline") => {
    thread.answer(thread.questions[0]?.id ?? "", decision);
    await thread.until(isDone, { timeoutMs });
  };
  const next = async (thread: ThreadHandle, text: string, isThere: (thread: Thread) => boolean) => {
    const turns = (thread.state?.turns.length ?? 0) + 1;
    await thread.send(text);
    await thread.until((state) => state.turns.length === turns && isThere(state), { timeoutMs });
  };
  try {
    const quiet = await begin("say hello", isDone);
    const decided = await begin(deciding, isDone);
    const failed = await begin("fail 400", isDone);
    const longThread = await begin(long, isDone);
    await next(longThread, "run mkdir -p src && echo '# Notes' > readme.md && echo 'export {};' > src/main.ts", isAsked);
    await answered(longThread, "accept");
    await next(longThread, "say that was all", isDone);
    const learnt = await begin("say fix the parser of dates\nwrite src/dates.ts: Date.parse", isAsked);
    await answered(learnt, "decline");
    const correction = "say Use kumquatHelper for dates and never Date.parse in this project\nwrite src/dates.ts: kumquatHelper";
    await next(learnt, correction, isAsked);
    await answered(learnt, "accept");
    const review = await begin(`write notes.txt: ${lines.join("\\n")}\nsay the notes are there`, isAsked);
    await answered(review, "accept");
    await next(review, reviewed, isAsked);
    const question = await begin("ask Which colour?: red | blue\nsay asked", isAsked);
    const queue = await begin("write later.txt: later\nsay it goes on", isAsked);
    for (const text of ["say the first that waits", "say the second that waits"]) {
      const input = [{ type: "text" as const, text, text_elements: [] }];
      await client.request("thread/queue/add", { threadId: queue.id, input, clientUserMessageId: crypto.randomUUID() });
    }
    const hasOutput = ({ turns }: Thread) => turns.at(-1)?.items.some(({ type }) => type === "agentMessage") ?? false;
    const running = await begin(working, hasOutput);
    const asking = await begin(prompt, isAsked);
    // The lesson is written after its turn ended.
    const deadlineMs = Date.now() + timeoutMs;
    while ((await client.request("spindle/memory/list", {})).data.length === 0) {
      if (Date.now() > deadlineMs) throw new Error("nothing was learnt");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const ids = { quiet, decided, failed, long: longThread, review, question, queue, running, asking };
    return Object.fromEntries(Object.entries(ids).map(([name, { id }]) => [name, id])) as Threads;
  } finally {
    client.close();
  }
}

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
