/** The few single values of a memory: what a person set, and counts. */
import { type Experience, noExperience } from "#core/decision-tree/experience";
import type { Sql } from "#core/sql";

interface Values {
  isOn: boolean;
  /** Keys of scopes that a person switched off. */
  offByPerson: string[];
  /** Keys of scopes in which memory did harm. */
  offByHarm: string[];
  epoch: number;
  /** The account takes from and gives to the memory of all accounts. */
  isSharing: boolean;
  /** The version in which each fragment was last offered to all accounts. */
  offered: Record<string, number>;
  /** It is on the list of accounts that are swept. */
  isRegistered: boolean;
  /** Outcomes that count; a turn counts once. */
  outcomes: number;
  /** Since the optimizer ran. */
  outcomesSinceRun: number;
  /** Unix ms of the first change that the optimizer has not seen. */
  changedAt: number | null;
  optimizedAt: number | null;
  /** Unix ms; null: never. */
  sweptAt: number | null;
  experience: Experience;
}

const starting: Values = {
  isOn: true,
  offByPerson: [],
  offByHarm: [],
  epoch: 0,
  isSharing: false,
  offered: {},
  isRegistered: false,
  outcomes: 0,
  outcomesSinceRun: 0,
  changedAt: null,
  optimizedAt: null,
  sweptAt: null,
  experience: noExperience,
};

export class Settings {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  get<Name extends keyof Values>(name: Name): Values[Name] {
    const [row] = this.sql.exec<{ value: string }>("SELECT value FROM settings WHERE name = ?", name).toArray();
    // Only `set` writes here, so the value is of its name's type.
    return row ? (JSON.parse(row.value) as Values[Name]) : starting[name];
  }

  set<Name extends keyof Values>(name: Name, value: Values[Name]): void {
    this.sql.exec("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", name, JSON.stringify(value));
  }
}
