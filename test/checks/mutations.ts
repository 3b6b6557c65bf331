// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the lines to break are quoted as they stand.
/**
 * Breaks the laws, one line at a time, in a copy of the tree, and sees a test turn red for each. Writes docs/mutations.md.
 * `npm run check:mutations [-- NAME …]` takes some of them only; what the page says of the others stays.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

interface Mutation {
  name: string;
  law: string;
  file: string;
  /** Stands exactly once in the file. */
  line: string;
  broken: string;
  /** Which tests are run: the simulation, or stories inside workerd. */
  tests: string[];
}

const simulation = ["--project", "node", "test/simulation"];
const story = (file: string) => ["--project", "objects", `test/objects/${file}.test.ts`];

const mutations: Mutation[] = [
  {
    name: "send before append",
    law: "2",
    file: "durable-objects/thread/runtime.ts",
    line: "      this.folded = thread;\n    });\n    this.approvalDelivery.appended(",
    broken: "      this.folded = thread;\n      this.deliveries.pump();\n    });\n    this.approvalDelivery.appended(",
    tests: simulation,
  },
  {
    name: "a second terminal frame",
    law: "8",
    file: "durable-objects/thread/runtime.ts",
    line: "      this.ended(turn, status, null, aborted),\n",
    broken: "      this.ended(turn, status, null, aborted),\n      this.ended(turn, status, null, []),\n",
    tests: simulation,
  },
  {
    name: "an approval is forgotten",
    law: "5",
    file: "durable-objects/core/reduce.ts",
    line: "return { ...thread, requests: [...thread.requests, request] };",
    broken: "return { ...thread, requests: request.id ? thread.requests : [] };",
    tests: simulation,
  },
  {
    name: "a pending approval is not asked again",
    law: "5",
    file: "durable-objects/thread/attach.ts",
    line: "pending: current.requests.filter(({ seq }) => seq <= cursor).map(({ seq }) => log.wireFrame(seq)),",
    broken: "pending: [],",
    tests: story("approval"),
  },
  {
    name: "landing before approval",
    law: "5",
    file: "durable-objects/thread/steps/changes.ts",
    line: 'if (judgeChanges(settings.approvalPolicy, grants, paths) === "allow") {',
    broken: 'if (judgeChanges(settings.approvalPolicy, grants, paths) !== "refuse") {',
    tests: simulation,
  },
  {
    name: "a second answer counts",
    law: "5",
    file: "durable-objects/core/reduce.ts",
    line: "requests: thread.requests.filter((request) => request.id !== frame.params.requestId)",
    broken: "requests: thread.requests.filter(() => frame.params.requestId)",
    tests: simulation,
  },
  {
    name: "a write runs again after a crash",
    law: "7",
    file: "durable-objects/thread/steps/command.ts",
    line: "if (isPlainRead(commandOf(call))) return execute(runtime, call);",
    broken: "return execute(runtime, call);",
    tests: simulation,
  },
  {
    name: "that a command began is not written down",
    law: "7",
    file: "durable-objects/core/reduce.ts",
    line: 'return withCall(thread, event.callId, () => ({ type: "commandStarted" }));',
    broken: "return thread;",
    tests: simulation,
  },
  {
    name: "a gap in seq",
    law: "3",
    file: "durable-objects/thread/log.ts",
    line: "seq: (folded?.seq ?? 0) + 1,",
    broken: "seq: (folded?.seq ?? 0) + (drafts.length > 3 ? 2 : 1),",
    tests: simulation,
  },
  {
    name: "the outbox is dropped",
    law: "2",
    file: "durable-objects/thread/runtime.ts",
    line: "        this.outbox.mark(thread.seq);\n        isNews = true;",
    broken: "        isNews = false;",
    tests: simulation,
  },
  {
    name: "an outbox row leaves before it was told",
    law: "2",
    file: "durable-objects/thread/outbox.ts",
    line: "      try {\n        through = await this.send(this.told());",
    broken: '      try {\n        this.host.sql.exec("DELETE FROM outbox");\n        through = await this.send(this.told());',
    tests: simulation,
  },
  {
    name: "a retry makes a second turn",
    law: "6",
    file: "durable-objects/thread/log.ts",
    line: 'WHERE client_id = ?", clientId).toArray();\n    return row?.turn_id ?? null;',
    broken: 'WHERE client_id = ?", clientId).toArray();\n    return row ? null : null;',
    tests: simulation,
  },
  {
    name: "a stale proposal lands",
    law: "5",
    file: "durable-objects/workspace/store.ts",
    line: "if (stale.length > 0)",
    broken: "if (stale.length > 1e9)",
    tests: ["--project", "node", "test/workspace"],
  },
  {
    name: "landing and its frame are not one transaction",
    law: "5",
    file: "durable-objects/thread/runtime.ts",
    line: "    this.host.transaction(() => {\n      const told = this.withWrites(drafts, also !== undefined);\n      also?.();",
    broken: "    also?.();\n    this.host.transaction(() => {\n      const told = this.withWrites(drafts, also !== undefined);",
    tests: simulation,
  },
  {
    name: "what people wrote is not recorded",
    law: "1",
    file: "durable-objects/thread/runtime.ts",
    line: "    if (changes.length === 0) return drafts;\n",
    broken: "    if (changes.length >= 0) return drafts;\n",
    tests: simulation,
  },
  {
    name: "what was reverted comes along in a fork",
    law: "1",
    file: "durable-objects/thread/log.ts",
    line: "AND to_seq < ?) ORDER BY seq`",
    broken: "AND to_seq < -1 * ?) ORDER BY seq`",
    tests: simulation,
  },
  {
    name: "the model is told what was reverted",
    law: "1",
    file: "durable-objects/thread/log.ts",
    line: "SELECT seq, private FROM live_frames WHERE has_model_items = 1 AND seq >= ?",
    broken: "SELECT seq, private FROM frames WHERE has_model_items = 1 AND seq >= ?",
    tests: story("revert"),
  },
  {
    name: "a revert leaves the files as they are",
    law: "1",
    file: "durable-objects/thread/revert.ts",
    line: "        runtime.workspace.land(landed);\n",
    broken: "",
    tests: story("revert"),
  },
  {
    name: "a fork's files come after the fork",
    law: "1",
    file: "durable-objects/thread/runtime.ts",
    line: "        also?.();\n        const { seq, info } = this.current;",
    broken: "        setTimeout(() => also?.());\n        const { seq, info } = this.current;",
    tests: story("fork"),
  },
  {
    name: "a late stop stops the next turn",
    law: "6",
    file: "durable-objects/thread/requests.ts",
    line: 'turnId !== "" && turn.id !== turnId',
    broken: 'turn.id === ""',
    tests: story("settings"),
  },
  {
    name: "a frame goes out twice",
    law: "9",
    file: "durable-objects/connection/session.ts",
    line: "if (frame.seq <= followed.cursor) continue;",
    broken: "if (frame.seq < followed.cursor) continue;",
    tests: ["--project", "node", "test/connection"],
  },
  {
    name: "a delivery leaves a hole",
    law: "9",
    file: "durable-objects/connection/session.ts",
    line: "if (after === null || after > followed.cursor) return { gone: false, cursor: followed.cursor };",
    broken: "if (after === null) return { gone: false, cursor: followed.cursor + 1 };",
    tests: simulation,
  },
  {
    name: "no catch-up for plain clients",
    law: "9",
    file: "durable-objects/thread/attach.ts",
    line: "catchUp: afterSeq === null ? [...usageSnapshot(runtime), ...goalSnapshot(runtime), ...catchUp(current)] : [],",
    broken: "catchUp: [],",
    tests: simulation,
  },
  {
    name: "a cut item stays open",
    law: "8",
    file: "durable-objects/thread/runtime.ts",
    line: ".filter(({ id, completedAtMs }) => completedAtMs === null && ",
    broken: ".filter(({ id, completedAtMs }) => completedAtMs === 0 && ",
    tests: simulation,
  },
  {
    name: "a call gets no answer",
    law: "8",
    file: "durable-objects/thread/runtime.ts",
    line: "return [...outputs, turnAborted(reason)];",
    broken: "return [turnAborted(reason)];",
    tests: simulation,
  },
  {
    name: "the loop takes itself for running",
    law: "1",
    file: "durable-objects/thread/runtime.ts",
    line: "    this.isDriving = false;\n    this.schedule();",
    broken: "    this.schedule();",
    tests: simulation,
  },
  {
    name: "what is private leaves",
    law: "2",
    file: "durable-objects/thread/log.ts",
    line: '? `{"method":"${row.method}","params":${params},"emittedAtMs":${row.emitted_at_ms}}`',
    broken: '? `{"method":"${row.method}","params":${params},"private":${row.private},"emittedAtMs":${row.emitted_at_ms}}`',
    tests: simulation,
  },
  {
    name: "frames before the answer that caused them",
    law: "2",
    file: "durable-objects/connection/session.ts",
    line: "    await Promise.all(this.unanswered.get(threadId) ?? []);\n    const followed",
    broken: "    const followed",
    tests: ["--project", "node", "test/connection"],
  },
  {
    name: "the log may be changed",
    law: "3",
    file: "durable-objects/thread/log.ts",
    line: "CREATE TRIGGER IF NOT EXISTS frames_never_change BEFORE UPDATE ON frames",
    broken: "CREATE TRIGGER IF NOT EXISTS frames_never_change BEFORE UPDATE OF seq ON frames",
    tests: story("log"),
  },
  {
    name: "anybody may come in",
    law: "11",
    file: "workers/authentication.ts",
    line: 'if ("failure" in identified) return refuse(context, identified.failure);',
    broken:
      'if ("failure" in identified) Object.assign(identified, { caller: { account: "local", credential: null, endsAtMs: null } });',
    tests: story("doors"),
  },
  {
    name: "one account's object names serve all",
    law: "11",
    file: "durable-objects/environment.ts",
    line: "return `${account}/${threadId}`;",
    broken: "return `${account.slice(0, 0)}local/${threadId}`;",
    tests: story("doors"),
  },
  {
    name: "one account's Directory serves all",
    law: "11",
    file: "durable-objects/environment.ts",
    line: "environment.DIRECTORY.idFromName(account)",
    broken: "environment.DIRECTORY.idFromName(account.slice(0, 0))",
    tests: story("tenants"),
  },
  {
    name: "a thread's own socket reaches every thread",
    law: "11",
    file: "durable-objects/thread/thread-object.ts",
    line: "threadId === ownId ? ask() :",
    broken: 'threadId !== "" ? ask() :',
    tests: story("doors"),
  },
  {
    name: "a revoked token's sockets stay open",
    law: "11",
    file: "durable-objects/access/register.ts",
    line: "this.makeDue(`token:${id}`, nowMs);",
    broken: "",
    tests: story("credentials"),
  },
  {
    name: "a signed token names its own algorithm",
    law: "11",
    file: "workers/credentials/signed-bearer.ts",
    line: ', { algorithms: ["HS256"] }',
    broken: ', { algorithms: ["HS256", "HS512"] }',
    tests: ["--project", "node", "test/access"],
  },
  {
    name: "pages of every origin may come in",
    law: "11",
    file: "workers/authentication.ts",
    line: "return context.body(null, 403);",
    broken: 'context.header("x-origin", "any");',
    tests: story("credentials"),
  },
  {
    name: "next takes what is asked for as approved",
    law: "4",
    file: "durable-objects/core/next.ts",
    line: '    case "changesAsked":\n      return { type: "wait", requestId: state.requestId };',
    broken: '    case "changesAsked":\n      return { type: "refuseChanges", call, decision: "decline" };',
    tests: ["--project", "node", "test/core/next.test.ts"],
  },
  {
    name: "a hostile comment is read mark by mark",
    law: "10",
    file: "durable-objects/core/github/markdown.ts",
    line: "if (++marks > githubTextLimits.marksMax) return true;",
    broken: "if (++marks < 0) return true;",
    tests: ["--project", "node", "test/core/github/markdown.test.ts"],
  },
  {
    name: "the browser takes zod",
    law: "12",
    file: "web/app/store/store.ts",
    line: 'import { type Client, createClient } from "#client/client";',
    broken: 'import { type Client, createClient } from "#client/client";\nimport * as z from "zod";\nconsole.log(z);',
    tests: ["--project", "node", "test/architecture"],
  },
  {
    name: "a webhook that comes again is taken in again",
    law: "16",
    file: "durable-objects/github/inbox.ts",
    line: 'state: same ? "double" : "waiting", nowMs });',
    broken: 'state: "waiting", nowMs });',
    tests: story("github-webhook"),
  },
  {
    name: "a thread's comment is forgotten with a delivery",
    law: "16",
    file: "durable-objects/github/outbox.ts",
    line: "if (deliveryId !== null && key.startsWith(`${deliveryId}/`)) return null;",
    broken: "if (deliveryId !== null) return null;",
    tests: ["--project", "node", "test/github/retention.test.ts"],
  },
  {
    name: "an answer that was lost is not looked for",
    law: "16",
    file: "durable-objects/github/outbox.ts",
    line: "UPDATE github_effects SET is_uncertain = 1 WHERE key = ?",
    broken: "UPDATE github_effects SET is_uncertain = 0 WHERE key = ?",
    tests: ["--project", "node", "test/github/effects.test.ts"],
  },
  {
    name: "a second yes at GitHub counts",
    law: "16",
    file: "durable-objects/github/follow/decide.ts",
    line: 'return refuse(said, "That diff has been decided already.");\n    for (const',
    broken: "ledger.repositoryId();\n    for (const",
    tests: ["--project", "node", "test/github/follow.test.ts"],
  },
  {
    name: "a diff on a moved base is committed",
    law: "16",
    file: "durable-objects/github/follow/decide.ts",
    line: "target.baseOid !== baseOid && !isFirstOfIssue(on, target, reads.ledger, threadId)",
    broken: 'target.baseOid === "" && !isFirstOfIssue(on, target, reads.ledger, threadId)',
    tests: ["--project", "node", "test/github/follow.test.ts"],
  },
  {
    name: "an announcement that failed counts as heard",
    law: "13",
    file: "durable-objects/directory/announcements.ts",
    line: "      this.retryLater(connection, listener, error);",
    broken: "      listener.heardId = throughId;\n      this.retryLater(connection, listener, error);",
    tests: ["--project", "node", "test/directory"],
  },
  {
    name: "an outcome is not taken back before it is counted anew",
    law: "14",
    file: "durable-objects/memory/outcomes.ts",
    line: "      if (effect) {\n        const fragments = this.fragments.named(effect.fragments",
    broken: "      if (effect && scopes.length === 0) {\n        const fragments = this.fragments.named(effect.fragments",
    tests: ["--project", "node", "test/memory"],
  },
  {
    name: "a turn counts as told before the memory has heard",
    law: "15",
    file: "durable-objects/thread/memory-outbox.ts",
    line: "        if (reports.length > 0) this.taught(",
    broken:
      '        for (const { turn_id, revision } of rows) sql.exec("UPDATE memory_outbox SET sent_revision = max(sent_revision, ?) WHERE turn_id = ?", revision, turn_id);\n        if (reports.length > 0) this.taught(',
    tests: simulation,
  },
  {
    name: "what was answered rings all the same",
    law: "17",
    file: "durable-objects/push/push.ts",
    line: "\"thread_id = ? AND kind IN ('approval', 'question') AND key NOT IN (SELECT value FROM json_each(?))\"",
    broken:
      "\"thread_id = ? AND kind IN ('approval', 'question') AND key IS NULL AND key NOT IN (SELECT value FROM json_each(?))\"",
    tests: ["--project", "node", "test/push"],
  },
  {
    name: "a report that comes again is counted again",
    law: "18",
    file: "durable-objects/metrics/ledger.ts",
    line: "const isNew = from <= to && from > (known?.through ?? 0);",
    broken: "const isNew = from <= to && (known?.through ?? 0) >= 0;",
    tests: ["--project", "node", "test/metrics"],
  },
  {
    name: "a turn over the rate begins",
    law: "19",
    file: "durable-objects/core/quota.ts",
    line: "if (tooManyMs > 0.001) {",
    broken: "if (tooManyMs > minuteMs) {",
    tests: ["--project", "node", "test/core/quota.test.ts"],
  },
  {
    name: "the memory keeps turns of a deleted thread",
    law: "20",
    file: "durable-objects/memory/memory.ts",
    line: "this.turns.forgetThread(threadId);",
    broken: "",
    tests: story("deletion"),
  },
  {
    name: "a yes over HTTP lands whatever waits",
    law: "21",
    file: "workers/http/decision.ts",
    line: "if (proposalHash !== undefined && proposalHash !== proposal?.hash) {",
    broken: "if (proposalHash !== undefined && proposal === undefined) {",
    tests: ["--project", "node", "test/http"],
  },
  {
    name: "an editor is shown another diff",
    law: "22",
    file: "workers/acp/diff-content.ts",
    line: 'if (sign !== "-") hunk.newText += text;',
    broken: "hunk.newText += text;",
    tests: ["--project", "node", "test/doors"],
  },
  {
    name: "an endpoint that is down is asked on",
    law: "decision 115",
    file: "durable-objects/core/circuit.ts",
    line: "return isFailing(counted, nowMs) ? opened(1, nowMs) : counted;",
    broken: "return isFailing(counted, nowMs) && counted.current.requests < 0 ? opened(1, nowMs) : counted;",
    tests: ["--project", "node", "test/core/circuit.test.ts"],
  },
  {
    name: "a request goes to whatever address it names",
    law: "decision 114",
    file: "durable-objects/outbound/outbound.ts",
    line: "if (url === null || !allows(url)) {",
    broken: "if (url === null) {",
    tests: ["--project", "node", "test/outbound"],
  },
  {
    name: "what a copy's content is called is believed",
    law: "decision 127",
    file: "durable-objects/thread/import.ts",
    line: "if (bytes.length !== size || blobHash(bytes) !== hash)",
    broken: "if (bytes.length === -1 || blobHash(bytes) === size.toString())",
    tests: story("thread-import"),
  },
];

