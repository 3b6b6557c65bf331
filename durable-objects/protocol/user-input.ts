/** What a person can send: the parts of one user message. */
import * as z from "zod";

const imageDetail = z.enum(["auto", "low", "high", "original"]).nullish();

/** A stretch of the text that clients show as one thing; in UTF-8 bytes. Example: `{"byteRange":{"start":0,"end":5},"placeholder":"@src"}` */
const textElement = z.object({
  byteRange: z.object({ start: z.int().min(0), end: z.int().min(0) }),
  placeholder: z.string().nullish(),
});

/** Where the bytes of an image or a sound are: one of the two, as serde's untagged enum has it. */
const source = { url: z.string().optional(), fileId: z.string().optional() };
const namesItsSource = ({ url, fileId }: { url?: string | undefined; fileId?: string | undefined }) =>
  url !== undefined || fileId !== undefined;
const sourceMissing = { error: "data did not match any variant of untagged enum" };

/** Source: Codex app-server 0.169.0, `UserInput`. Example: `{"type":"text","text":"say hi","text_elements":[]}`. */
export const userInput = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string(), text_elements: z.array(textElement).default([]) }),
  z.object({ type: z.literal("image"), ...source, detail: imageDetail }).refine(namesItsSource, sourceMissing),
  z.object({ type: z.literal("localImage"), path: z.string(), detail: imageDetail }),
  z.object({ type: z.literal("audio"), ...source }).refine(namesItsSource, sourceMissing),
  z.object({ type: z.literal("localAudio"), path: z.string() }),
  z.object({ type: z.literal("skill"), name: z.string(), path: z.string() }),
  z.object({ type: z.literal("mention"), name: z.string(), path: z.string() }),
]);
export type UserInput = z.infer<typeof userInput>;

/** The words of a message, in order; parts that are not text contribute nothing. */
export function textOf(input: readonly UserInput[]): string {
  return input.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}
