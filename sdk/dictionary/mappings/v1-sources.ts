import { ROAD_SURFACES } from "../schemas/sources.ts";
import type { VssColumn, VssDatatype } from "../types.ts";
import { TIME } from "./entries.ts";

/**
 * Dictionary version 1 of the feeds that come from no car. VSS describes vehicles, so their columns have the names of the standards of
 * their own fields: CF's standard names for the weather, DATEX II 3 for roads.
 */

const cf = (column: string, name: string, datatype: VssDatatype, unit: string): VssColumn => ({ column, path: `CF.${name}`, datatype, unit, factor: "1", overlay: "no car measures it: a CF standard name" });
const datex = (column: string, name: string, datatype: VssDatatype, unit: string): VssColumn => ({ column, path: `DATEX2.${name}`, datatype, unit, factor: "1", overlay: "no car measures it: an element of DATEX II 3" });

const LATITUDE = cf("latitude", "latitude", "double", "degrees");
const LONGITUDE = cf("longitude", "longitude", "double", "degrees");

export const weather: readonly VssColumn[] = [
  TIME,
  LATITUDE,
  LONGITUDE,
  cf("altitude", "altitude", "float", "m"),
  cf("air_temperature", "air_temperature", "float", "Celsius"),
  cf("dew_point_temperature", "dew_point_temperature", "float", "Celsius"),
  cf("relative_humidity", "relative_humidity", "float", "percent"),
  cf("air_pressure", "air_pressure_at_mean_sea_level", "float", "hPa"),
  cf("wind_speed", "wind_speed", "float", "m/s"),
  cf("wind_gust", "wind_speed_of_gust", "float", "m/s"),
  cf("wind_direction", "wind_from_direction", "uint16", "degrees"),
  cf("precipitation", "lwe_thickness_of_precipitation_amount", "float", "mm"),
  cf("visibility", "visibility_in_air", "uint32", "m"),
  cf("cloud_cover", "cloud_area_fraction", "float", "percent"),
];

const SURFACE = "RoadSurfaceConditionMeasurements";

export const roadState: readonly VssColumn[] = [
  TIME,
  datex("latitude", "PointCoordinates.latitude", "double", "degrees"),
  datex("longitude", "PointCoordinates.longitude", "double", "degrees"),
  { ...datex("surface", "RoadSurfaceConditionInformation.weatherRelatedRoadConditionType", "string", ""), words: ROAD_SURFACES },
  datex("surface_temperature", `${SURFACE}.roadSurfaceTemperature`, "float", "Celsius"),
  datex("friction", `${SURFACE}.friction`, "float", ""),
  datex("water_film", `${SURFACE}.waterFilmThickness`, "float", "m"),
  datex("ice_layer", `${SURFACE}.iceLayerThickness`, "float", "m"),
  datex("snow_depth", `${SURFACE}.depthOfSnow`, "float", "m"),
  datex("visibility", "Visibility.minimumVisibilityDistance", "uint32", "m"),
  datex("average_speed", "TrafficSpeed.averageVehicleSpeed", "float", "km/h"),
  datex("flow", "TrafficFlow.vehicleFlow", "uint32", "vehicles/h"),
  datex("occupancy", "TrafficConcentration.occupancy", "float", "percent"),
];
