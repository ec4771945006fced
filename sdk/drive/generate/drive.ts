import { GENERATED, formatScaled } from "../../dictionary/index.ts";
import { QoodError } from "../../errors/index.ts";
import { DEFAULT_START_MS } from "../types.ts";
import { AtomicFile } from "../write/atomic.ts";
import { pedal, shift, warm } from "./car.ts";
import type { Engine } from "./car.ts";
import { randomOf } from "./random.ts";
import { START, move, nextStretch } from "./road.ts";
import type { Position, Stretch } from "./road.ts";

/** Limits of the driver: comfort, tyres and the smallest turning circle. Metres, seconds, radians. */
const MAX_ACCELERATION = 2.2;
const MAX_BRAKING = 2.8;
const MAX_JERK = 1.6;
const MAX_LATERAL = 2.5;
const MAX_YAW = 0.35;
const TURNING_RADIUS = 9;
const CORNER_SPEED = 6;
const STOPPING = 1.4;

const MAX_HOURS = 24 * 366;

/** Settings of {@link writeGeneratedDrive}. */
export interface GenerateOptions {
  /** Length of the drive; fractions allowed; more than 0, at most a year. */
  readonly hours: number;
  /** The same seed gives the same file, byte for byte. Default 1. */
  readonly seed?: number;
  /** Unix ms of the first row; default 2024-01-15T12:00:00Z. */
  readonly startMs?: number;
}

interface State {
  position: Position;
  /** radians clockwise from north */
  heading: number;
  /** m/s */
  speed: number;
  /** m/s², mean over the second that led here */
  acceleration: number;
  engine: Engine;
  odometer: number;
  coolant: number;
  stretch: Stretch;
  left: number;
  waiting: number;
  /** How the driver strays from the ideal speed and course; slowly changing, within about ±1. */
  haste: number;
  drift: number;
}

/**
 * Writes a drive of one row a second as a CSV in the generator's own format, atomically and without holding it.
 *
 * @param path - where the file will stand; its folder exists
 * @returns the number of rows
 * @throws QoodError `HOURS_INVALID`
 */
export async function writeGeneratedDrive(path: string, options: GenerateOptions): Promise<{ rows: number }> {
  const { hours, seed = 1, startMs = DEFAULT_START_MS } = options;
  const rows = Math.round(hours * 3600);
  if (!Number.isFinite(hours) || rows < 1 || hours > MAX_HOURS) throw new QoodError("HOURS_INVALID", `hours ${hours} is not a number above 0 and up to ${MAX_HOURS}`);
  const file = await AtomicFile.create(path);
  try {
    await file.write(`${GENERATED.columns.map((column) => column.name).join(",")}\n`);
    const random = randomOf(seed);
    const state = initial(random);
    for (let i = 0; i < rows; i++) {
      if (i > 0) step(state, random);
      await file.write(line(state, startMs + i * 1000));
    }
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
  return { rows };
}

function initial(random: () => number): State {
  const heading = random() * 2 * Math.PI;
  const stretch = nextStretch(random, START, heading);
  const odometer = 20_000_000 + Math.floor(random() * 100_000_000);
  return { position: START, heading, speed: 0, acceleration: 0, engine: { gear: 0, rpm: 800 }, odometer, coolant: 20, stretch, left: stretch.length, waiting: 5, haste: 0, drift: 0 };
}

/** One second of driving. */
function step(state: State, random: () => number): void {
  const stops = state.stretch.wait > 0;
  if (state.waiting === 0 && state.left <= 0 && !stops) {
    state.stretch = nextStretch(random, state.position, state.heading);
    state.left = state.stretch.length;
  }
  state.haste = stray(state.haste, random);
  state.drift = stray(state.drift, random);
  const error = angle(state.stretch.heading + 0.03 * state.drift - state.heading);
  const before = state.speed;
  state.speed = nextSpeed(state, error);
  state.acceleration = state.speed - before;

  // Speed and course change evenly within the second, so the way is that of their means.
  const metres = (before + state.speed) / 2;
  const yawLimit = metres === 0 ? 0 : Math.min(MAX_YAW, MAX_LATERAL / Math.max(before, state.speed), metres / TURNING_RADIUS);
  const yaw = Math.max(-yawLimit, Math.min(yawLimit, error / 3));
  state.position = move(state.position, metres, state.heading + yaw / 2);
  state.heading = angle(state.heading + yaw);
  state.odometer += metres;
  state.left -= metres;
  state.engine = shift(state.engine, state.speed);
  state.coolant = warm(state.coolant, 1);

  if (state.waiting > 0) state.waiting -= 1;
  else if (state.speed === 0 && stops) {
    state.waiting = state.stretch.wait;
    // Waited for once; the stretch ends here.
    state.stretch = { ...state.stretch, wait: 0 };
    state.left = 0;
  }
}

/** What the driver does: keep to the limit, slow down for corners and stops, and never jerk. */
function nextSpeed(state: State, headingError: number): number {
  if (state.waiting > 0) return 0;
  const { speed, stretch } = state;
  let target = stretch.limit * (1 + 0.06 * state.haste);
  if (Math.abs(headingError) > 0.35) target = Math.min(target, CORNER_SPEED);
  let wanted = Math.min(MAX_ACCELERATION * (1 - speed / 55), (target - speed) / 2);
  if (stretch.wait > 0) {
    // The braking that ends at the line, from where it becomes worth while.
    const needed = speed ** 2 / (2 * Math.max(1, state.left));
    if (needed > STOPPING) wanted = Math.min(wanted, -needed);
    if (state.left < 2) wanted = -speed;
  }
  const bounded = Math.max(-MAX_BRAKING, wanted);
  return Math.max(0, speed + Math.max(state.acceleration - MAX_JERK, Math.min(state.acceleration + MAX_JERK, bounded)));
}

/** A random walk that is pulled back to 0. */
function stray(value: number, random: () => number): number {
  return 0.95 * value + 0.5 * (random() - 0.5);
}

/** An angle brought to -π … π. */
function angle(radians: number): number {
  return radians - 2 * Math.PI * Math.round(radians / (2 * Math.PI));
}

function line(state: State, timeMs: number): string {
  const heading = ((state.heading * 180) / Math.PI + 360) % 360;
  const values = [
    state.position.latitude,
    state.position.longitude,
    heading,
    state.speed * 3.6,
    state.acceleration,
    state.engine.rpm,
    state.engine.gear,
    pedal(state.acceleration, state.speed),
    state.odometer,
    state.coolant,
  ];
  const cells = values.map((value, i) => {
    const { decimals } = GENERATED.columns[i + 1]!;
    return formatScaled(Math.round(value * 10 ** decimals), decimals);
  });
  return `${new Date(timeMs).toISOString()},${cells.join(",")}\n`;
}
