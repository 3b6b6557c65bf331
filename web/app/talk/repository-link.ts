/** Where a thread belongs on a forge, as a link: pure. Any client may have said it, so that nothing but a web address becomes one. */
import type { GitInfo } from "#protocol/thread";

export interface RepositoryLink {
  href: string;
  /** `acme/widgets#12`, or `acme/widgets` where no issue or pull request is known. */
  label: string;
}

export function repositoryLink(gitInfo: GitInfo | null | undefined): RepositoryLink | null {
  const url = webAddress(gitInfo?.conversationUrl) ?? webAddress(gitInfo?.originUrl);
  if (!url) return null;
  const [owner = "", repository = "", kind, number] = url.pathname
    .replace(/\.git$/, "")
    .split("/")
    .filter(Boolean);
  const isNumbered = (kind === "issues" || kind === "pull") && /^\d+$/.test(number ?? "");
  const label = repository === "" ? url.host : `${owner}/${repository}${isNumbered ? `#${number}` : ""}`;
  return { href: url.href, label };
}

function webAddress(text: string | null | undefined): URL | null {
  if (!text || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? url : null;
}
