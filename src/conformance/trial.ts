/** What one case holds in its hand: sockets, a topic, commands, and the control interface. */
import type { ClientFrameOf, ServerFrameOf } from '../protocol/frames/index.ts';
import type { Control, Memory, PublishedEvent } from './control.ts';
import { Line, newId } from './line.ts';
import { Broken, NotJudged } from './outcome.ts';
import type { CommandName, Profile } from './profile.ts';
import type { Watch } from './rules/watch.ts';

/** What all cases of a run stand on. */
export interface World {
  readonly url: string;
  readonly profile: Profile;
  readonly control: Control;
  readonly watch: Watch;
  /** Makes the topics of one run of the kit others than those of the next. */
  readonly run: string;
}

export interface Joined {
  readonly line: Line;
  readonly clientId: string;
  readonly welcome: ServerFrameOf['welcome'];
}

export interface HelloOptions {
  /** Which of the profile's people. @default 0 */
  readonly person?: number;
  readonly clientId?: string;
  readonly term?: number;
  readonly maxFrameBytes?: number;
  readonly token?: string;
  readonly app?: string;
  readonly appVersion?: number;
}

export interface CommandOptions {
  readonly topic?: string;
  readonly text?: string;
  readonly id?: string;
  readonly attempt?: number;
  readonly priority?: 'high' | 'normal';
  readonly expiresAt?: number;
}

const HEARTBEAT_MS = 30_000;

let topics = 0;

export class Trial {
  readonly profile: Profile;
  readonly control: Control;
  /** Its own, where the profile's topics have `{id}`. */
  readonly topic: string;
  readonly lines: Line[] = [];
  readonly #url: string;
  readonly #watch: Watch;
  readonly #caseId: string;
  readonly #run: string;
  readonly #beats: NodeJS.Timeout[] = [];

  /** Events whose text was looked at, and those that have one. */
  readonly #texts = { read: 0, found: 0 };

  constructor(caseId: string, { url, profile, control, watch, run }: World) {
    this.#url = url;
    this.profile = profile;
    this.control = control;
    this.#watch = watch;
    this.#caseId = caseId;
    this.#run = run;
    this.topic = this.anotherTopic();
  }

  anotherTopic(): string {
    topics += 1;
    return this.profile.topics.name.replaceAll('{id}', `${this.#run}-${topics}`);
  }

  /** A socket that has said nothing yet. */
  async socket(subprotocols?: readonly string[]): Promise<Line> {
    let line: Line | null = null;
    const ear = this.#watch.ear(this.#caseId, () => line?.transcript ?? { lines: [] });
    line = new Line(this.#url, {
      patienceMs: this.profile.patience_ms,
      ear,
      ...(subprotocols && { subprotocols }),
    });
    this.lines.push(line);
    await line.opened();
    return line;
  }

  hello({
    person = 0,
    clientId = newId(),
    term = 1,
    maxFrameBytes,
    token,
    app,
    appVersion,
  }: HelloOptions = {}): ClientFrameOf['hello'] {
    const own = token ?? this.profile.people[person]?.token;
    return {
      type: 'hello',
      client_id: clientId,
      app: app ?? this.profile.app,
      app_version: appVersion ?? this.profile.app_version,
      term,
      ...(maxFrameBytes !== undefined && { max_frame_bytes: maxFrameBytes }),
      ...(own !== undefined && { token: own }),
    };
  }

  /** A connection that is welcomed. */
  async join(options: HelloOptions = {}): Promise<Joined> {
    const line = await this.socket();
    const hello = this.hello(options);
    line.send(hello);
    const welcome = await line.next('welcome');
    this.#beats.push(setInterval(() => line.beat(), welcome.heartbeat_ms ?? HEARTBEAT_MS));
    return { line, clientId: hello.client_id, welcome };
  }

  command(name: CommandName, options: CommandOptions = {}): ClientFrameOf['command'] {
    const template = this.profile.commands[name];
    if (!template) throw new NotJudged(`the profile has no command \`${name}\``);
    const command = withText(template.command, options.text ?? newId());
    return {
      type: 'command',
      id: options.id ?? newId(),
      topic: template.topic ?? options.topic ?? this.topic,
      priority: options.priority ?? 'high',
      created_at: Date.now(),
      attempt: options.attempt ?? 1,
      app_version: this.profile.app_version,
      ...(options.expiresAt !== undefined && { expires_at: options.expiresAt }),
      command,
    };
  }

  /** What a command with this text is to give, as the profile tells. */
  resultOf(name: CommandName, text: string): unknown {
    const result = this.profile.commands[name]?.result;
    return result === undefined ? undefined : withText(result, text);
  }

  async publish(...events: readonly PublishedEvent[]): Promise<void> {
    await this.control.publish(this.topic, events);
  }

  /** So many events at least, whatever they say. */
  async causeEvents(count: number): Promise<void> {
    if (this.control.can('publish')) {
      await this.publish(...Array.from({ length: count }, (_, index) => ({ text: `event ${index}` })));
      return;
    }
    const { line } = await this.join();
    for (let index = 0; index < count; index += 1) {
      const command = this.command('accept');
      line.send(command);
      await line.accepted(command.id);
    }
    line.cut();
  }

  /** The text that an event of this application holds. */
  textOf({ event }: { readonly event: { readonly [field: string]: unknown } }): string | null {
    const text = event[this.profile.event_text];
    const isText = typeof text === 'string';
    this.#texts.read += 1;
    if (isText) this.#texts.found += 1;
    return isText ? text : null;
  }

  /** Texts were looked for, and no event has one. */
  get readNoText(): boolean {
    return this.#texts.read > 0 && this.#texts.found === 0;
  }

  textsOf(events: readonly { readonly event: { readonly [field: string]: unknown } }[]): (string | null)[] {
    return events.map((event) => this.textOf(event));
  }

  /** Ran just so often, where the control interface can tell. */
  async ran(id: string, times: number): Promise<void> {
    if (!this.control.can('runs')) return;
    const runs = await this.control.runs(id);
    if (runs !== times) throw new Broken(`command ${id} ran ${runs} times, not ${times}`);
  }

  /** Ends the server as a crash would, and starts it again; waits until those who are connected have noticed. */
  async crash(memory: Memory): Promise<void> {
    await this.#kill();
    await this.control.start(memory);
  }

  /** The same, with its memory kept, of which a copy is made in between: `crash('restored')` starts with that. */
  async crashAndBackUp(): Promise<void> {
    await this.#kill();
    await this.control.backUp();
    await this.control.start('kept');
  }

  async #kill(): Promise<void> {
    await this.control.kill();
    await Promise.all(this.lines.map(async (line) => line.isClosed || (await line.closed())));
  }

  /** Waits for what must not come. */
  async quiet(ms = this.profile.quiet_ms): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  end(): void {
    for (const beat of this.#beats) clearInterval(beat);
    for (const line of this.lines) line.cut();
  }
}

function withText<T>(template: T, text: string): T {
  const quoted = JSON.stringify(text).slice(1, -1);
  return JSON.parse(JSON.stringify(template).replaceAll('{text}', () => quoted));
}
