/** Units, steps and ranges that several columns share. */

/** A switch: 0 is off, closed or no; 1 is on, open or yes. */
export const SWITCH = { decimals: 0, min: 0, max: 1, unit: "" } as const;
/** Whole percent. */
export const PERCENT = { decimals: 0, min: 0, max: 100, unit: "percent" } as const;
/** Temperatures in tenths of a degree. */
export const CELSIUS = { decimals: 1, min: -40, max: 215, unit: "Celsius" } as const;
/** Whole metres. */
export const METRES = { decimals: 0, min: 0, max: 4294967295, unit: "m" } as const;
/** Tyre pressures in whole kPa. */
export const TYRE_PRESSURE = { decimals: 0, min: 0, max: 1500, unit: "kPa" } as const;
/** A number that only tells records apart. */
export const NUMBER = { decimals: 0, min: 0, max: 4294967295, unit: "" } as const;
