import { createTheme } from "@mantine/core";

/** Colours and sizes are in tokens.css: the strict content policy leaves no room for generated style sheets. */
export const theme = createTheme({ respectReducedMotion: true, cursorType: "pointer" });
