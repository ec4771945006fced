export * from "./artifacts.ts";
