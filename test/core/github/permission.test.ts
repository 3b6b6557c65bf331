/** Who may do what, and how much: GitHub's answer about a person, the operator's lists, and what was used before. */
import { expect, test } from "vitest";
import { budgetStanding, recordUse, type Use } from "#core/github/budget";
import { approvalsMissing, type PermissionPolicy, type PermissionQuestion, permit } from "#core/github/permission";

const ours = { appId: 7, botId: 70 };
const open: PermissionPolicy = {
  botIdsAllowed: [],
  actorIdsAllowed: null,
  approverIdsAllowed: null,
  mayApproveOwn: false,
  approvalsRequired: 1,
};
const replyOf = (permission: string, roleName: string = permission, id = 1) => ({
  status: 200,
  body: { permission, role_name: roleName, user: { id, login: "ann" } },
});
const asked = (other: Partial<PermissionQuestion> = {}): PermissionQuestion => ({
  action: "trigger",
  act: { sender: { id: 1, login: "ann", type: "User" }, viaAppId: null },
  reply: replyOf("write"),
  requesterIds: [],
  ...other,
});
const actions = ["trigger", "steer", "approve", "see"] as const;

test.each([
  ["admin", "admin"],
  ["write", "write"],
  ["write", "maintain"],
  ["maintain", "maintain"],
  ["write", "our-own-role"],
])("permission %s with role %s may do everything", (permission, roleName) => {
  for (const action of actions) {
    expect(permit(asked({ action, reply: replyOf(permission, roleName) }), open, ours), action).toMatchObject({ allowed: true });
  }
});

test.each([
  ["read", "read"],
  ["read", "triage"],
  ["none", "none"],
  ["read", "our-own-role"],
  ["read", "admin"],
  ["write", "read"],
  ["WRITE", "write"],
  ["", ""],
])("permission %s with role %s may do nothing", (permission, roleName) => {
  for (const action of actions) {
    expect(permit(asked({ action, reply: replyOf(permission, roleName) }), open, ours), action).toMatchObject({
      allowed: false,
      refused: "mayNotWrite",
    });
  }
});

test("where GitHub's answer cannot be read, the answer is no", () => {
  const replies = [
    null,
    { ...replyOf("admin"), status: 404 },
    { ...replyOf("admin"), status: 500 },
    { ...replyOf("admin"), status: 304 },
    { status: 200, body: null },
    { status: 200, body: "admin" },
  ];
  for (const reply of replies) {
    for (const action of actions) {
      expect(permit(asked({ action, reply }), open, ours)).toMatchObject({ allowed: false, refused: "permissionUnknown" });
    }
  }
  // Somebody took the login over, or the answer names nobody.
  for (const reply of [replyOf("admin", "admin", 2), { status: 200, body: { permission: "admin", user: null } }]) {
    expect(permit(asked({ reply }), open, ours)).toMatchObject({ allowed: false, refused: "otherPerson" });
  }
});

test.each([
  ["senderMissing", null, null],
  ["ourselves", { id: 70, login: "spindle[bot]", type: "Bot" }, null],
  ["ourselves", { id: 1, login: "ann", type: "User" }, 7],
  ["bot", { id: 9, login: "dependabot[bot]", type: "Bot" }, null],
  ["bot", { id: 9, login: "evil[bot]", type: "User" }, null],
  ["bot", { id: 9, login: "spindle", type: "Bot" }, null],
  ["notAPerson", { id: 1, login: "org", type: "Organization" }, null],
  ["notAPerson", { id: 1, login: "ann", type: "" }, null],
])("%s is not heard", (refused, sender, viaAppId) => {
  const replies = [replyOf("admin"), replyOf("admin", "admin", sender?.id ?? 0)];
  for (const reply of replies) {
    for (const action of actions) {
      expect(permit(asked({ action, act: { sender, viaAppId }, reply }), open, ours)).toMatchObject({ allowed: false, refused });
    }
  }
});