const root = resolve(import.meta.dirname, "../..");
const only = process.argv.slice(2);
const chosen = mutations.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
const copy = mkdtempSync(join(tmpdir(), "spindle-mutations-"));
const rows = new Map(only.length === 0 ? [] : rowsBefore());
let survived = 0;

try {
  for (const file of execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root })
    .toString()
    .split("\0")
    .filter((file) => file !== "" && existsSync(join(root, file)))) {
    execFileSync("install", ["-D", join(root, file), join(copy, file)]);
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  execFileSync("install", ["-D", "/dev/null", join(copy, "web/app/dist/index.html")]);
  for (const mutation of chosen) report(mutation, tryOut(mutation));
} finally {
  rmSync(copy, { recursive: true, force: true });
}

writeFileSync(join(root, "docs/mutations.md"), page());
console.log(`${chosen.length - survived} passed, ${survived} failed`);
process.exit(survived === 0 ? 0 : 1);

/** The first test that turned red; null when none did. */
function tryOut({ name, file, line, broken, tests }: Mutation): string | null {
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  if (text.split(line).length !== 2) throw new Error(`${name}: the line stands ${text.split(line).length - 1} times in ${file}`);
  writeFileSync(
    path,
    text.replace(line, () => broken),
  );
  try {
    const run = spawnSync("vitest", ["run", "--bail", "1", "--reporter", "json", ...tests], {
      cwd: copy,
      encoding: "utf8",
      env: { ...process.env, SPINDLE_SEEDS: "240" },
      timeout: 300_000,
    });
    return run.status === 0 ? null : redTest();
  } finally {
    writeFileSync(path, text);
  }
}

