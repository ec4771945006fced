import { TIME_COLUMN } from "../schema.ts";
import type { Schema } from "../types.ts";
import { latitude, longitude } from "./position.ts";

/** Feeds that come from no car: weather stations and the state of roads. Their tokens are sources, see `sdk/source`. */

const CELSIUS = { decimals: 2, min: -90, max: 80, unit: "Celsius" } as const;
const PERCENT = { decimals: 1, min: 0, max: 100, unit: "percent" } as const;
const WIND = { decimals: 2, min: 0, max: 150, unit: "m/s" } as const;

/** One observation of the weather at a place, as a station on the ground makes it. */
export const WEATHER: Schema = {
  name: "weather-observation",
  version: "1",
  columns: [
    TIME_COLUMN,
    latitude(6),
    longitude(6),
    { name: "altitude", decimals: 1, min: -500, max: 9000, unit: "m", description: "of the station above mean sea level" },
    { name: "air_temperature", ...CELSIUS, description: "2 m above the ground" },
    { name: "dew_point_temperature", ...CELSIUS, description: "2 m above the ground" },
    { name: "relative_humidity", ...PERCENT, description: "2 m above the ground" },
    { name: "air_pressure", decimals: 2, min: 300, max: 1100, unit: "hPa", description: "reduced to mean sea level" },
    { name: "wind_speed", ...WIND, description: "10 m above the ground, mean of ten minutes" },
    { name: "wind_gust", ...WIND, description: "10 m above the ground, highest since the last observation" },
    { name: "wind_direction", decimals: 0, min: 0, max: 360, unit: "degrees", description: "where the wind comes from, clockwise from north" },
    { name: "precipitation", decimals: 2, min: 0, max: 1000, unit: "mm", description: "rain, and what has fallen else as water, since the last observation" },
    { name: "visibility", decimals: 0, min: 0, max: 100000, unit: "m", description: "horizontal" },
    { name: "cloud_cover", ...PERCENT, description: "share of the sky" },
  ],
};

/** What a word of {@link ROAD_STATE}'s surface can be: DATEX II 3, `WeatherRelatedRoadConditionTypeEnum`, in its order. */
export const ROAD_SURFACES = [
  ...["blackIce", "deepSnow", "dry", "freezingOfWetRoads", "freezingPavements", "freezingRain", "freshSnow", "glaze", "ice", "iceBuildUp", "iceWithWheelBarTracks", "icyPatches"],
  ...["looseSnow", "moist", "normalWinterConditionsForPedestrians", "notDry", "packedSnow", "rime", "roadSurfaceMelting", "slippery", "slushOnRoad", "slushStrings", "snow"],
  ...["snowDrifts", "snowOnPavement", "wetAndIcyRoad", "snowOnTheRoad", "wetIcyPavement", "streamingWater", "surfaceWater", "wet", "other"],
] as const;

const LAYER = { decimals: 4, min: 0, max: 10, unit: "m" } as const;

/** The state of a road at one place: what lies on it, how cold it is, how the traffic moves. */
export const ROAD_STATE: Schema = {
  name: "road-state",
  version: "1",
  columns: [
    TIME_COLUMN,
    latitude(6),
    longitude(6),
    { name: "surface", decimals: 0, min: 0, max: ROAD_SURFACES.length - 1, unit: "", description: "what lies on the surface" },
    { name: "surface_temperature", ...CELSIUS, description: "of the surface" },
    { name: "friction", decimals: 2, min: 0, max: 1, unit: "", description: "coefficient of friction" },
    { name: "water_film", ...LAYER, description: "thickness of the film of water" },
    { name: "ice_layer", ...LAYER, description: "thickness of the layer of ice" },
    { name: "snow_depth", decimals: 3, min: 0, max: 20, unit: "m", description: "depth of snow" },
    { name: "visibility", decimals: 0, min: 0, max: 100000, unit: "m", description: "lowest visibility" },
    { name: "average_speed", decimals: 1, min: 0, max: 400, unit: "km/h", description: "mean speed of the vehicles that passed" },
    { name: "flow", decimals: 0, min: 0, max: 100000, unit: "vehicles/h", description: "vehicles that pass in an hour" },
    { name: "occupancy", ...PERCENT, description: "share of the time in which a vehicle stood over the sensor" },
  ],
};
