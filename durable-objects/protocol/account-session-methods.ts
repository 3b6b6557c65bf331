/** The login with a model's provider, which nobody has here: the caller is known by the transport's credential. */
import * as z from "zod";
import { empty, emptyList, method, struct, text } from "./method.ts";

/** The real server wants no params at all here; what a client sends all the same does no harm. */
const nothing = z.unknown().optional();

export const accountSessionMethods = {
  "account/logout": method({
    doc: "Ends the login with the model's provider. Nobody has one here, so that there is nothing to end.",
    scope: "connection",
    params: nothing,
    result: empty,
  }),

  "account/login/cancel": method({
    doc: "Ends a login that is under way. None ever is.",
    scope: "connection",
    params: struct("CancelLoginAccountParams", { loginId: z.string() }),
    result: z.object({ status: z.literal("notFound") }),
  }),

  "account/usage/read": method({
    doc: "What the provider account used. Always refused as the real server does without a login.",
    scope: "connection",
    params: struct("GetAccountTokenUsageParams", { threadId: text }).nullish(),
    result: z.never(),
  }),

  "account/workspaceMessages/read": method({
    doc: "What the provider's workspace tells its members. Always refused as the real server does without a login.",
    scope: "connection",
    params: nothing,
    result: z.never(),
  }),

  "accountSession/list": method({
    doc: "Accounts of the model's provider that a client can switch between. Always empty.",
    scope: "connection",
    experimental: true,
    params: struct("AccountSessionsListParams", { refreshWorkspaceMetadata: z.boolean().default(false) }),
    result: z.object({ activeSessionId: z.null(), sessions: emptyList }),
  }),

  "userVerification/status": method({
    doc: "Whether this machine can verify that a person is at it. It cannot: it is a server.",
    scope: "connection",
    experimental: true,
    params: struct("UserVerificationStatusParams", {}),
    result: z.object({
      credentialId: z.null(),
      unavailableReason: z.literal("providerUnavailable"),
      unavailableMessage: z.string(),
    }),
  }),
};
