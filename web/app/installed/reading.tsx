/** What is not there yet: on its way, or not to be had without the server, which is said in a sentence. */
import { isOffline } from "./offline.ts";

interface ReadingProps {
  /** Example: `Reading the memory …` */
  words: string;
  /** Example: `The memory is not kept on this device. It comes when the server is reached.` */
  offline: string;
}

export function Reading({ words, offline }: ReadingProps) {
  return <p class="notice">{isOffline.value ? offline : words}</p>;
}
