/** Makes as many trees as it is asked for. A Worker's clock stands still while it computes: whoever asks has to look at the clock. */
import { decide } from "#core/decision-tree/tree";
import { largestDeliberation } from "../../evaluation/largest.ts";

export default {
  fetch(request: Request): Response {
    const trees = Number(new URL(request.url).searchParams.get("trees"));
    const deliberation = largestDeliberation();
    let characters = 0;
    // What is made is used, so that nothing is optimised away.
    for (let index = 0; index < trees; index++) characters += decide(deliberation).chosen.because.length;
    return new Response(String(characters));
  },
};
