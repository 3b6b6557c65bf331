/**
 * What the page may cost, measured: bytes until one can type, tasks and frames while a model writes, a very long thread, memory. On a desk, and
 * on a phone, which writes with a processor four times as slow. A figure counts when one of three attempts keeps it: the machine may be busy with something else.
 */
import { gzipSync } from "node:zlib";
import type { CDPSession, Page } from "playwright-core";
import { createClient } from "#client/client";
import { startServer } from "../server.ts";
import { Person, type Size } from "./browser.ts";
import { equal, eventually, type Stage, type Story, step } from "./story.ts";
import { startStreamingModel } from "./streaming-model.ts";

/** KB of 1,000 bytes, gzip. */
const firstLoadKbMax = 60;
/** What comes when a part is first shown. The review's code comes a second behind the talk's, and is counted with it. */
const partKbMax = { talkWithChanges: 62, decisions: 16, files: 14, inbox: 6, memory: 12, settings: 10 };
const longThread = { turns: 10, messagesPerTurn: 1_000 };
const openedMsMax = 1_000;
/** On a desk and a phone of today; and on one four times as slow, where a task of 100 ms is one of 25: no promise, a guard against worse. */
const longTaskMsMax = { today: 100, slow: 400 };
/** Half of what Web Vitals call good (web.dev/articles/cls). What is left are rows that move when a turn begins, and blocks that close. */
const layoutShiftMax = 0.05;
/** Frames in which rows are missing where one looks, one after the other. */
const blankFramesMax = 2;
/** Of the screen's 60. A page that is drawn by the processor alone, at a quarter of its speed, shows fewer. */
const framesPerSecondMin = { today: 40, slow: 15 };
const slowdown = 4;
/** Pieces of a turn that is watched: six seconds of it. */
const watchedPieces = 1_200;
/** Four minutes of 200 pieces a second. */
const pieces = { count: 48_000, perTurn: 12_000 };
const heapMbMax = 40;
/** The 100,000 characters of one message that are drawn (`talkLimits.parsedMessageCharactersMax`), and nothing of the turns before it. */
const nodesMax = 10_000;
const attempts = 3;

export const budgets: Story = async (stage) => {
  const model = await startStreamingModel();
  const server = await startServer({ env: model.env });
  const streaming = { ...stage, server };
  try {
    for (const size of ["desk", "phone"] satisfies Size[]) await weight(stage, size);
    const threadId = await longThreadAt(server.wsUrl);
    for (const size of ["desk", "phone"] satisfies Size[]) await long(streaming, size, threadId);
    await fast(streaming, { size: "desk", threadId });
    await fast(streaming, { size: "phone", threadId });
    await fast(streaming, { size: "phone", threadId, isSlow: true });
    await fourMinutes(streaming);
  } finally {
    await server.close();
    model.close();
  }
};

async function weight({ browser, server }: Stage, size: Size): Promise<void> {
  await step(`${size}: at most ${firstLoadKbMax} KB until one can type, and each part within its bound`, async () => {
    const person = await Person.arrive(browser, `${server.url}/#/new`, { size, prepare: ({ page }) => noteTypable(page) });
    const { page } = person;
    await page.getByLabel("Message", { exact: true }).waitFor();
    await page.waitForLoadState("networkidle");
    const typableAtMs = await page.evaluate(() => (window as unknown as { typableAtMs: number }).typableAtMs);
    const first = (await loaded(page)).filter(({ startedAtMs }) => startedAtMs <= typableAtMs);
    const firstKb = kbOf(first);
    console.log(`     ${firstKb.toFixed(1)} KB in ${first.length} files, typable after ${typableAtMs.toFixed(0)} ms`);
    if (firstKb > firstLoadKbMax) throw new Error(`${firstKb.toFixed(1)} KB: ${first.map(({ url }) => url).join(", ")}`);
    const known = new Set(first.map(({ url }) => url));
    const addTo = async (part: keyof typeof partKbMax): Promise<void> => {
      await page.waitForLoadState("networkidle");
      const more = (await loaded(page)).filter(({ url }) => !known.has(url));
      for (const { url } of more) known.add(url);
      const kb = kbOf(more);
      console.log(`     ${part}: ${kb.toFixed(1)} KB of ${partKbMax[part]}`);
      if (kb > partKbMax[part] || kb === 0) throw new Error(`${part} takes ${kb.toFixed(1)} KB`);
    };
    await person.say("say hello");
    await person.sees(/^hello$/);
    const thread = new URL(page.url()).hash;
    for (const [part, hash, shown] of [
      ["talkWithChanges", `${thread}/changes`, "No file was changed"],
      ["decisions", `${thread}/decisions`, "Nothing was weighed"],
      ["files", `${thread}/files`, "Nothing is here yet"],
      ["inbox", "#/inbox", "Nothing waits for you"],
      ["memory", "#/memory", "What was learnt"],
      ["settings", "#/settings", "This browser"],
    ] as const) {
      await page.evaluate((next) => {
        location.hash = next;
      }, hash);
      await person.sees(new RegExp(shown));
      await addTo(part);
    }
    equal(person.complaints, []);
    await person.leave();
  });
}

