/** From a mention to a commit, the whole way: the end is as if it had run once, whatever fails and whenever the process dies. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Fault } from "../support/github/stage.ts";
import { createRandom } from "../support/random.ts";
import type { Flow, Trouble } from "./flow.ts";
import { open } from "./scenes.ts";
import { askAndApprove, type End, endOf } from "./story.ts";

const isAll = process.env.GITHUB_CHECK === "all";
const request = "write docs/a.txt: alpha\\n\nsay it is written";

interface Calm {
  end: End;
  moments: string[];
}

let told: Promise<Calm> | null = null;

/** What a run without trouble ends with, and every moment of it. */
function calm(): Promise<Calm> {
  const tell = async () => {
    const moments: string[] = [];
    const flow = await open({
      trouble: (moment) => {
        moments.push(moment);
        return null;
      },
    });
    return { end: await endOf(flow, await askAndApprove(flow, request)), moments };
  };
  told ??= tell();
  return told;
}

test("a mention becomes one comment, one check run, one commit on a branch and one draft pull request", async () => {
  const { end, moments } = await calm();
  expect(end.comments).toEqual([
    expect.stringMatching(/^<!-- .* -->\n\*\*Spindle\*\* committed `<hash>` as <hash> to `spindle\/<id>`, approved by wanda\./),
  ]);
  expect(end.reactions).toEqual([
    "/repos/acme/widgets/issues/comments/1/reactions eyes",
    "/repos/acme/widgets/issues/comments/3/reactions +1",
  ]);
  expect(Object.keys(end.branches)).toEqual(["main", "spindle/<id>"]);
  expect(end.branches["spindle/<id>"]).toHaveLength(2);
  expect(end.pulls).toEqual([expect.stringContaining("spindle/<id> → main true Spindle: An issue")]);
  expect(end.checkRuns).toEqual(["Spindle completed success Committed\nCommitted"]);
  expect(moments.length).toBeGreaterThan(200);
});

/** A whole run that meets trouble at its moment of that number. */
async function runWith(trouble: (index: number, moment: string) => Trouble, between?: (flow: Flow) => Promise<void>) {
  let index = 0;
  const flow = await open({ trouble: (moment) => trouble(index++, moment) });
  const issue = await askAndApprove(flow, request, () => between?.(flow) ?? Promise.resolve());
  return { flow, end: await endOf(flow, issue) };
}

/** Every moment where everything is asked for, else each of a few. */
const parts = isAll ? 40 : 12;

describe("the process dies", () => {
  test.for(Array.from({ length: parts }, (_, part) => part))(
    "at moments of part %i of the way, and the end is as if it had run once",
    { timeout: 120_000 },
    async (part) => {
      const { end, moments } = await calm();
      const stride = isAll ? parts : moments.length;
      for (let at = isAll ? part : Math.floor(((part + 0.5) * moments.length) / parts); at < moments.length; at += stride) {
        const met: string[] = [];
        const { flow, end: found } = await runWith((index, moment) => {
          if (index !== at) return null;
          met.push(moment);
          return "death";
        });
        expect(flow.deaths(), `moment ${at}`).toBe(1);
        expect(found, `moment ${at}: ${met}`).toEqual(end);
      }
    },
  );
});

const limited = { status: 403, headers: { "retry-after": "7" }, body: { message: "You have exceeded a secondary rate limit." } };

/** What passes by itself, and what GitHub then has heard: nothing, or everything but for the answer. */
const passing: [name: string, fault: Pick<Fault, "when" | "answer">][] = [
  ["401, the token has expired", { when: "before", answer: { status: 401 } }],
  ["403 with Retry-After", { when: "before", answer: limited }],
  ["502 before", { when: "before", answer: { status: 502 } }],
  ["502 after", { when: "after", answer: { status: 502 } }],
  ["a cut before", { when: "before", answer: "cut" }],
  ["a cut after", { when: "after", answer: "cut" }],
  ["a hang before", { when: "before", answer: "hang" }],
  ["a hang after", { when: "after", answer: "hang" }],
];

/** What GitHub means when it says it. */
const lasting: [name: string, fault: Pick<Fault, "when" | "answer">][] = [403, 404, 409, 422].map((status) => [
  `${status}`,
  { when: "before", answer: { status } },
]);

/** A whole run whose request of that number meets a fault. */
async function runFaulty(at: number, fault: Pick<Fault, "when" | "answer">) {
  let asked = "";
  let count = 0;
  const flow = await open();
  flow.stage.faults.push({
    ...fault,
    matches: ({ method, path }) => {
      if (count++ !== at) return false;
      asked = `${method} ${path}`;
      return true;
    },
  });
  const issue = await askAndApprove(flow, request);
  return { flow, asked, end: await endOf(flow, issue) };
}

