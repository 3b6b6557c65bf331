/** Which addresses a webhook may name: those that a client may name anywhere. */
import { webhookLimits } from "#core/limits";
import { addressProblem } from "#outbound/public-address";

/** Null where it may be called, else why not, in words that repeat nothing of it. */
export function webhookAddressProblem(address: string, machine: { servesThisMachineOnly: boolean }): string | null {
  if (address.length > webhookLimits.urlCharactersMax) return `it is longer than ${webhookLimits.urlCharactersMax} characters`;
  return addressProblem(address, machine);
}
