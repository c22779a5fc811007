/** The browser that tests run: its form without windows where there is one, which takes two thirds of the time. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const small = '/usr/bin/chromium-headless-shell'

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['STRONGROOM_TEST_CHROMIUM'] ?? (existsSync(small) ? small : '/usr/bin/chromium'),
    // Root has no sandbox to go to.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
}
