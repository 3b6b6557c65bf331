/** What happened in a thread since its account's Directory last heard of it. */

export interface ThreadNews {
  /** The log up to here has been told with this. What a Directory has heard already it ignores, so that a repetition changes nothing. */
  through: number;
  /** Frames that every client of the account gets to hear, oldest first. */
  announcements: ThreadAnnouncement[];
  /** Connections that follow the thread: they get its frames from the thread itself. */
  followers: string[];
}

export interface ThreadAnnouncement {
  seq: number;
  method: string;
  text: string;
}
