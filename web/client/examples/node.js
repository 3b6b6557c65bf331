/** `SPINDLE_URL=ws://127.0.0.1:8787 SPINDLE_TOKEN=… node node.js` */
import { changeFile } from "./approve.js";

const { SPINDLE_URL: url = "ws://127.0.0.1:8787", SPINDLE_TOKEN: token } = process.env;
console.log(JSON.stringify(await changeFile({ url, token: token || undefined }, () => "accept")));
