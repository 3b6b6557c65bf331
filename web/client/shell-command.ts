/** What a `commandExecution` runs, without the shell around it. */

/**
 * `/bin/bash -lc 'ls -la'` is `ls -la`: the wrapper says nothing to a reader. Whatever does not look exactly like that is shown as it is,
 * because somebody may be about to allow it.
 */
export function shownCommand(command: string): string {
  const quoted = /^\/bin\/(?:ba|z)?sh -l?c ((?:'[^']*'|\\'|"'+")+)$/s.exec(command)?.[1];
  if (quoted !== undefined)
    return quoted.replace(/'([^']*)'|\\(')|"('+)"/gs, (_, plain, escaped, doubled) => plain ?? escaped ?? doubled);
  return /^\/bin\/(?:ba|z)?sh -l?c ([\w./:=@%+,-]+)$/.exec(command)?.[1] ?? command;
}
