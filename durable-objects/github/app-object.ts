/** The one object that knows the App as a whole: who it is, which installations are stopped, which deliveries were asked for again. */
import { DurableObject } from "cloudflare:workers";
import { gh } from "#github/api";
import { catchUp, createCatchUpSchema } from "#github/catch-up";
import type { InstallationEvent } from "#github/event";
import { githubHost } from "#github/host";
import { asApp } from "#github/installation";
import {
  createInstallationsSchema,
  type Installation,
  isInstallationStopped,
  listInstallations,
  noteInstallation,
  switchInstallation,
} from "#github/installations";
import type { OwnApp } from "#github/perform/performance";
import type { Counters } from "#metrics/counters";
import { countersOf } from "#metrics/object-counters";
import type { Environment } from "../environment.ts";
import { report } from "../platform.ts";

export class GitHubAppObject extends DurableObject<Environment> {
  private app: OwnApp | null = null;
  private readonly counters: Counters;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    createInstallationsSchema(context.storage.sql);
    createCatchUpSchema(context.storage.sql);
    this.counters = countersOf(context, environment);
  }

  /** What GitHub calls us. Throws when it cannot be asked. */
  async ownApp(): Promise<OwnApp> {
    if (this.app === null) {
      const { id, slug } = (await gh(await asApp(githubHost(this.env, this.counters)), "GET /app", {})) ?? {};
      if (id === undefined || slug === undefined) throw new Error("GitHub does not say which App this is");
      this.app = { id, slug };
    }
    return this.app;
  }

  async noteInstallation(event: InstallationEvent): Promise<void> {
    noteInstallation(this.ctx.storage.sql, event);
  }

  /** The kill switch: what waits in the installation's repositories is dropped as it comes up, and nothing new begins. */
  async switchInstallation(installationId: number, isStopped: boolean): Promise<void> {
    switchInstallation(this.ctx.storage.sql, installationId, isStopped);
    report("installationSwitched", { installationId, isStopped });
  }

  async isStopped(installationId: number): Promise<boolean> {
    return isInstallationStopped(this.ctx.storage.sql, installationId);
  }

  async listInstallations(): Promise<Installation[]> {
    return listInstallations(this.ctx.storage.sql);
  }

  /** Never throws: the next time is soon. */
  async catchUp(): Promise<void> {
    try {
      const asked = await catchUp(this.ctx.storage.sql, await asApp(githubHost(this.env, this.counters)));
      if (asked > 0) report("deliveriesAskedForAgain", { asked });
    } catch (error) {
      report("catchUpFailed", { error: String(error) });
    }
  }
}
