/** `npm run smoke -- URL`: is it there, and are its doors closed. */
import { parseCheck, smokeUsage } from "./arguments.ts";
import { smokeSteps } from "./smoke-steps.ts";
import { tryAll } from "./steps.ts";

process.exit(await main());

async function main(): Promise<number> {
  const parsed = parseCheck(process.argv.slice(2), process.env);
  switch (parsed.type) {
    case "help":
      console.log(smokeUsage);
      return 0;
    case "wrong":
      console.error(`${parsed.reason}\n\n${smokeUsage}`);
      return 2;
    case "run": {
      const { timeoutMs } = parsed.arguments;
      const { passed, failed } = await tryAll(smokeSteps(parsed.arguments), { timeoutMs, untilFailure: false });
      console.log(`${passed} passed, ${failed} failed`);
      return failed === 0 ? 0 : 1;
    }
    default:
      return parsed satisfies never;
  }
}
