import { expect, test } from "vitest";
import { accountOfSubject, subjectOfAccount } from "../../workers/credentials/account.ts";

/** Subjects that somebody would try who wants another's objects. */
const subjects = [
  "alice",
  "Alice",
  "alice ",
  " alice",
  "alice/",
  "/alice",
  "alice/01a1fb3f-0000-7000-8000-000000000000",
  "alice%2F",
  "alice%",
  "alice%252F",
  "..",
  "../alice",
  "direct:alice",
  "alice\u0000",
  "аlice",
  "e\u0301",
  "\u00e9",
  "🧵",
  "local",
  "local/",
];

test("different subjects give different accounts, none of which holds a slash or a colon", () => {
  const accounts = subjects.map((subject) => accountOfSubject(subject));
  expect(new Set(accounts).size).toBe(subjects.length);
  for (const account of accounts) expect(account).toMatch(/^[A-Za-z0-9\-_.!~*'()%]+$/);
  expect(accounts.map((account) => subjectOfAccount(account ?? ""))).toEqual(subjects);
  expect(accountOfSubject("local")).toBe("local");
});

test("no two pairs of subject and thread give one name", () => {
  const threads = ["01a1fb3f-0000-7000-8000-000000000000", "x", ""];
  const names = subjects.flatMap((subject) => threads.map((thread) => `${accountOfSubject(subject)}/${thread}`));
  expect(new Set(names).size).toBe(names.length);
});

test("a subject that is empty, too long, or no Unicode is none", () => {
  expect(accountOfSubject("")).toBeNull();
  expect(accountOfSubject("a".repeat(256))).not.toBeNull();
  expect(accountOfSubject("a".repeat(257))).toBeNull();
  expect(accountOfSubject("🧵".repeat(65))).toBeNull();
  expect(accountOfSubject("\ud800")).toBeNull();
});
