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
    // One style sheet and one chunk of what pages share: a browser asks for six things at a time,
    // and twenty small ones took longer than all they held.
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: "shared",
              test: /src\/(api|live|parts)\/(?!chart)|node_modules\/(?!uplot)/,
            },
          ],
        },
      },
    },
    // It inserts a script that the policy would have to allow.
    modulePreload: { polyfill: false },
  },
});
