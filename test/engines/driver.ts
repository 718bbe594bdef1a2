/** A real browser with a fresh profile, as far as the scenarios need to handle one. */
export interface Driver {
  /** As the browser names itself. */
  readonly version: string;
  openTab(url: string): Promise<DriverTab>;
  /**
   * Kills the one SharedWorker of this origin from outside, as a crash would: neither it nor its tabs are told. Every
   * engine runs it in the process of the tab that started it; outside of Chromium that process is what is killed.
   */
  killWorker(origin: string): Promise<void>;
  /** Ends the browser and all that was started for it, whatever state it is in. */
  quit(): Promise<void>;
}

export interface DriverTab {
  /** Runs a JavaScript expression in the page, awaits a promise, and answers the value as JSON has it. */
  evaluate(expression: string): Promise<unknown>;
  reload(): Promise<void>;
  close(): Promise<void>;
  /** Kills the page's process. WebKit's driver can be asked nothing afterwards, about no tab. */
  crash(): Promise<void>;
}
