/**
 * The configuration that is deployed: wrangler.toml with this deployment's own names put in. One file says what the Worker is, for tests, for
 * `npm start` and for production; an `[env.production]` inherits no binding, so that everything would stand there a second time.
 */

const localId = /^id = "(spindle-[\w-]+)"$/;

/**
 * For each namespace `NAME` the variable `SPINDLE_KV_<NAME>_ID` gives the id at Cloudflare; `SPINDLE_WORKER_NAME` another name than `spindle`.
 * Or what is missing.
 */
export function deployConfig(
  toml: string,
  variables: Readonly<Record<string, string | undefined>>,
): { toml: string; workerName: string } | { problems: string[] } {
  const problems: string[] = [];
  const workerName = variables.SPINDLE_WORKER_NAME ?? "spindle";
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(workerName))
    problems.push(`SPINDLE_WORKER_NAME is "${workerName}", which is no Worker's name.`);
  let binding = "";
  const lines = toml.split("\n").map((line) => {
    binding = /^binding = "(\w+)"$/.exec(line)?.[1] ?? binding;
    if (!localId.test(line)) return line;
    const variable = `SPINDLE_KV_${binding}_ID`;
    const id = variables[variable] ?? "";
    if (!/^[0-9a-f]{32}$/.test(id)) {
      problems.push(`${variable} is not the id of a KV namespace; make one with: npx wrangler kv namespace create ${binding}`);
    }
    return `id = "${id}"`;
  });
  if (problems.length > 0) return { problems };
  return {
    workerName,
    toml: `# Made by npm run deploy; not to be edited.\n${lines.join("\n")}`.replace(
      'name = "spindle"',
      `name = "${workerName}"`,
    ),
  };
}
