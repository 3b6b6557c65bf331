/** What a row of the method table says, and the few pieces that many rows share. */
import * as z from "zod";
import type { refusals } from "./errors.ts";
import { approvalPolicy } from "./thread.ts";

/**
 * Who answers. `thread`: the object of the thread that `params.threadId` names. `workspace`: the thread whose workspace holds the
 * path; the real wire names none there, so Spindle's own clients may add `threadId`. `directory`: the account's Directory, because the
 * answer spans threads. `memory`: the account's memory. `push`: the object that rings its devices. `connection`: the connection itself, because the answer is the same for all threads or is about the socket.
 */
export type Scope = "connection" | "directory" | "memory" | "push" | "thread" | "workspace";

export interface Method<Params extends z.ZodType, Result extends z.ZodType> {
  /** Prose for strangers: what it does, what it promises, what it refuses. */
  doc: string;
  scope: Scope;
  /** What a client may send. Fields stand in the real server's order of reporting, and its struct's name is the schema's `id`. */
  params: Params;
  /** What Spindle answers: exactly the members the real server sends. */
  result: Result;
  /** Needs the `experimentalApi` capability. */
  experimental?: boolean;
  /** What it refuses, by name, besides what every method may refuse: unreadable params, no handshake, a missing capability, overload. */
  errors?: readonly (keyof typeof refusals)[];
  /** Fields that need it when they carry something. */
  experimentalFields?: readonly Extract<keyof NonNullable<z.input<Params>>, string>[];
}

export function method<Params extends z.ZodType, Result extends z.ZodType>(row: Method<Params, Result>): Method<Params, Result> {
  return row;
}

/** Where serde expects a struct: its errors name it. */
export function struct<Shape extends z.ZodRawShape>(name: string, shape: Shape): z.ZodObject<Shape> {
  return z.object(shape).meta({ id: name });
}

/** `{}`: done, there is nothing to say. */
export const empty = z.object({});

/** A list that is always empty here, because Spindle has nothing of the kind; clients that ask must hear so. */
export const emptyList = z.array(z.never());

/** What the client itself sent, in the answer to it: a list by it is as empty as its other members. */
export const echo = z.string();

export const text = z.string().nullish();
export const texts = z.array(z.string()).nullish();
export const flag = z.boolean().nullish();
/** For fields that clients send and Spindle has no use for. */
export const ignored = z.unknown().optional();

/** One page of a list; `cursor` is opaque and comes from an earlier page. */
export const page = { cursor: text, limit: z.int().min(0).nullish() };
export const sortDirection = z.enum(["asc", "desc"]).nullish();

export const absolutePath = z.string().startsWith("/", { error: "AbsolutePathBuf deserialized without a base path" });

/** serde lists the variants in the order of the Rust enum, which is not that of the schema. */
export const approvalPolicyParam = approvalPolicy.meta({ variants: ["untrusted", "on-request", "granular", "never"] }).nullish();

/** `auto_review` and `guardian_subagent` are accepted and mean `user` here: only people approve. */
export const approvalsReviewer = z.enum(["user", "auto_review", "guardian_subagent"]);

/** One of the model's own; which, is the model's to say. */
export const reasoningEffort = z.string().min(1, { error: "reasoning effort must not be empty" }).nullish();

/** Example: `{"mode":"default","settings":{"model":"gpt-6","reasoning_effort":null,"developer_instructions":null}}` */
export const collaborationMode = struct("CollaborationMode", {
  mode: z.enum(["plan", "default"]),
  settings: struct("Settings", { model: z.string(), reasoning_effort: reasoningEffort, developer_instructions: text }),
});
