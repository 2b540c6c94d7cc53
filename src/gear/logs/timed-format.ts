// SPDX-License-Identifier: Apache-2.0
/** Output formats of journalctl whose lines can be told apart by time. */

/** A line with when its entry was written, in microseconds since the epoch. */
export interface TimedLine {
  readonly time: number;
  readonly text: string;
}

/** How lines of an output format are had with their times. */
export interface TimedFormat {
  /** What journalctl is asked for instead. */
  readonly options: readonly string[];
  /** Undefined: it goes on with the entry before. */
  read(line: string): TimedLine | undefined;
}

/** Undefined for the other formats. */
export const timedFormat = (output: string): TimedFormat | undefined =>
  Object.hasOwn(formats, output) ? formats[output as keyof typeof formats] : undefined;

/**
 * Lines with the time of their entries.
 * @param time of what comes before the first entry
 */
export async function* timedLines(
  lines: AsyncIterable<string>,
  format: TimedFormat,
  time: number,
): AsyncGenerator<TimedLine> {
  for await (const line of lines) {
    const read = format.read(line) ?? { time, text: line };
    yield read;
    ({ time } = read);
  }
}

/** journalctl(1): `short-unix` differs from the others in how it writes the time alone. */
function stamped(write: (date: Date, micro: string) => string): TimedFormat {
  return {
    options: ["--output=short-unix"],
    read(line) {
      const [stamp, seconds, micro = ""] = /^(\d{1,11})\.(\d{6})(?= )/.exec(line) ?? [];
      if (stamp === undefined) return undefined;
      const time = Number(seconds) * 1e6 + Number(micro);
      return { time, text: write(new Date(time / 1000), micro) + line.slice(stamp.length) };
    },
  };
}

const entryTime = /"__REALTIME_TIMESTAMP"\s*:\s*"(\d{1,17})"/;

/** A quotation mark in a field's value has a backslash before it, so that none can be taken for the time. */
function fromJson(options: readonly string[], textOf: (line: string) => string): TimedFormat {
  return {
    options: ["--output=json", ...options],
    read(line) {
      const time = entryTime.exec(line)?.[1];
      return time === undefined ? undefined : { time: Number(time), text: textOf(line) };
    },
  };
}

const two = (number: number): string => String(number).padStart(2, "0");

const clock = (date: Date): string => [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const day = (date: Date): string => `${months[date.getMonth()]} ${two(date.getDate())} ${clock(date)}`;

function zone(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

const iso = (date: Date, fraction = ""): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${clock(date)}${fraction}${zone(date)}`;

/** Times are this machine's, as journalctl gives those that a collector has of other hosts. */
const formats = {
  short: stamped((date) => day(date)),
  "short-precise": stamped((date, micro) => `${day(date)}.${micro}`),
  "short-iso": stamped((date) => iso(date)),
  "short-iso-precise": stamped((date, micro) => iso(date, `.${micro}`)),
  "short-unix": stamped((date, micro) => `${Math.floor(date.getTime() / 1000)}.${micro}`),
  json: fromJson([], (line) => line),
  cat: fromJson(["--output-fields=MESSAGE", "--all"], messageOf),
} satisfies Record<string, TimedFormat>;

/** systemd's journal JSON: a text, the bytes of what is none, several of either, or nothing. */
function messageOf(line: string): string {
  const message = parsed(line);
  const isText = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === "number");
  const several = Array.isArray(message) && !isText(message) ? message : [message];
  const texts = several.map((one) => (isText(one) ? Buffer.from(one as number[]).toString() : String(one ?? "")));
  return texts.join("\n");
}

function parsed(line: string): unknown {
  try {
    return (JSON.parse(line) as { readonly MESSAGE?: unknown }).MESSAGE;
  } catch (error) {
    if (error instanceof SyntaxError) return line;
    throw error;
  }
}
