/**
 * The order in which a version comes to its users, and goes again where it does not do. Every step is a command; what runs them is handed in, so that
 * `--dry-run` prints the same commands that a deployment runs.
 */
import { deployLimits } from "./limits.ts";
import { judgeSettings } from "./operator-settings.ts";

export interface Command {
  program: "git" | "npm" | "wrangler";
  args: string[];
}

export interface Ran {
  code: number;
  stdout: string;
  /** What wrangler wrote of it for machines, newest last. */
  records: Record<string, unknown>[];
}

export interface World {
  run(command: Command): Promise<Ran>;
  say(line: string): void;
  /** Bytes of the bundle in that folder, compressed as Cloudflare counts them. */
  bundleBytes(folder: string): number;
}

export interface Plan {
  /** Where people reach the Worker. */
  url: string;
  workerName: string;
  configPath: string;
  bundleFolder: string;
  /** `gradual`; or at once, because a migration of Durable Objects can not be split, or because there is nothing yet to go back to. */
  way: "gradual" | "migrate" | "first";
  /** For `first`, when the Worker has no secrets of its own yet. */
  secretsFile: string | null;
  /** Names in that file. */
  secretNames: string[];
}

/** `refused`: nothing has changed. `rolledBack`: the version of before serves again. `stuck`: a person has to look. */
export type Outcome = "done" | "refused" | "rolledBack" | "stuck";

class Refused extends Error {}

export async function rollOut(plan: Plan, world: World): Promise<Outcome> {
  try {
    const commit = await prepare(plan, world);
    return plan.way === "gradual" ? await gradually(plan, world, commit) : await atOnce(plan, world, commit);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    world.say(`Refused: ${error.message}\nNothing was changed.`);
    return "refused";
  }
}

/** Everything that can be known before anything is changed. The commit's name. */
async function prepare(plan: Plan, world: World): Promise<string> {
  const { say } = world;
  const status = await need(world, git("status", "--porcelain"), "git can not be asked");
  if (status.stdout.trim() !== "") throw new Refused(`what is not committed can not be found again:\n${status.stdout.trimEnd()}`);
  const commit = (await need(world, git("rev-parse", "--short", "HEAD"), "there is no commit")).stdout.trim();
  await need(world, npm("run", "-s", "typecheck"), "the types do not fit");
  await need(world, npm("run", "-s", "build"), "the web client can not be built");
  const dry = wrangler(plan, "deploy", "--dry-run", "--outdir", plan.bundleFolder);
  await need(world, dry, "the Worker can not be bundled");
  const bytes = world.bundleBytes(plan.bundleFolder);
  if (bytes > deployLimits.bundleBytesMax) {
    throw new Refused(
      `the bundle has ${bytes} bytes compressed, more than the ${deployLimits.bundleBytesMax} that were agreed on`,
    );
  }
  const { problems, warnings } = judgeSettings(await settingNames(plan, world));
  for (const warning of warnings) say(`Note: ${warning}`);
  if (problems.length > 0) throw new Refused(problems.join("\n"));
  return commit;
}

async function settingNames(plan: Plan, world: World): Promise<string[]> {
  if (plan.way === "first") return plan.secretNames;
  const { stdout } = await need(
    world,
    wrangler(plan, "secret", "list", "--format", "json"),
    "the Worker's secrets can not be listed",
  );
  const listed = JSON.parse(stdout || "[]") as { name: string }[];
  return listed.map(({ name }) => name);
}

