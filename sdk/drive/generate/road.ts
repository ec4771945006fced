import { EARTH_RADIUS_M, distanceMetres } from "../distance.ts";

const DEGREES = 180 / Math.PI;
/** Where every generated drive starts: the middle of Austin, Texas. It stays within about a day trip of it. */
const HOME = { latitude: 30.2672, longitude: -97.7431 };
const FAR_METRES = 60_000;

/** A stretch of road: how fast, how far, which way, and whether one waits at its end. */
export interface Stretch {
  /** m/s */
  readonly limit: number;
  /** metres */
  readonly length: number;
  /** radians clockwise from north */
  readonly heading: number;
  /** seconds standing at the end; 0 = passes on */
  readonly wait: number;
}

/** A position in degrees. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

export const START: Position = HOME;

/** Draws the next stretch: town, country road or highway; it turns homeward when far out. */
export function nextStretch(random: () => number, at: Position, heading: number): Stretch {
  const kind = random();
  const far = distanceMetres(at.latitude, at.longitude, HOME.latitude, HOME.longitude) > FAR_METRES;
  const turn = far ? homeward(at) - heading + (random() - 0.5) : kind < 0.55 ? Math.round(random() * 4 - 2) * (Math.PI / 2) * (0.8 + 0.4 * random()) : (random() - 0.5) * 0.9;
  const next = heading + turn;
  if (kind < 0.55) return { limit: (30 + 20 * random()) / 3.6, length: 150 + 600 * random(), heading: next, wait: random() < 0.5 ? Math.ceil(5 + 40 * random()) : 0 };
  if (kind < 0.85) return { limit: (60 + 30 * random()) / 3.6, length: 800 + 3000 * random(), heading: next, wait: random() < 0.2 ? Math.ceil(5 + 20 * random()) : 0 };
  return { limit: (95 + 25 * random()) / 3.6, length: 3000 + 12000 * random(), heading: next, wait: 0 };
}

function homeward(at: Position): number {
  return Math.atan2((HOME.longitude - at.longitude) * Math.cos(at.latitude / DEGREES), HOME.latitude - at.latitude);
}

/** The position `metres` away in direction `heading`: exact enough for the few tens of metres of one second. */
export function move(at: Position, metres: number, heading: number): Position {
  const north = (metres * Math.cos(heading)) / EARTH_RADIUS_M;
  const east = (metres * Math.sin(heading)) / (EARTH_RADIUS_M * Math.cos(at.latitude / DEGREES + north / 2));
  return { latitude: at.latitude + north * DEGREES, longitude: at.longitude + east * DEGREES };
}
