/** Who may do what, and which deliveries are missing: what is asked of GitHub, and what no answer means. */
import { afterEach, expect, test } from "vitest";
import { isWriter, type PermissionReply, readRole } from "#core/github/permission";
import { catchUp, createCatchUpSchema } from "#github/catch-up";
import type { RepositoryReads } from "#github/consequences";
import type { Person } from "#github/event";
import { recentUses } from "#github/uses";
import { commentEvent, deliver, openWorld, privateKey, silence } from "../support/github/repository.ts";
import { openStage, people, type Stage } from "../support/github/stage.ts";
import { createSql } from "../support/sql.ts";

const stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) {
    expect(stage.problems).toEqual([]);
    await stage.close();
  }
});

async function open(): Promise<Stage> {
  const stage = await openStage({ privateKey });
  stages.push(stage);
  return stage;
}

/** Runs `look` where it is decided what follows from an event. */
async function whileDeciding(stage: Stage, look: (reads: RepositoryReads) => Promise<void>) {
  let failure: unknown = null;
  const world = openWorld(stage, {
    consequences: {
      ...silence,
      ofEvent: async (_, reads) => {
        await look(reads).catch((error: unknown) => {
          failure = error;
        });
        return () => [];
      },
    },
  });
  deliver(world, commentEvent(stage, { number: 1, body: "" }));
  await world.settle();
  if (failure !== null) throw failure;
}

const roleOf = (reply: PermissionReply, { id }: Person) => readRole(reply, id);

async function person(stage: Stage, login: string): Promise<Person> {
  const { id, type } = (await (await stage.as(people.owner, "GET", `/users/${login}`)).json()) as { id: number; type: string };
  return { id, login, type };
}

test("the permission API says who may write; a stranger, a stolen name and silence are a no", async () => {
  const stage = await open();
  const [owner, writer, stranger] = await Promise.all(Object.values(people).map((login) => person(stage, login)));
  await whileDeciding(stage, async ({ permissionOf }) => {
    const of = async (one: Person | undefined) => roleOf(await permissionOf(one as Person, { fresh: true }), one as Person);
    expect(await of(owner)).toBe("admin");
    expect(await of(writer)).toBe("write");
    expect(await of(stranger)).toEqual({ refused: "permissionUnknown" });
    expect(await of({ ...(writer as Person), id: 123_456 })).toEqual({ refused: "otherPerson" });
    expect(await of({ id: 1, login: "nobody-of-this-name", type: "User" })).toEqual({ refused: "permissionUnknown" });
    for (const status of [403, 500, 502]) {
      stage.faults.push({ matches: ({ path }) => path.endsWith("/permission"), when: "before", answer: { status } });
      await expect(of(writer)).rejects.toThrow();
    }
  });
});

test("a trigger may believe a minute-old answer, an approval asks anew", async () => {
  const stage = await open();
  const writer = await person(stage, people.writer);
  const asked = () => stage.heard.filter(({ path }) => path.endsWith("/permission")).length;
  await whileDeciding(stage, async ({ permissionOf }) => {
    for (const fresh of [false, false, true, false, true]) await permissionOf(writer, { fresh });
    expect(asked()).toBe(3);
    await stage.as(people.owner, "DELETE", `/repos/acme/widgets/collaborators/${people.writer}`);
    const mayWrite = async (fresh: boolean) => {
      const role = roleOf(await permissionOf(writer, { fresh }), writer);
      return typeof role === "string" && isWriter(role);
    };
    expect(await mayWrite(false)).toBe(true);
    expect(await mayWrite(true)).toBe(false);
    expect(await mayWrite(false)).toBe(false);
  });
});

test("what turns used is counted for a day, each turn once, and never less than it was", async () => {
  const stage = await open();
  const world = openWorld(stage);
  const { nowMs } = world.clock;
  const use = (turnId: string, atMs: number, tokens: number) => ({ turnId, personId: 7, atMs, tokens });
  world.repository.noteUse(use("old", nowMs - 86_400_001, 5));
  for (const tokens of [0, 40, 30]) world.repository.noteUse(use("new", nowMs, tokens));
  expect(recentUses(world.storage.sql, nowMs)).toEqual([use("new", nowMs, 40)]);
  expect(recentUses(world.storage.sql, nowMs + 86_400_001)).toEqual([]);
});

test("deliveries that arrived in no attempt are asked for again, the oldest first, three times and with pauses", async () => {
  const stage = await open();
  const { sql } = createSql();
  createCatchUpSchema(sql);
  let nowMs = Date.parse("2026-11-10T00:00:00Z");
  const call = {
    apiUrl: stage.url,
    token: "an App's",
    fetch: stage.fetch,
    now: () => nowMs,
    deadline: () => AbortSignal.timeout(1_000),
  };
  const attempt = (id: number, guid: string, hoursAgo: number, status_code: number) => ({
    id,
    guid,
    status_code,
    event: "issues",
    delivered_at: new Date(nowMs - hoursAgo * 3_600_000).toISOString(),
  });
  stage.missing.deliveries = [
    attempt(9, "again", 1, 502),
    attempt(8, "arrived later", 2, 202),
    attempt(7, "again", 3, 0),
    attempt(6, "older", 4, 401),
    attempt(5, "arrived later", 5, 500),
    attempt(4, "fine", 6, 202),
    attempt(3, "too old", 73, 500),
  ];
  expect(await catchUp(sql, call)).toBe(2);
  expect(stage.missing.askedAgain).toEqual([6, 9]);
  expect(await catchUp(sql, call)).toBe(0);
  const counts: number[] = [];
  for (let hour = 0; hour < 6; hour++) {
    nowMs += 3_600_000;
    counts.push(await catchUp(sql, call));
  }
  expect(counts).toEqual([2, 2, 0, 0, 0, 0]);
});
