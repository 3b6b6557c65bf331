import { describe, expect, test } from "vitest";
import { deployLimits } from "../../workers/deploy/limits.ts";
import { type Command, type Plan, rollOut, textOf, type World } from "../../workers/deploy/rollout.ts";

const plan: Plan = {
  url: "https://spindle.example",
  workerName: "spindle",
  configPath: "deploy.toml",
  bundleFolder: "out",
  way: "gradual",
  secretsFile: null,
  secretNames: [],
};

interface Staged {
  failAt?: (text: string, nth: number) => boolean;
  answers?: { status?: string; secrets?: string[]; serving?: string[]; bundleBytes?: number; uploaded?: string };
}

/** A world in which everything goes well but what is staged. */
function world({ failAt = () => false, answers = {} }: Staged = {}): World & { ran: string[]; said: string[] } {
  const { status = "", secrets = ["SPINDLE_OPERATOR_TOKEN"], serving = ["old"], bundleBytes = 1, uploaded = "new" } = answers;
  const ran: string[] = [];
  const said: string[] = [];
  const stdoutOf = ({ program, args }: Command) => {
    if (program === "git") return args[0] === "status" ? status : "abc123\n";
    if (args[0] === "secret") return JSON.stringify(secrets.map((name) => ({ name, type: "secret_text" })));
    if (args[0] === "deployments")
      return JSON.stringify({ versions: serving.map((id) => ({ version_id: id, percentage: 100 / serving.length })) });
    return "";
  };
  return {
    ran,
    said,
    say: (line) => said.push(line),
    bundleBytes: () => bundleBytes,
    run: async (command) => {
      const text = textOf(command);
      ran.push(text);
      const code = failAt(text, ran.length) ? 9 : 0;
      return { code, stdout: stdoutOf(command), records: [{ type: "version-upload", version_id: uploaded }] };
    },
  };
}

const preparation = [
  "git status --porcelain",
  "git rev-parse --short HEAD",
  "npm run -s typecheck",
  "npm run -s build",
  "wrangler deploy --dry-run --outdir out --config deploy.toml",
  "wrangler secret list --format json --config deploy.toml",
];
const looking = "wrangler deployments status --json --config deploy.toml";
const upload = 'wrangler versions upload --tag abc123 --message "commit abc123" --config deploy.toml';
const smoke = "npm run -s smoke -- https://spindle.example --version new --worker spindle";
const rollout = [
  'wrangler versions deploy new@0% old@100% --yes --message "commit abc123 at 0%" --config deploy.toml',
  smoke,
  'wrangler versions deploy new@10% old@90% --yes --message "commit abc123 at 10%" --config deploy.toml',
  smoke,
  "npm run -s acceptance -- https://spindle.example --runs 22",
  'wrangler versions deploy new@100% --yes --message "commit abc123 at 100%" --config deploy.toml',
  smoke,
  "npm run -s acceptance -- https://spindle.example --runs 1",
  "wrangler triggers deploy --config deploy.toml",
];
const looksAtOld = "npm run -s smoke -- https://spindle.example --version old --worker spindle";
const isRollback = (text: string) => text.startsWith("wrangler rollback old --yes --message ");

