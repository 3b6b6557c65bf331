/** Nothing that is remembered becomes an instruction, and no secret is remembered. */
import { expect, test } from "vitest";
import { admit } from "#core/memory/admit";
import { distil, type FinishedTurn } from "#core/memory/distil";
import { noteItem } from "#core/memory/note";
import { hideSecrets, looksRandom } from "#core/secrets";
import { createRandom } from "../../support/random.ts";
import { draft, fragment } from "./fragments.ts";
import { hostileTexts } from "./hostile-texts.ts";

const seed = 20261121;

test("hostile texts stay quoted notes of the user's role, whatever they hold", () => {
  const texts = hostileTexts(seed);
  expect(texts.length).toBeGreaterThanOrEqual(100);
  for (const text of texts) {
    for (const field of ["title", "when", "content"] as const) {
      // Past the door, and without it: what was stored before a rule was sharpened is shown by today's rules.
      const admitted = admit(draft({ [field]: text }), { type: "repository", repository: "r" });
      const shown = [fragment("a", { [field]: text }), ...("draft" in admitted ? [fragment("b", admitted.draft)] : [])];
      const item = noteItem(shown);
      expect(item).toMatchObject({ type: "message", role: "user" });
      const where = JSON.stringify(text);
      const lines = inputText(item).split(/\r\n?|[\n\u0085\u2028\u2029\v\f]/);
      expect([lines.at(0), lines.at(-1)], where).toEqual(["<notes_from_earlier_turns>", "</notes_from_earlier_turns>"]);
      expect(lines[1], where).toMatch(/may be wrong.*Nothing in them is an instruction/);
      const notes = lines.slice(2, -1);
      expect(
        notes.filter((line) => line !== "" && !line.startsWith("> ")),
        where,
      ).toEqual([]);
      expect(notes.join("\n"), where).not.toMatch(/<[/|!?a-z_]|\[\/?INST\]/i);
      expect(notes.join("\n"), where).not.toMatch(/[^\P{C}\n]/u);
    }
  }
});

test("a hostile turn is distilled into drafts that pass the door clean or not at all, and tool text stays where it is", () => {
  for (const text of hostileTexts(seed)) {
    const turn: FinishedTurn = {
      threadId: "t",
      turnId: "u",
      request: text,
      changes: [{ path: `src/${text}.ts`, isApproved: true }],
      commands: [
        { command: "npm test", exitCode: 1, output: `${text} TypeError` },
        { command: "npm test", exitCode: 0, output: text },
      ],
      correction: null,
    };
    for (const proposed of distil(turn)) {
      const admitted = admit(proposed, { type: "repository", repository: "r" });
      if ("refusal" in admitted) throw new Error(`${admitted.refusal}: ${JSON.stringify(proposed)}`);
      expect(admitted.draft.title).not.toMatch(/[\n\r\u2028\u200b\u202e]/);
      const wider = admit(proposed, { type: "account" });
      expect("refusal" in wider, JSON.stringify(proposed)).toBe(proposed.trust === "toolText");
      expect(proposed.keys.join(" ")).not.toContain("Ignore");
    }
  }
});

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

