/** The browser that tests, measurements and pictures run: its form without windows where there is one, which takes two thirds of the time. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const small = '/usr/bin/chromium-headless-shell'

/** Pages of tests live for seconds: to optimize their code, and to keep origins apart, takes a ninth of all that the browser does. */
const forShortLives = ['--js-flags=--no-turbofan --no-maglev', '--disable-site-isolation-trials']

export function launchChromium(args: readonly string[] = forShortLives): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['STRONGROOM_TEST_CHROMIUM'] ?? (existsSync(small) ? small : '/usr/bin/chromium'),
    // Root has no sandbox to go to.
    args: [...args, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  })
}
