/**
 * The one script that the page may load by its address. Under `require-trusted-types-for 'script'` a browser takes it from this policy
 * and from nobody else: the header names it, `trusted-types spindle`.
 */

/** As the header of `workers/index.ts` has it. */
const policyName = "spindle";
const workerPath = "/service-worker.js";

/** What the types of the DOM do not know yet. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): unknown };
}

export function workerAddress(): string {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
  if (!trustedTypes) return workerPath;
  const policy = trustedTypes.createPolicy(policyName, {
    createScriptURL: (url) => {
      if (url !== workerPath) throw new TypeError(`no script of this page: ${url}`);
      return url;
    },
  });
  return policy.createScriptURL(workerPath) as string;
}
