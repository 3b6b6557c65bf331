/** Whether an answer can say anything at all, read off its schema: an empty list is called empty because nothing else fits into it. */
import * as z from "zod";
import { echo } from "#protocol/method";

/** `{}` is no empty answer but a done deed; a schema that nothing fits is a method that always refuses. */
export function isHonestlyEmpty(result: z.ZodType): boolean {
  return result instanceof z.ZodObject && Object.keys(result.shape).length > 0 && saysNothing(result);
}

export function isAlwaysRefused(result: z.ZodType): boolean {
  return result instanceof z.ZodNever;
}

function saysNothing(schema: z.core.$ZodType): boolean {
  if (schema === echo || schema instanceof z.ZodNull || schema instanceof z.ZodNever) return true;
  if (schema instanceof z.ZodLiteral) return [...schema.values].every((value) => value === false || value === null);
  if (schema instanceof z.ZodArray) return saysNothing(schema.element);
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) return saysNothing(schema.unwrap());
  if (schema instanceof z.ZodObject) return Object.values(schema.shape).every(saysNothing);
  return false;
}
