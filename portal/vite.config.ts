/** How the portal is built: for browsers of the last two years, below `/portal/`, without inline scripts or styles. */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// biome-ignore lint/style/noDefaultExport: Vite asks for it
export default defineConfig({
  base: '/portal/',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: ['chrome125', 'firefox128', 'safari18'],
    // A data: URL would need a wider policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    // What every page is made of comes in one file: several small ones are as many answers to wait for.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'ui', test: /portal\/src\/(ui|api)\// }] } } },
  },
})