test("a program that is allowed by its id may trigger and steer, and never approve or see; we ourselves never", () => {
  const policy = { ...open, botIdsAllowed: [9, 70] };
  const act = { sender: { id: 9, login: "helper[bot]", type: "Bot" }, viaAppId: null };
  expect(actions.map((action) => permit(asked({ action, act, reply: null }), policy, ours).allowed)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  const own = { sender: { id: 70, login: "spindle[bot]", type: "Bot" }, viaAppId: null };
  expect(permit(asked({ act: own }), policy, ours)).toMatchObject({ refused: "ourselves" });
});

test("an approval is a person's own, of somebody else's request, by whom the operator named", () => {
  const approve = (other: Partial<PermissionQuestion>, policy: Partial<PermissionPolicy> = {}) =>
    permit(asked({ action: "approve", ...other }), { ...open, ...policy }, ours);
  expect(approve({ requesterIds: [2, 1] })).toMatchObject({ refused: "ownRequest" });
  expect(approve({ requesterIds: [1] }, { mayApproveOwn: true })).toMatchObject({ allowed: true, role: "write" });
  expect(approve({ act: { sender: { id: 1, login: "ann", type: "User" }, viaAppId: 8 } })).toMatchObject({ refused: "viaApp" });
  expect(approve({}, { approverIdsAllowed: [2] })).toMatchObject({ refused: "notListed" });
  expect(approve({}, { approverIdsAllowed: [1] })).toMatchObject({ allowed: true });
  expect(permit(asked(), { ...open, approverIdsAllowed: [2] }, ours)).toMatchObject({ allowed: true });
  expect(permit(asked(), { ...open, actorIdsAllowed: [2] }, ours)).toMatchObject({ refused: "notListed" });
});

test("approvals are counted by person and for the hash they named", () => {
  const two = { ...open, approvalsRequired: 2 };
  const yes = (personId: number, hash = "a") => ({ personId, hash });
  expect(approvalsMissing([], "a", open)).toBe(1);
  expect(approvalsMissing([yes(1)], "a", open)).toBe(0);
  expect(approvalsMissing([yes(1), yes(1), yes(2, "b")], "a", two)).toBe(1);
  expect(approvalsMissing([yes(1), yes(2)], "a", two)).toBe(0);
  expect(approvalsMissing([], "a", { ...open, approvalsRequired: 0 })).toBe(1);
});

const minuteMs = 60_000;
const budgets = { person: { turnsPerHour: 2, tokensPerDay: 100 }, repository: { turnsPerHour: 3, tokensPerDay: 150 } };
const use = (turnId: string, personId: number, minute: number, tokens = 0): Use => ({
  turnId,
  personId,
  atMs: minute * minuteMs,
  tokens,
});

test("turns of an hour are counted for the person and for the repository, and free themselves", () => {
  const uses = [use("a", 1, 0), use("b", 1, 10)];
  expect(budgetStanding(uses.slice(1), 1, 11 * minuteMs, budgets)).toEqual({ allowed: true });
  expect(budgetStanding(uses, 1, 11 * minuteMs, budgets)).toEqual({
    allowed: false,
    refused: "turnsPerHour",
    whose: "person",
    retryAtMs: 60 * minuteMs,
    answer: "You have used your 2 turns of this hour.",
  });
  expect(budgetStanding(uses, 1, 60 * minuteMs, budgets)).toEqual({ allowed: true });
  expect(budgetStanding(uses, 2, 11 * minuteMs, budgets)).toEqual({ allowed: true });
  expect(budgetStanding([...uses, use("c", 2, 12)], 3, 13 * minuteMs, budgets)).toMatchObject({
    refused: "turnsPerHour",
    whose: "repository",
    retryAtMs: 60 * minuteMs,
  });
});

test("tokens of a day are those last recorded of each turn", () => {
  const grown = recordUse(recordUse([use("a", 1, 0, 40)], use("a", 1, 0, 90)), use("b", 1, 100, 20));
  expect(grown.map(({ tokens }) => tokens)).toEqual([90, 20]);
  expect(budgetStanding(grown, 1, 200 * minuteMs, budgets)).toMatchObject({
    refused: "tokensPerDay",
    whose: "person",
    retryAtMs: 24 * 60 * minuteMs,
  });
  expect(budgetStanding(grown, 2, 200 * minuteMs, budgets)).toEqual({ allowed: true });
  expect(budgetStanding([...grown, use("c", 2, 150, 40)], 2, 200 * minuteMs, budgets)).toMatchObject({ whose: "repository" });
  expect(recordUse(grown, use("d", 1, 25 * 60)).map(({ turnId }) => turnId)).toEqual(["b", "d"]);
});

test("a budget of nothing allows nothing", () => {
  const none = { person: { turnsPerHour: 0, tokensPerDay: 0 }, repository: { turnsPerHour: 0, tokensPerDay: 0 } };
  expect(budgetStanding([], 1, 0, none)).toMatchObject({ allowed: false, refused: "turnsPerHour", retryAtMs: 60 * minuteMs });
});
