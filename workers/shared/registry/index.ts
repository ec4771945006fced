export { createRegistryWatch } from "./watch.ts";
export type { RegistryWatch } from "./watch.ts";
export { deviceKeyOf } from "./state.ts";
