/** A real Chromium, and pages of people in it: on a phone or a desk, in the light or in the dark. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"];

/** Installs Debian's package where there is no browser yet and we may. `CHROMIUM` names another. Throws with what to do. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? found() ?? installed();
  // A container has no user namespaces for the sandbox, and the pages are ours.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

function found(): string | undefined {
  return places.find((place) => existsSync(place));
}

function installed(): string {
  try {
    const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
    for (const command of [
      ["apt-get", "update", "-qq"],
      ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"],
    ]) {
      const [program = "", ...parameters] = [...asRoot, ...command];
      execFileSync(program, parameters, { stdio: ["ignore", "ignore", "inherit"] });
    }
  } catch {
    // Said below.
  }
  const place = found();
  if (!place) throw new Error("No Chromium: install it (Debian: apt-get install chromium), or name one by CHROMIUM=/path/to/it");
  return place;
}

export const sizes = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 800 } } as const;
export type Size = keyof typeof sizes;
export type Theme = "light" | "dark";

export interface Arrival {
  size?: Size;
  theme?: Theme;
  /** What the browser lets the page do. */
  permissions?: string[];
  /** Before the first page is loaded. */
  prepare?(person: Person): Promise<unknown>;
}

/** One person at one device. */
export class Person {
  readonly page: Page;
  /** What the page should not have said or done: errors, violations of its policy, and requests that left for another host. */
  readonly complaints: string[] = [];
  private readonly context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      // Chromium says this of every request while the server is away, which is what some stories are about.
      if (message.type() === "error" && !/net::ERR_|WebSocket connection to/.test(message.text())) {
        this.complaints.push(message.text());
      }
    });
    context.on("request", (request) => {
      const url = new URL(request.url());
      // Every server of a check is this machine's.
      if (url.protocol.startsWith("http") && url.hostname !== "127.0.0.1")
        this.complaints.push(`a request left for ${url.origin}`);
    });
  }

  static async arrive(
    browser: Browser,
    url: string,
    { size = "desk", theme = "light", permissions = ["notifications"], prepare }: Arrival = {},
  ): Promise<Person> {
    const isPhone = size === "phone";
    const context = await browser.newContext({
      viewport: sizes[size],
      colorScheme: theme,
      hasTouch: isPhone,
      isMobile: isPhone,
      reducedMotion: "reduce",
      permissions,
    });
    // Each is an error of the console as well, but in words that another browser may choose otherwise.
    await context.addInitScript(() =>
      addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample }) =>
        console.error(`the policy's ${effectiveDirective} was violated: ${blockedURI} ${sample}`),
      ),
    );
    const page = await context.newPage();
    const person = new Person(context, page);
    await prepare?.(person);
    await page.goto(url);
    return person;
  }

  /** The same page on another screen, and in another light. What fingers can do stays as it was. */
  async appearsAs(size: Size, theme: Theme): Promise<void> {
    await this.page.setViewportSize(sizes[size]);
    await this.page.emulateMedia({ colorScheme: theme });
  }

  /** In the thread that is shown, or in a new one. */
  async say(text: string): Promise<void> {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.page.keyboard.press("Enter");
  }

  async sees(text: string | RegExp, timeoutMs = 20_000): Promise<void> {
    await this.page.getByText(text).first().waitFor({ timeout: timeoutMs });
  }

  async presses(name: string | RegExp): Promise<void> {
    await this.page.getByRole("button", { name }).first().click();
  }

  /** Everything that is seen in the middle of the page. What is only said to a screen reader was said to who was there. */
  async reads(): Promise<string> {
    return this.page.locator("main").evaluate((main) => {
      const seen = main.cloneNode(true) as HTMLElement;
      for (const unseen of seen.querySelectorAll(".unseen")) unseen.remove();
      return (seen.textContent ?? "").replace(/\s+/g, " ").trim();
    });
  }

  /** To another place of the same page. */
  async goes(hash: string): Promise<void> {
    await this.page.evaluate((next) => {
      location.hash = next;
    }, hash);
  }

  /** Everything that the page says of a thread and around it, by the place where it says it. Ends in the thread's talk. */
  async readsEverything(threadId: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    const talk = `#/threads/${threadId}`;
    for (const [name, hash] of [
      ["changes", `${talk}/changes`],
      ["decisions", `${talk}/decisions`],
      ["inbox", "#/inbox"],
      ["list", "#/"],
      ["talk", talk],
    ] as const) {
      await this.goes(hash);
      // A part that comes late is not nothing.
      await this.page.getByText(/^(Loading|Reading the thread|Looking for what waits) …$/).waitFor({ state: "detached" });
      found[name] = name === "list" ? await this.page.locator(".threads").innerText() : await this.reads();
    }
    return found;
  }

  /** Whether the browser can show the thread without a network. */
  keeps(threadId: string): Promise<boolean> {
    return this.page.evaluate(async (id) => {
      const settled = <Result>(request: IDBRequest<Result>) =>
        new Promise<Result>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      for (const { name = "" } of await indexedDB.databases()) {
        if (!name.includes("/threads/")) continue;
        const database = await settled(indexedDB.open(name));
        try {
          if ((await settled(database.transaction("entries").objectStore("entries").count(id))) > 0) return true;
        } finally {
          database.close();
        }
      }
      return false;
    }, threadId);
  }

  /** Another page of the same browser, with what the browser keeps. */
  async opensTab(url: string): Promise<Person> {
    const page = await this.context.newPage();
    const person = new Person(this.context, page);
    await page.goto(url);
    return person;
  }

  leave(): Promise<void> {
    return this.context.close();
  }
}
