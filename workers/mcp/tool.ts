/** What a tool is: what it says of itself, what it takes and gives, what it does. */
import type * as z from "zod";
import type { House } from "./house.ts";

export interface ToolAnnotations {
  /** It changes nothing. */
  readOnlyHint: boolean;
  /** What it changes may not come back. */
  destructiveHint: boolean;
  /** The same call twice does no more than once. */
  idempotentHint: boolean;
  /** It reaches what is outside of this server. */
  openWorldHint: boolean;
}

export interface Tool<Input extends z.ZodType, Output extends z.ZodType> {
  name: string;
  title: string;
  /** For a model: what it is for, what it answers, what it refuses. */
  description: string;
  annotations: ToolAnnotations;
  input: Input;
  output: Output;
  /** Throws a `ToolRefusal` for what a model can do something about. */
  call(house: House, input: z.infer<Input>): Promise<z.infer<Output>>;
}

export function tool<Input extends z.ZodType, Output extends z.ZodType>(row: Tool<Input, Output>): Tool<Input, Output> {
  return row;
}

export const readsOnly: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** Unix seconds as ISO 8601, which models read without counting. */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
