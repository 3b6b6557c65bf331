/** What happened in a thread since its account's Directory last heard of it. */
import type { Attention } from "#core/push/attention";

export interface ThreadNews {
  /** The log up to here has been told with this. What a Directory has heard already it ignores, so that a repetition changes nothing. */
  through: number;
  /** Frames that every client of the account gets to hear, oldest first. */
  announcements: ThreadAnnouncement[];
  /** Messages that were completed, for the search. */
  said: Said[];
  /** Turns that were taken back: what was said in them is not found any more. */
  unsaidTurnIds: string[];
  /** Connections that follow the thread: they get its frames from the thread itself. */
  followers: string[];
  /** What the thread wants with its place among the turns at work, so that this needs no call of its own. */
  turnSlot: TurnSlotWish;
  /** What responses of models cost, each by its frame. Absent from a thread that an earlier version still runs. */
  usage?: { seq: number; tokens: number }[];
  /** What people's devices are rung for. Absent from a thread that an earlier version still runs. */
  attention?: Attention;
}

export type TurnSlotWish = "take" | "release" | "keep";

export interface ThreadAnnouncement {
  seq: number;
  method: string;
  text: string;
}

export interface Said {
  turnId: string;
  itemId: string;
  text: string;
}
