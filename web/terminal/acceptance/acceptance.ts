/** `npm run acceptance -- URL`: the way of a stranger's client through a server. */
import { obey } from "../command-line.ts";
import { acceptanceUsage, type CheckArguments, parseCheck } from "./arguments.ts";
import { acceptOnce } from "./flow.ts";

process.exit(await obey(parseCheck(process.argv.slice(2), process.env), acceptanceUsage, run));

async function run(given: CheckArguments): Promise<number> {
  const total = { passed: 0, failed: 0 };
  for (let run = 1; run <= given.runs && total.failed === 0; run++) {
    if (given.runs > 1) console.log(`run ${run} of ${given.runs}`);
    const { passed, failed } = await acceptOnce(given);
    total.passed += passed;
    total.failed += failed;
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}