/** What vitest's own report says. */
function redTest(): string {
  const report = join(copy, ".vitest/json/output.json");
  if (!existsSync(report)) throw new Error("vitest wrote no report");
  const result = JSON.parse(readFileSync(report, "utf8")) as {
    testResults: { name: string; assertionResults: { status: string; title: string; failureMessages: string[] }[] }[];
  };
  rmSync(report);
  for (const { name, assertionResults } of result.testResults) {
    for (const { status, title, failureMessages } of assertionResults) {
      if (status !== "failed") continue;
      const why = /Error: (?:seed \d+: )?([^\n]*)/.exec(failureMessages[0] ?? "")?.[1] ?? "";
      return `${name.slice(copy.length + 1)}: ${title}${why ? ` — ${why.slice(0, 110)}` : ""}`;
    }
  }
  throw new Error("vitest failed without a red test");
}

function report({ name, law, file, line }: Mutation, red: string | null): void {
  if (red === null) survived += 1;
  console.log(`${red === null ? "SURVIVED" : "caught  "} ${name}${red === null ? "" : `: ${red}`}`);
  const cell = (text: string) => text.trim().split("\n").join(" ⏎ ").replaceAll("|", "\\|");
  rows.set(
    name,
    `| ${law} | ${name} | \`${file}\`: \`${cell(line).replace(/\s+/g, " ")}\` | ${red === null ? "**nobody**" : cell(red)} |`,
  );
}

/** Of the page as it stands, by what was broken. */
function rowsBefore(): [string, string][] {
  return readFileSync(join(root, "docs/mutations.md"), "utf8")
    .split("\n")
    .flatMap((row) => {
      const name = /^\| [^|]+ \| ([^|]+) \|/.exec(row)?.[1];
      return name === undefined ? [] : [[name, row] as [string, string]];
    });
}

function page(): string {
  return `# Mutations
Each law broken by one line, and the test that turned red for it. Made by \`npm run check:mutations\`, which breaks a copy of the tree.

| law | what was broken | the line | caught by |
| --- | --- | --- | --- |
${mutations.flatMap(({ name }) => rows.get(name) ?? []).join("\n")}
`;
}
