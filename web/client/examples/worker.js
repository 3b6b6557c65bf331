/**
 * A Worker asks for a change and answers what came of it. Its own `new WebSocket` sends no header: where a token is needed, the upgrade
 * is asked for by `fetch`, in a class that looks like a socket.
 */
import { changeFile } from "./approve.js";

export default {
  async fetch(_request, { SPINDLE_URL: url }) {
    return Response.json(await changeFile({ url }, () => "accept"));
  },
};