async function gradually(plan: Plan, world: World, commit: string): Promise<Outcome> {
  const old = await servingVersion(plan, world);
  const upload = wrangler(plan, "versions", "upload", "--tag", commit, "--message", `commit ${commit}`);
  const uploaded = await need(
    world,
    upload,
    "the version can not be uploaded; if it says that a migration is pending: npm run deploy -- --migrate",
  );
  const version = String(uploaded.records.findLast(({ type }) => type === "version-upload")?.version_id ?? "");
  if (version === "") throw new Refused("wrangler did not say which version it uploaded");

  // The same order each time: an object that has come to the new version stays there while its share grows.
  const share = (percent: number) => {
    const others = percent === 100 ? [] : [`${old}@${100 - percent}%`];
    return wrangler(
      plan,
      "versions",
      "deploy",
      `${version}@${percent}%`,
      ...others,
      "--yes",
      "--message",
      `commit ${commit} at ${percent}%`,
    );
  };
  const steps: Command[] = [
    // A Worker with Durable Objects has no preview URL: without traffic, it is asked for by name.
    share(0),
    smoke(plan, version),
    share(deployLimits.firstSharePercent),
    smoke(plan, version),
    acceptance(plan, deployLimits.acceptanceRunsAtFirst),
    share(100),
    smoke(plan, version),
    acceptance(plan, 1),
    // Versions carry no clocks and routes.
    wrangler(plan, "triggers", "deploy"),
  ];
  for (const step of steps) {
    const { code } = await world.run(step);
    if (code !== 0) return rollBack(plan, world, { old, failed: step, code });
  }
  world.say(`Version ${version} (commit ${commit}) serves everybody. The one before was ${old}.`);
  return "done";
}

/** A migration is applied to all objects, and no version from before it can come back. */
async function atOnce(plan: Plan, world: World, commit: string): Promise<Outcome> {
  const secrets = plan.secretsFile === null ? [] : ["--secrets-file", plan.secretsFile];
  const deploy = wrangler(plan, "deploy", "--tag", commit, "--message", `commit ${commit}`, ...secrets);
  for (const step of [deploy, smoke(plan, null), acceptance(plan, 1)]) {
    const { code } = await world.run(step);
    if (code === 0) continue;
    world.say(
      `${textOf(step)} ended with ${code}. Behind a migration there is no way back: mend it and deploy again; docs/deploy.md says how.`,
    );
    return "stuck";
  }
  world.say(`Commit ${commit} serves everybody.`);
  return "done";
}

async function rollBack(
  plan: Plan,
  world: World,
  { old, failed, code }: { old: string; failed: Command; code: number },
): Promise<Outcome> {
  world.say(`${textOf(failed)} ended with ${code}. Going back to version ${old}.`);
  const why = `${textOf(failed)} failed`;
  // What is wrong must not go on for as long as objects may keep their code.
  const back = wrangler(plan, "rollback", old, "--yes", "--message", why, "--durable-objects-code-update-mode", "immediate");
  for (const step of [back, smoke(plan, old)]) {
    const ran = await world.run(step);
    if (ran.code === 0) continue;
    world.say(`${textOf(step)} ended with ${ran.code}. A person has to look now: docs/deploy.md, "When it is stuck".`);
    return "stuck";
  }
  world.say(`Version ${old} serves everybody again.`);
  return "rolledBack";
}

/** The one that serves everybody. While two do, somebody else is at it. */
async function servingVersion(plan: Plan, world: World): Promise<string> {
  const asked = wrangler(plan, "deployments", "status", "--json");
  const { stdout } = await need(world, asked, "it is not known what serves now; for the first time: npm run deploy -- --first");
  const { versions } = JSON.parse(stdout) as { versions: { version_id: string; percentage: number }[] };
  const [only, ...more] = versions;
  if (only === undefined || more.length > 0) throw new Refused("two versions serve already: end that rollout first");
  return only.version_id;
}

async function need(world: World, command: Command, otherwise: string): Promise<Ran> {
  const ran = await world.run(command);
  if (ran.code !== 0) throw new Refused(`${textOf(command)} ended with ${ran.code}: ${otherwise}`);
  return ran;
}

function git(...args: string[]): Command {
  return { program: "git", args };
}

function npm(...args: string[]): Command {
  return { program: "npm", args };
}

function wrangler({ configPath }: Plan, ...args: string[]): Command {
  return { program: "wrangler", args: [...args, "--config", configPath] };
}

function smoke({ url, workerName }: Plan, version: string | null): Command {
  const which = version === null ? [] : ["--version", version, "--worker", workerName];
  return npm("run", "-s", "smoke", "--", url, ...which);
}

function acceptance({ url }: Plan, runs: number): Command {
  return npm("run", "-s", "acceptance", "--", url, "--runs", String(runs));
}

export function textOf({ program, args }: Command): string {
  const quoted = args.map((each) => (/^[\w@%./:=<>-]+$/.test(each) ? each : JSON.stringify(each)));
  return [program, ...quoted].join(" ");
}