async function long({ browser, server }: Stage, size: Size, threadId: string): Promise<void> {
  const { turns, messagesPerTurn } = longThread;
  const last = `Message ${messagesPerTurn} of ${messagesPerTurn}.`;
  const person = await Person.arrive(browser, `${server.url}/#/threads/${threadId}`, {
    size,
    prepare: ({ page }) => page.addInitScript(watchPage, last),
  });
  const { page } = person;
  await page.getByText(last).last().waitFor({ timeout: 60_000 });
  await eventually("the thread is kept", () => person.keeps(threadId));

  await step(`${size}: a thread of ${turns * messagesPerTurn} items opens within ${openedMsMax} ms from what is kept`, () =>
    within("ms", { max: openedMsMax }, async () => {
      await page.reload();
      await page.waitForFunction(() => watched().openedAtMs !== null, null, { timeout: 30_000 });
      return page.evaluate(() => watched().openedAtMs ?? 0);
    }),
  );

  await step(
    `${size}: the wheel goes through all of it, and no row is missing for more than ${blankFramesMax} frames`,
    async () => {
      const log = page.getByRole("log");
      const box = await log.boundingBox();
      if (!box) throw new Error("no talk");
      await within("frames", { max: blankFramesMax }, async () => {
        await log.focus();
        await page.keyboard.press("End");
        await eventually("the end is shown", () => isAtEnd(page));
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
        await page.evaluate(() => watched().reset());
        let wheels = 0;
        while ((await log.evaluate(({ scrollTop }) => scrollTop)) > 0 && wheels < 5_000) {
          // A hard flick of a finger.
          for (let each = 0; each < 10; each += 1) await page.mouse.wheel(0, -1_600);
          wheels += 10;
        }
        await page.getByText(`Message 1 of ${messagesPerTurn}.`).first().waitFor();
        const { blankFrames, frames } = await page.evaluate(() => watched().figures());
        console.log(`     ${wheels} turns of the wheel, ${frames} frames`);
        return blankFrames;
      });
      equal(person.complaints, []);
    },
  );
  // No bound: what a processor at a quarter of a busy machine's speed does says more of the machine than of the page.
  if (size === "phone") {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
    await page.reload();
    await page.waitForFunction(() => watched().openedAtMs !== null, null, { timeout: 60_000 });
    const openedMs = await page.evaluate(() => watched().openedAtMs ?? 0);
    console.log(`     opened ${slowdown} times as slow: ${openedMs.toFixed(0)} ms`);
  }
  await person.leave();
}

interface Writing {
  size: Size;
  threadId: string;
  /** On a processor `slowdown` times as slow. */
  isSlow?: boolean;
}

async function fast({ browser, server }: Stage, { size, threadId, isSlow = false }: Writing): Promise<void> {
  const person = await Person.arrive(browser, `${server.url}/#/threads/${threadId}`, {
    size,
    prepare: ({ page }) => page.addInitScript(watchPage, ""),
  });
  const { page } = person;
  await page.locator(".row").last().waitFor({ timeout: 60_000 });
  const cdp = await page.context().newCDPSession(page);
  if (isSlow) await cdp.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  const speed = isSlow ? "slow" : "today";
  const device = isSlow ? `${size}, ${slowdown} times as slow` : size;
  /** Asked once a second: who asks at every frame is what the page does then. */
  const ends = () => page.waitForFunction(() => !watched().isWritten, null, { polling: 1_000, timeout: 60_000 });

  await step(
    `${device}: 200 deltas a second into it, read at its end: no task above ${longTaskMsMax[speed]} ms, nothing jumps`,
    async () => {
      // What it keeps of the thread is written by then.
      await page.waitForTimeout(8_000);
      await attempt(async () => {
        await page.evaluate(() => watched().reset());
        await person.say(`flow ${Math.floor(Math.random() * 1_000)} ${watchedPieces}`);
        await page.waitForFunction(() => watched().isWritten, null, { polling: 500 });
        await ends();
        const { tasksMs, framesPerSecond, layoutShift, wasLeftBehind } = await page.evaluate(() => watched().figures());
        const tasks = tasksMs.map((ms) => ms.toFixed(0)).join(", ") || "none";
        console.log(
          `     ${framesPerSecond.toFixed(0)} frames a second, tasks above 50 ms: ${tasks}, layout shift since arrival ${layoutShift.toFixed(4)}`,
        );
        const tooLong = tasksMs.filter((ms) => ms > longTaskMsMax[speed]);
        if (tooLong.length > 0) throw new Error(`tasks of ${tooLong.map((ms) => ms.toFixed(0)).join(", ")} ms`);
        if (framesPerSecond < framesPerSecondMin[speed]) throw new Error(`${framesPerSecond.toFixed(0)} frames a second`);
        if (layoutShift > layoutShiftMax) throw new Error(`a layout shift of ${layoutShift.toFixed(4)}`);
        if (wasLeftBehind) throw new Error("who read the end was left behind");
      });
      await eventually("the end is shown", () => isAtEnd(page));
    },
  );

  if (isSlow) return person.leave();
  await step(`${size}: who reads elsewhere is not moved while it is written`, async () => {
    await person.say("flow 5 1000");
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await page.getByRole("log").evaluate((log) => log.scrollBy(0, -3_000));
    await page.waitForTimeout(500);
    const before = await readAt(page);
    await page.waitForTimeout(1_500);
    equal(await readAt(page), before);
    await person.presses(/Latest|new/);
    await ends();
    await eventually("the end is shown", () => isAtEnd(page));
    equal(person.complaints, []);
  });
  await person.leave();
}

