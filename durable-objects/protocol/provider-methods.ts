/** The model's provider: Spindle itself, as the operator configured it. */
import * as z from "zod";
import { method, struct } from "./method.ts";

export const providerMethods = {
  "modelProvider/list": method({
    doc: "The providers a thread's model can come from: one, Spindle itself. Whose endpoint and key stand behind it is the operator's affair and not told.",
    scope: "connection",
    params: struct("ModelProviderListParams", {}),
    result: z.object({
      data: z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          canEdit: z.boolean(),
          baseUrl: z.string().nullable(),
          settings: z.looseObject({ type: z.enum(["openai", "customGateway", "bedrock", "gcp"]) }),
        }),
      ),
      defaultProviderId: z.string(),
      canChangeDefault: z.boolean(),
    }),
  }),

  "modelProvider/capabilities/read": method({
    doc: "What the provider does besides answering: a thread here neither searches the web nor draws.",
    scope: "connection",
    params: struct("ModelProviderCapabilitiesReadParams", {}),
    result: z.object({ imageGeneration: z.boolean(), webSearch: z.boolean() }),
  }),
};
