/** What a person can send: the parts of one user message. */
import * as z from "zod";

const imageDetail = z.enum(["auto", "low", "high", "original"]).nullish();

/** Source: Codex app-server 0.169.0, `UserInput`. Example: `{"type":"text","text":"say hi","text_elements":[]}`. */
export const userInput = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string(), text_elements: z.array(z.unknown()).default([]) }),
  z.object({ type: z.literal("image"), url: z.string().optional(), fileId: z.string().optional(), detail: imageDetail }),
  z.object({ type: z.literal("localImage"), path: z.string(), detail: imageDetail }),
  z.object({ type: z.literal("audio"), url: z.string().optional(), fileId: z.string().optional() }),
  z.object({ type: z.literal("localAudio"), path: z.string() }),
  z.object({ type: z.literal("skill"), name: z.string(), path: z.string() }),
  z.object({ type: z.literal("mention"), name: z.string(), path: z.string() }),
]);
export type UserInput = z.infer<typeof userInput>;

/** The words of a message, in order; parts that are not text contribute nothing. */
export function textOf(input: readonly UserInput[]): string {
  return input.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}
