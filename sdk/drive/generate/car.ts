/** Six gears, overall ratio (gear × final drive): engine turns per turn of the wheel. */
const OVERALL = [14.04, 8.19, 5.46, 4.02, 3.28, 2.65] as const;
const WHEEL_CIRCUMFERENCE_M = 1.95;
const IDLE_RPM = 800;
const SHIFT_UP_RPM = 2600;
const SHIFT_DOWN_RPM = 1300;

/** Gear and engine speed for a road speed: what the automatic gearbox and the wheels make of each other. */
export interface Engine {
  /** 0 = neutral (standing). */
  readonly gear: number;
  readonly rpm: number;
}

function gearedRpm(gear: number, metresPerSecond: number): number {
  return (metresPerSecond / WHEEL_CIRCUMFERENCE_M) * 60 * OVERALL[gear - 1]!;
}

/** The next state of engine and gearbox. Below first gear's idle speed the clutch slips and the engine idles. */
export function shift(before: Engine, metresPerSecond: number): Engine {
  if (metresPerSecond === 0) return { gear: 0, rpm: IDLE_RPM };
  let gear = Math.max(1, before.gear);
  while (gear < OVERALL.length && gearedRpm(gear, metresPerSecond) > SHIFT_UP_RPM) gear += 1;
  while (gear > 1 && gearedRpm(gear, metresPerSecond) < SHIFT_DOWN_RPM) gear -= 1;
  return { gear, rpm: Math.max(IDLE_RPM, gearedRpm(gear, metresPerSecond)) };
}

/** Pedal in percent: what the acceleration and the air ask for, of 3 m/s² at full pedal. */
export function pedal(acceleration: number, metresPerSecond: number): number {
  if (metresPerSecond === 0) return 0;
  return Math.min(100, Math.max(0, (100 * (acceleration + 0.12 + 0.0004 * metresPerSecond ** 2)) / 3));
}

/** Coolant warms to 90 °C with a time constant of four minutes. */
export function warm(celsius: number, seconds: number): number {
  return celsius + ((90 - celsius) * seconds) / 240;
}
