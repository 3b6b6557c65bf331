/** Programs of an account that are called when something waits for a person, and when a turn has ended. Spindle's own. */
import * as z from "zod";
import { empty, method, struct, text } from "./method.ts";

export const webhookEvent = z.enum(["approval.requested", "question.asked", "turn.completed", "turn.failed"]);
export type WebhookEvent = z.infer<typeof webhookEvent>;

const webhookId = z.string().max(64);
const events = z.array(webhookEvent).min(1).max(webhookEvent.options.length);
const description = z.string().max(200);

/** Times are Unix milliseconds. `lastFailure` is what became of the last call, null where it was taken; `waiting` counts messages that no call delivered yet. */
export const webhook = z.object({
  id: z.string(),
  url: z.string(),
  description: z.string(),
  events: z.array(webhookEvent),
  isEnabled: z.boolean(),
  /** Why the server switched it off; null where it did not. */
  disabledReason: z.string().nullable(),
  createdAt: z.number(),
  lastDeliveredAt: z.number().nullable(),
  lastFailure: z.string().nullable(),
  failingSince: z.number().nullable(),
  waiting: z.number(),
});
export type Webhook = z.infer<typeof webhook>;

export const webhookMethods = {
  "spindle/webhook/create": method({
    doc: "Calls this address from now on, signed by the Standard Webhooks specification, with what is asked of people and with turns that ended. Answers the secret that signs (`whsec_…`). A client may give the webhook its id, a UUID of its own making: a retry with the same `webhookId` makes nothing more and gets that webhook. Only https to a public name is called; a server that serves its own machine only may call that machine without TLS.",
    scope: "push",
    errors: ["webhookAddress", "webhookIdInvalid", "tooManyWebhooks"],
    params: struct("WebhookCreateParams", {
      url: z.string(),
      description: description.nullish(),
      /** All of them unless said. */
      events: events.nullish(),
      webhookId: text,
    }),
    result: z.object({ webhook, secret: z.string() }),
  }),

  "spindle/webhook/list": method({
    doc: "The account's webhooks in the order in which they were made.",
    scope: "push",
    params: struct("WebhookListParams", {}),
    result: z.object({ data: z.array(webhook) }),
  }),

  "spindle/webhook/read": method({
    doc: "One webhook. Its secret is told when it is made, and then no more.",
    scope: "push",
    errors: ["webhookNotFound"],
    params: struct("WebhookReadParams", { webhookId }),
    result: z.object({ webhook }),
  }),

  "spindle/webhook/update": method({
    doc: "Changes what is named and leaves the rest. `isEnabled` true takes up one that was switched off, from the next event on; false keeps it silent, and forgets what waits.",
    scope: "push",
    errors: ["webhookNotFound", "webhookAddress"],
    params: struct("WebhookUpdateParams", {
      webhookId,
      url: text,
      description: description.nullish(),
      events: events.nullish(),
      isEnabled: z.boolean().nullish(),
    }),
    result: z.object({ webhook }),
  }),

  "spindle/webhook/delete": method({
    doc: "Calls it no more; what was not delivered never is.",
    scope: "push",
    errors: ["webhookNotFound"],
    params: struct("WebhookDeleteParams", { webhookId }),
    result: empty,
  }),
};