describe("a version comes to its users", () => {
  test("without traffic, then with a tenth of it, then with all, tried at each", async () => {
    const staged = world();
    expect(await rollOut(plan, staged)).toBe("done");
    expect(staged.ran).toEqual([...preparation, looking, upload, ...rollout]);
  });

  test("whatever fails before the first share changes nothing", async () => {
    const before = [...preparation, looking, upload];
    for (let nth = 1; nth <= before.length; nth++) {
      const staged = world({ failAt: (_, at) => at === nth });
      expect(await rollOut(plan, staged), before[nth - 1]).toBe("refused");
      expect(staged.ran).toEqual(before.slice(0, nth));
    }
  });

  test("whatever fails from then on brings the version of before back at once, and looks whether it is there", async () => {
    for (const [place, step] of rollout.entries()) {
      const nth = preparation.length + 3 + place;
      const staged = world({ failAt: (_, at) => at === nth });
      expect(await rollOut(plan, staged), step).toBe("rolledBack");
      const [back, look, ...more] = staged.ran.slice(nth);
      expect([isRollback(back ?? ""), back?.includes("--durable-objects-code-update-mode immediate"), look, more]).toEqual([
        true,
        true,
        looksAtOld,
        [],
      ]);
    }
  });

  test("where going back fails, or what came back does not answer, a person is called", async () => {
    for (const isBroken of [isRollback, (text: string) => text === looksAtOld]) {
      const staged = world({ failAt: (text) => text.includes("acceptance") || isBroken(text) });
      expect(await rollOut(plan, staged)).toBe("stuck");
      expect(staged.said.at(-1)).toContain("A person has to look now");
    }
  });
});

describe("is refused before anything changes", () => {
  test.each([
    ["a working copy with changes", { status: " M workers/index.ts\n" }, "workers/index.ts"],
    ["a bundle beyond its bound", { bundleBytes: deployLimits.bundleBytesMax + 1 }, "bytes compressed"],
    ["a Worker nobody could come into", { secrets: ["OPENAI_API_KEY"] }, "nobody could come in"],
    [
      "half of GitHub's settings",
      { secrets: ["SPINDLE_TOKEN", "GITHUB_APP_ID"] },
      "GITHUB_APP_PRIVATE_KEY, GITHUB_WEBHOOK_SECRET",
    ],
    ["one of two keys", { secrets: ["SPINDLE_TOKEN", "VAPID_PUBLIC_KEY"] }, "one is missing"],
    ["a setting for load runs", { secrets: ["SPINDLE_TOKEN", "SPINDLE_REHEARSAL_INTERVAL_MS"] }, "SPINDLE_REHEARSAL_INTERVAL_MS"],
    ["a rollout that is under way", { serving: ["old", "other"] }, "two versions serve already"],
    ["an upload that names no version", { uploaded: "" }, "which version"],
  ])("%s", async (_, answers, words) => {
    const staged = world({ answers });
    expect(await rollOut(plan, staged)).toBe("refused");
    expect(staged.said.join("\n")).toContain(words);
    expect(staged.ran.some((text) => text.startsWith("wrangler versions deploy"))).toBe(false);
  });
});

describe("a migration of Durable Objects", () => {
  const deploy = 'wrangler deploy --tag abc123 --message "commit abc123" --config deploy.toml';
  const tried = ["npm run -s smoke -- https://spindle.example", "npm run -s acceptance -- https://spindle.example --runs 1"];

  test("goes to everybody at once", async () => {
    const staged = world();
    expect(await rollOut({ ...plan, way: "migrate" }, staged)).toBe("done");
    expect(staged.ran).toEqual([...preparation, deploy, ...tried]);
  });

  test("has no way back: what fails is said, and no version of before is asked for", async () => {
    for (const step of [deploy, ...tried]) {
      const staged = world({ failAt: (text) => text === step });
      expect(await rollOut({ ...plan, way: "migrate" }, staged)).toBe("stuck");
      expect(staged.ran.some(isRollback)).toBe(false);
      expect(staged.said.at(-1)).toContain("there is no way back");
    }
  });

  test("the first deployment brings its secrets along, and asks for none that are there", async () => {
    const staged = world();
    const first: Plan = { ...plan, way: "first", secretsFile: "s.env", secretNames: ["SPINDLE_TOKEN"] };
    expect(await rollOut(first, staged)).toBe("done");
    expect(staged.ran).toEqual([
      ...preparation.slice(0, 5),
      deploy.replace(" --config", " --secrets-file s.env --config"),
      ...tried,
    ]);
    expect(await rollOut({ ...first, secretNames: [] }, world())).toBe("refused");
  });
});