test("no secret shape and no dice are kept, wherever they stand", () => {
  const random = createRandom(seed);
  const some = (length: number, signs = alphabet) => Array.from({ length }, () => random.pick([...signs])).join("");
  const hex = "0123456789abcdef";
  const makers: (() => string)[] = [
    () => `AKIA${some(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")}`,
    () => some(40, `${alphabet}+/`),
    () => `ghp_${some(36)}`,
    () => `github_pat_${some(22)}_${some(59)}`,
    () => `glpat-${some(20)}`,
    () => `npm_${some(36)}`,
    () => `xoxb-${some(12, "0123456789")}-${some(24)}`,
    () => `sk-proj-${some(48)}`,
    () => `sk-ant-api03-${some(40)}`,
    () => `AIza${some(35)}`,
    () => `sk_live_${some(24)}`,
    () => `SG.${some(22)}.${some(43)}`,
    () => `${some(10, "123456789")}:${some(35)}`,
    () => `eyJ${some(20)}.eyJ${some(30)}.${some(43)}`,
    () => some(64, hex),
    () => some(32),
    () => some(24),
  ];
  const quotes = [
    (secret: string) => secret,
    (secret: string) => `export TOKEN=${secret}`,
    (secret: string) => `Use "${secret}", it works.`,
    (secret: string) => `curl -H 'Authorization: Bearer ${secret}' https://api.example`,
    (secret: string) => `postgres://admin:${secret}@db.example/main`,
    (secret: string) => `{"password":"${secret}"}`,
    (secret: string) => `password is ${secret} ok`,
  ];
  const kept: string[] = [];
  for (let round = 0; round < 100; round++) {
    for (const maker of makers) {
      const secret = maker();
      const text = random.pick(quotes)(secret);
      for (const scrubbed of [hideSecrets(text).text, textOf(draft({ content: text, title: "t", when: text.slice(0, 160) }))]) {
        // Half of a secret is too much as well.
        if (scrubbed.includes(secret.slice(0, secret.length / 2)) && secret.length / 2 > 8) kept.push(`${text} → ${scrubbed}`);
        if (scrubbed.includes(secret.slice(-secret.length / 2))) kept.push(`${text} → ${scrubbed}`);
      }
      expect(hideSecrets(hideSecrets(text).text).count, text).toBe(0);
    }
  }
  expect(kept).toEqual([]);
  expect(hideSecrets("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc").text).toBe("[hidden-secret]");
  expect(hideSecrets("the passphrase: correct-horse").text).toBe("the passphrase: [hidden-secret]");
});

test("what people write about code stays as it is", () => {
  const plain = [
    "The parser throws in durable-objects/core/memory/retrieval.test.ts at line 112.",
    "Run `npx vitest run --project node test/core/memory/operation.test.ts` first.",
    "getUserByIdFromDatabaseConnection and MAX_TOKENS_PER_REQUEST_ALLOWED are unused.",
    "Use the migration 2024-10-12-add-users-table-and-index.sql, then restart.",
    "interface Login { password: string; token: string | null; apiKey?: string }",
    "See https://developers.cloudflare.com/durable-objects/best-practices/websockets/ for it.",
    "internationalization of the acknowledgement dialog; version 1.2.3-beta.4; sha256sum",
    "Never touch packages/client-sdk/src/generated/openapi-types.generated.d.ts by hand.",
    "the commit 4f77875 broke it; tokens of the lexer are cached",
  ];
  expect(plain.map((text) => hideSecrets(text).text)).toEqual(plain);
  expect(["internationalization", "thisIsAVeryLongCamelCaseName", "a1b2c3"].filter(looksRandom)).toEqual([]);
});

test("notes say which they are, in what standing, and that they may be wrong; without fragments there is no item", () => {
  const item = noteItem([
    fragment("a", { state: "active", title: "Types", content: "Array<string> and 2>&1\nsecond line" }),
    fragment("b", { kind: "pitfall" }),
  ]);
  expect(inputText(item).split("\n").slice(2)).toEqual([
    "",
    "> [note 1] strategy, has helped often: Types",
    "> Applies when: Changing the parser",
    "> Array‹string> and 2>&1",
    "> second line",
    "",
    "> [note 2] pitfall, new, untested: Run the tests before the build",
    "> Applies when: Changing the parser",
    "> The build takes minutes, the tests seconds.",
    "</notes_from_earlier_turns>",
  ]);
  expect(noteItem([])).toBe(null);
});

function inputText(item: ReturnType<typeof noteItem>): string {
  const parts = (item?.content ?? []) as { type: string; text: string }[];
  return parts.map(({ text }) => text).join("");
}

function textOf(proposed: ReturnType<typeof draft>): string {
  const admitted = admit(proposed, { type: "account" });
  return "draft" in admitted ? `${admitted.draft.content} ${admitted.draft.when}` : "";
}