async function fourMinutes({ browser, server }: Stage): Promise<void> {
  await step(`four minutes of deltas: at most ${heapMbMax} MB of memory and ${nodesMax} nodes`, async () => {
    const person = await Person.arrive(browser, `${server.url}/#/new`);
    const { page } = person;
    const cdp = await page.context().newCDPSession(page);
    for (let turn = 1; turn <= pieces.count / pieces.perTurn; turn += 1) {
      await person.say(`rush ${turn} ${pieces.perTurn}`);
      await page.getByRole("button", { name: "Stop" }).waitFor();
      await page.waitForFunction(() => !document.querySelector("button.stop"), null, { polling: 500, timeout: 120_000 });
      if (turn === 1 || turn === pieces.count / pieces.perTurn) console.log(`     turn ${turn}: ${await memoryText(cdp)}`);
    }
    const { heapMb, nodes } = await memoryOf(cdp);
    if (heapMb > heapMbMax) throw new Error(`${heapMb.toFixed(1)} MB`);
    if (nodes > nodesMax) throw new Error(`${nodes} nodes`);
    equal(person.complaints, []);
    await person.leave();
  });
}

/** Of what lives: garbage is collected first. */
async function memoryOf(cdp: CDPSession): Promise<{ heapMb: number; nodes: number }> {
  await cdp.send("HeapProfiler.collectGarbage");
  await cdp.send("Performance.enable");
  const { metrics } = await cdp.send("Performance.getMetrics");
  const metric = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? 0;
  return { heapMb: metric("JSHeapUsedSize") / 1e6, nodes: metric("Nodes") };
}

async function memoryText(cdp: CDPSession): Promise<string> {
  const { heapMb, nodes } = await memoryOf(cdp);
  return `${heapMb.toFixed(1)} MB, ${nodes} nodes`;
}

/** Tries again what a busy machine may have spoilt. */
async function attempt(work: () => Promise<void>): Promise<void> {
  for (let left = attempts - 1; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
      console.log(`     again: ${error instanceof Error ? error.message : error}`);
    }
  }
}

async function within(unit: string, { max }: { max: number }, measure: () => Promise<number>): Promise<void> {
  await attempt(async () => {
    const found = await measure();
    console.log(`     ${found.toFixed(0)} ${unit}`);
    if (found > max) throw new Error(`${found.toFixed(0)} ${unit} instead of ${max}`);
  });
}

async function longThreadAt(url: string): Promise<string> {
  const client = createClient({ url: `${url}/`, clientInfo: { name: "check-web", version: "1" } });
  try {
    const thread = await client.startThread();
    for (let turn = 1; turn <= longThread.turns; turn += 1) {
      await thread.send(`many ${longThread.messagesPerTurn}`);
      await thread.until(({ turns }) => turns.length === turn && turns.at(-1)?.status === "completed", { timeoutMs: 120_000 });
    }
    return thread.id;
  } finally {
    client.close();
  }
}

interface Loaded {
  url: string;
  startedAtMs: number;
  bytes: number;
}

