/** `spindle-stdio`: the process. */
import { parseArguments } from "./arguments.ts";
import { Bridge } from "./bridge.ts";
import { runBridge } from "./process.ts";

runBridge("spindle-stdio", parseArguments(process.argv.slice(2), process.env), (options) => new Bridge(options));
