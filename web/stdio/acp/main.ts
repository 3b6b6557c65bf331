/** `spindle-acp`: the process that an editor spawns. */
import { parseArguments } from "../arguments.ts";
import { runBridge } from "../process.ts";
import { AcpBridge } from "./bridge.ts";

runBridge("spindle-acp", parseArguments(process.argv.slice(2), process.env, "/acp"), (options) => new AcpBridge(options));
