import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

/** `npx vite` shows the sources as they are, over the API of a watch that runs: set OPSBOOK. */
const watch = process.env["OPSBOOK"] ?? "http://127.0.0.1:7070";

export default defineConfig({
  plugins: [preact()],
  // Relative, so that one build serves below any prefix.
  base: "./",
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": { target: watch, ws: true, changeOrigin: true, headers: { origin: watch } },
    },
  },
  build: {
    outDir: "../src/opsbook/web/console/pages",
    emptyOutDir: true,
    target: "es2022",
    // A data: URL in a style sheet would need an exception in the content security policy.
    assetsInlineLimit: 0,
    // It inserts a script that the policy would have to allow.
    modulePreload: { polyfill: false },
  },
});
