/** `npm run smoke -- URL`: is it there, and are its doors closed. */
import { obey } from "../command-line.ts";
import { type CheckArguments, parseCheck, smokeUsage } from "./arguments.ts";
import { smokeSteps } from "./smoke-steps.ts";
import { tryAll } from "./steps.ts";

process.exit(await obey(parseCheck(process.argv.slice(2), process.env), smokeUsage, run));

async function run(given: CheckArguments): Promise<number> {
  const { timeoutMs } = given;
  const { passed, failed } = await tryAll(smokeSteps(given), { timeoutMs, untilFailure: false });
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
