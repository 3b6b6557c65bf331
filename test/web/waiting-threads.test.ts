/** The inbox finds who waits, however far down the list, and asks no longer than it must. */
import { expect, test } from "vitest";
import { readWaiting } from "../../web/app/inbox/waiting-threads.ts";
import { waitingText } from "../../web/app/inbox/waiting-time.ts";

function clientOf(pages: { id: string; updatedAt: number; waits: boolean }[][]) {
  const asked: (string | null)[] = [];
  const request = async (_method: string, { cursor }: { cursor: string | null }) => {
    asked.push(cursor);
    const index = Number(cursor ?? 0);
    const data = (pages[index] ?? []).map(({ id, updatedAt, waits }) => ({
      id,
      updatedAt,
      status: waits ? { type: "active", activeFlags: ["waitingOnApproval"] } : { type: "idle" },
    }));
    return { data, nextCursor: index + 1 < pages.length ? String(index + 1) : null };
  };
  return { asked, client: { request } as unknown as Parameters<typeof readWaiting>[0] };
}

test("who has waited longest comes first, from whichever page", async () => {
  const { client, asked } = clientOf([
    [
      { id: "new", updatedAt: 30, waits: true },
      { id: "idle", updatedAt: 25, waits: false },
    ],
    [{ id: "old", updatedAt: 5, waits: true }],
  ]);
  expect((await readWaiting(client)).map(({ id }) => id)).toEqual(["old", "new"]);
  expect(asked).toEqual([null, "1"]);
});

test("a list without end is looked through so far and no further", async () => {
  const { client, asked } = clientOf(Array.from({ length: 40 }, (_, page) => [{ id: `t${page}`, updatedAt: page, waits: true }]));
  expect((await readWaiting(client)).length).toBe(10);
  expect(asked.length).toBe(10);
});

test("how long something waits is said in whole units", () => {
  const minute = 60_000;
  expect(
    [0, 59_999, minute, 59 * minute, 60 * minute, 23 * 60 * minute, 24 * 60 * minute, 49 * 60 * minute].map(waitingText),
  ).toEqual(["since just now", "since just now", "for 1 min", "for 59 min", "for 1 h", "for 23 h", "for 1 day", "for 2 days"]);
});
