/** How H3 cells of different sizes are found by each other. */
import { cellToChildren, cellToParent, getResolution, gridDisk, isValidCell, polygonToCellsExperimental, POLYGON_TO_CELLS_FLAGS } from "h3-js";
import { QoodError } from "@qoodblock/sdk/errors";

/** A batch is listed under its cells' ancestors of these resolutions too, so that a wide question has few lists to go through. */
const LEVELS = [2, 4, 6] as const;
/** A finer question is asked as one of this resolution: no batch may say more. */
const FINEST = 6;
/** Most cells that one question may come to. */
const MOST_CELLS = 300;

/**
 * What a document with these cells is listed by: `cell` its cells as they are, `place` their ancestors of the levels, and with a
 * tilde those cells that lie between and above them, which only a finer question has for ancestors.
 */
export function cellTerms(cells: readonly string[]): { cell: string[]; place: string[] } {
  const place = new Set<string>();
  for (const each of cells) {
    for (const level of LEVELS) if (level <= getResolution(each)) place.add(cellToParent(each, level));
    // No question is finer than the finest level, so those have no use for it.
    if (getResolution(each) < FINEST) place.add(`~${each}`);
  }
  return { cell: [...new Set(cells)].sort(), place: [...place].sort() };
}

/** Cells of one level that make up a cell: itself, or its children of the next finer level. */
function atLevel(cell: string): string[] {
  const resolution = getResolution(cell);
  const level = LEVELS.find((each) => each >= resolution);
  return level === undefined ? [cellToParent(cell, FINEST)] : cellToChildren(cell, level);
}

const tooWide = (): never => {
  throw new QoodError("QUERY_CELLS", `the area comes to more than ${MOST_CELLS} H3 cells: ask for a smaller one`);
};

/** A cell with its neighbours up to `ring` steps away, as a question asks for them. @throws QoodError QUERY_CELLS */
export function cellsAround(cell: string, ring: number): string[] {
  if (!isValidCell(cell)) throw new QoodError("QUERY_CELLS", `${JSON.stringify(cell)} is no H3 cell`);
  const found = gridDisk(cell, ring).flatMap(atLevel);
  return found.length > MOST_CELLS ? tooWide() : [...new Set(found)];
}

/** Cells that a box touches, of the finest level that keeps them few. @throws QoodError QUERY_CELLS */
export function cellsInBox([west, south, east, north]: readonly [number, number, number, number]): string[] {
  if (west >= east || south >= north) throw new QoodError("QUERY_CELLS", "a box is west,south,east,north in degrees, west below east and south below north");
  // Of a box wider than half the world H3 takes the other half.
  if (east - west > 170) return tooWide();
  const ring = [[south, west], [south, east], [north, east], [north, west]];
  const degrees = Math.max(east - west, north - south);
  // The edges of a level's cells: some 183, 26 and 4 km, so that no level is tried whose cells would be countless.
  for (const [level, widest] of [[6, 2], [4, 12], [2, 60]] as const) {
    if (degrees > widest) continue;
    const cells = polygonToCellsExperimental(ring, level, POLYGON_TO_CELLS_FLAGS.containmentOverlapping);
    if (cells.length > 0 && cells.length <= MOST_CELLS) return cells;
  }
  return tooWide();
}

/** Ancestors by which a batch is found that says less exactly where it was than what is asked for. */
export function coarser(cells: readonly string[]): string[] {
  const found = new Set<string>();
  for (const cell of cells) for (let resolution = getResolution(cell) - 1; resolution >= 0; resolution -= 1) found.add(cellToParent(cell, resolution));
  return [...found];
}
