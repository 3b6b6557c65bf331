/** Refusals keep their words, and are found by them. */
import { expect, test } from "vitest";
import { refusals, type WireError } from "#protocol/errors";
import { problem, problemOf, problemOfStatus, problemTable } from "../../workers/http/problem.ts";

const id = "01a1fb3f-0000-7000-8000-000000000000";
const cases: [WireError, status: number, name: string][] = [
  [refusals.threadNotFound(id), 404, "threadNotFound"],
  [refusals.threadNotLoaded(id), 404, "threadNotLoaded"],
  [refusals.noRolloutFound(id), 404, "noRolloutFound"],
  [refusals.noArchivedRollout(id), 404, "noArchivedRollout"],
  [refusals.threadArchived(id), 409, "threadArchived"],
  [refusals.invalidThreadId("no hyphens"), 400, "invalidThreadId"],
  [refusals.expectedActiveTurn("one", "other"), 409, "expectedActiveTurn"],
  [refusals.noActiveTurnToInterrupt(), 409, "noActiveTurnToInterrupt"],
  [refusals.otherProposal("6f0c"), 409, "otherProposal"],
  [refusals.inputTooLarge(2_000_000), 413, "inputTooLarge"],
  [refusals.fragmentNotFound("f"), 404, "fragmentNotFound"],
  [refusals.noDecisionTree(id), 404, "noDecisionTree"],
  [refusals.tooManyWebhooks(10), 409, "tooManyWebhooks"],
  [refusals.overloaded(), 503, "overloaded"],
  [refusals.noSuchFile(), 404, "noSuchFile"],
  [refusals.internal("Is a directory (os error 21)"), 409, "fileConflict"],
  [refusals.internal("File too large (os error 27)"), 413, "fileTooLarge"],
  [refusals.internal("Spindle failed to answer this request."), 500, "internal"],
  [refusals.invalidRequest("afterSeq 9 is beyond the thread's last frame 3"), 409, "beyondTheLog"],
  [refusals.invalidRequest("missing field `input`"), 400, "invalidRequest"],
  // Words of somebody that only look like one of ours.
  [refusals.invalidRequest("thread not found: x"), 400, "invalidRequest"],
];

test.each(cases)("%j is answered with %i %s", (wire, status, name) => {
  expect(problemOf(wire)).toMatchObject({
    status,
    name,
    code: wire.code,
    detail: wire.message,
    type: `/v1/docs#problem-${name}`,
  });
});

test("what another layer answered is a problem of its status", () => {
  expect(problemOfStatus(401, "missing websocket bearer token")).toMatchObject({ name: "unauthorized", status: 401, code: null });
  expect(problemOfStatus(429, "slow down")).toMatchObject({ name: "tooManyRequests", status: 429 });
  expect(problemOfStatus(502, "")).toMatchObject({ name: "internal", status: 502 });
  expect(problemOfStatus(418, "")).toMatchObject({ name: "invalidRequest", status: 418 });
});

test("every problem has a status of an error and words of its own", () => {
  expect(new Set(problemTable.map(({ name }) => name)).size).toBe(problemTable.length);
  for (const { name, status, title } of problemTable) {
    expect(status, name).toBeGreaterThanOrEqual(400);
    expect(title.length, name).toBeGreaterThan(5);
    expect(problem(name, "x").status).toBe(status);
  }
});