/** Every fault at every request where everything is asked for, else one at every second; in parts, so that no test takes long. */
function faultsOf(faults: typeof passing): { at: number; name: string; fault: (typeof passing)[number][1] }[][] {
  const all = everyRequest.flatMap((at) => faults.map(([name, fault]) => ({ at, name, fault })));
  const found = isAll
    ? all
    : all.filter(({ at }, index) => at % 2 === 0 && index % faults.length === Math.floor(at / 2) % faults.length);
  return Array.from({ length: partsOfFaults }, (_, part) => found.filter((_one, index) => index % partsOfFaults === part));
}
const partsOfFaults = isAll ? 20 : 4;

/** A run without trouble asks a little less often; a fault for a request that is not made is met by nobody. */
const requestsMax = 70;
const everyRequest = Array.from({ length: requestsMax }, (_, at) => at);

test("every request of a run is met by faults, and few faults by no request", async () => {
  const { moments } = await calm();
  const requests = moments.filter((moment) => moment.startsWith("before request")).length;
  expect(requests).toBeLessThanOrEqual(requestsMax);
  expect(requests).toBeGreaterThan(requestsMax * 0.8);
});

describe("what passes by itself, at any request of the way", () => {
  test.for(faultsOf(passing))("ends as if it had not been: %#", { timeout: 240_000 }, async (part) => {
    const { end } = await calm();
    for (const { at, name, fault } of part) {
      const { asked, end: found } = await runFaulty(at, fault);
      expect(found, `${name} at ${at}: ${asked}`).toEqual(end);
    }
  });
});

describe("what GitHub refuses for good, at any request of the way", () => {
  test.for(faultsOf(lasting))("ends whole or not at all, and says which: %#", { timeout: 240_000 }, async (part) => {
    const { end } = await calm();
    for (const { at, name, fault } of part) {
      const { asked, end: found } = await runFaulty(at, fault);
      requireHonest(found, end, { asked, where: `${name} at ${at}: ${asked}` });
    }
  });
});

/** Nothing half, nothing said that is not so, and whoever may ask is told something. */
function requireHonest(found: End, whole: End, { asked, where }: { asked: string; where: string }): void {
  const branch = "spindle/<id>";
  const landed = (found.branches[branch] ?? []).slice(0, -1);
  expect([[], whole.branches[branch]?.slice(0, -1)], where).toContainEqual(landed);
  expect(found.branches.main, where).toEqual(whole.branches.main);
  expect(found.pulls.length, where).toBeLessThanOrEqual(landed.length);
  const stickies = found.comments.filter((body) => body.includes("spindle:thread="));
  expect(stickies.length, where).toBeLessThanOrEqual(1);
  expect(found.checkRuns.length, where).toBeLessThanOrEqual(1);
  const claims = [...stickies, ...found.checkRuns].filter((text) => /committed `<hash>`|success Committed/.test(text));
  expect(claims.length === 0 || landed.length === 1, where).toBe(true);
  // GitHub says of that comment and that run that they are gone: nothing in them can be put right.
  const isGone = /^PATCH/.test(asked);
  const unfinished = [...stickies, ...found.checkRuns].filter((text) => /is working on it|in its queue|in_progress/.test(text));
  if (!isGone) expect(unfinished, where).toEqual([]);
  if (landed.length === 1 && !isGone) expect(claims.length, where).toBeGreaterThan(0);
  if (landed.length === 1 && found.pulls.length === 0) {
    expect(found.comments.join("\n"), where).toContain("did not open a draft pull request");
  }
  // Whether somebody may ask at all is known only by the permission; without it nothing is said.
  const isPermission = /\/permission$|access_tokens$/.test(asked);
  if (!isPermission) expect([...found.comments, ...found.reactions, ...found.checkRuns].length, where).toBeGreaterThan(0);
}

const seeds = Array.from({ length: isAll ? 60 : 6 }, (_, seed) => seed + 1);

test.for(seeds)(
  "a night with seed %i: deaths, lost calls, faults, and deliveries again, late and under other names",
  async (seed) => {
    const random = createRandom(seed);
    // Patches both: a command that dies halfway is not run again, and its turn ends otherwise (law 7).
    const wanted = "write docs/a.txt: alpha\\n\nwrite docs/b.txt: beta\\n\nsay it is written";
    const peaceful = await open();
    const end = await endOf(peaceful, await askAndApprove(peaceful, wanted));
    expect(end.branches["spindle/<id>"]).toHaveLength(3);
    let troubles = 0;
    const flow = await open({
      trouble: () => {
        if (troubles >= 12 || !random.chance(0.03)) return null;
        troubles += 1;
        return random.chance(0.6) ? "death" : "unreachable";
      },
    });
    let faults = 0;
    for (const [, fault] of passing) {
      flow.stage.faults.push({ ...fault, matches: () => faults < 5 && random.chance(0.01) && ++faults > 0 });
    }
    const issue = await askAndApprove(flow, wanted, async () => {
      for (const delivery of [...flow.told].reverse()) {
        if (random.chance(0.7)) await flow.tell({ ...delivery, ...(random.chance(0.5) ? { guid: randomUUID() } : {}) });
      }
      await flow.settle();
    });
    expect(await endOf(flow, issue), `seed ${seed}, ${flow.deaths()} deaths`).toEqual(end);
  },
);