/** What came, as it went over the wire; what the server did not pack is counted as it would be packed. */
async function loaded(page: Page): Promise<Loaded[]> {
  const entries = await page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map((entry) => {
      const { name, startTime, encodedBodySize, decodedBodySize } = entry as PerformanceResourceTiming;
      return { url: name.split("#", 1)[0] ?? name, startedAtMs: startTime, encodedBodySize, decodedBodySize };
    }),
  );
  const found: Loaded[] = [];
  for (const { url, startedAtMs, encodedBodySize, decodedBodySize } of entries) {
    const isPacked = encodedBodySize < decodedBodySize;
    const bytes = isPacked ? encodedBodySize : gzipSync(await (await page.request.get(url)).body()).length;
    found.push({ url, startedAtMs, bytes });
  }
  return found;
}

function kbOf(files: Loaded[]): number {
  return files.reduce((total, { bytes }) => total + bytes, 0) / 1_000;
}

async function noteTypable(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const look = () => {
      if (!document.querySelector("textarea")) return;
      Object.assign(window, { typableAtMs: performance.now() });
      observer.disconnect();
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { childList: true, subtree: true });
  });
}

interface Watched {
  openedAtMs: number | null;
  reset(): void;
  /** A turn runs. */
  isWritten: boolean;
  figures(): {
    tasksMs: number[];
    frames: number;
    framesPerSecond: number;
    blankFrames: number;
    /** Also what moved right after a key was pressed. */
    layoutShift: number;
    /** More than a few frames in a row away from the end, while it was written. */
    wasLeftBehind: boolean;
  };
}
/** In the page. */
declare function watched(): Watched;

/** In the page, from its beginning: long tasks, frames, what shifted, rows that are missing where one looks, and when the last message was there. */
function watchPage(lastMessage: string): void {
  let tasksMs: number[] = [];
  let frames = 0;
  let sinceMs = performance.now();
  let blank = 0;
  let blankFrames = 0;
  let behind = 0;
  let behindFrames = 0;
  let layoutShift = 0;
  let shiftAtArrival: number | null = null;
  const watch: Watched = {
    openedAtMs: null,
    isWritten: false,
    reset: () => {
      tasksMs = [];
      frames = blank = blankFrames = behind = behindFrames = 0;
      sinceMs = performance.now();
      // What one attempt moved is not the next one's.
      shiftAtArrival ??= layoutShift;
      layoutShift = shiftAtArrival;
    },
    figures: () => ({
      tasksMs,
      frames,
      framesPerSecond: (frames * 1_000) / (performance.now() - sinceMs),
      blankFrames,
      layoutShift,
      wasLeftBehind: behindFrames > 5,
    }),
  };
  Object.assign(window, { watched: () => watch });
  new PerformanceObserver((list) => {
    tasksMs.push(...list.getEntries().map(({ duration }) => duration));
  }).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => {
    // A word that does not fit any more and begins the next line is no jump: it is in the block that is being written.
    const open = Array.from(document.querySelectorAll(".markdown")).at(-1)?.lastElementChild;
    for (const entry of list.getEntries()) {
      const { value, sources } = entry as unknown as { value: number; sources: { node: Node | null }[] };
      if (!open || !sources.every(({ node }) => node && open.contains(node))) layoutShift += value;
    }
  }).observe({ type: "layout-shift", buffered: true });
  const look = () => {
    frames += 1;
    requestAnimationFrame(look);
    const log = document.querySelector(".log");
    const rows = log?.querySelectorAll(".row");
    const [first, last] = [rows?.[0], rows?.[rows.length - 1]];
    if (!log || !first || !last) return;
    if (watch.openedAtMs === null && Array.from(rows ?? []).some((row) => row.textContent?.includes(lastMessage))) {
      watch.openedAtMs = performance.now();
    }
    watch.isWritten = document.querySelector("button.stop") !== null;
    behind = watch.isWritten && log.scrollHeight - log.scrollTop - log.clientHeight >= 60 ? behind + 1 : 0;
    behindFrames = Math.max(behindFrames, behind);
    const { top, bottom } = log.getBoundingClientRect();
    const isCovered =
      (first.getBoundingClientRect().top <= top || log.scrollTop < 40) &&
      (last.getBoundingClientRect().bottom >= bottom || log.scrollHeight - log.scrollTop - log.clientHeight < 40);
    blank = isCovered ? 0 : blank + 1;
    blankFrames = Math.max(blankFrames, blank);
  };
  requestAnimationFrame(look);
}

function isAtEnd(page: Page): Promise<boolean> {
  return page.getByRole("log").evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 60);
}

/** The first words in sight and where they stand. */
function readAt(page: Page): Promise<string> {
  return page.getByRole("log").evaluate((log) => {
    const { top } = log.getBoundingClientRect();
    const row = Array.from(log.querySelectorAll(".row")).find((each) => each.getBoundingClientRect().bottom > top);
    return row ? `${Math.round(row.getBoundingClientRect().top)} ${row.textContent?.slice(0, 40)}` : "nothing";
  });
}
