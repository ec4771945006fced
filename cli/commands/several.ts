/** Collects the values of an option that may be given several times. Without a default in front the option can be a required one. */
export const several = (value: string, before: readonly string[] = []): string[] => [...before, value];
