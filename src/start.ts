/** Runs what was typed, and ends with the exit code that fits. */

/** Ends when the command has done what it was asked, or the server is ready. */
export async function start(): Promise<void> {
  let isRead = true
  process.stdout.on('error', (error) => {
    // Whoever read has read enough, such as "head". What is done goes on, and ends with the exit code that tells of it.
    if ('code' in error && error.code === 'EPIPE') isRead = false
    if (!isRead) return void import('./cli/output.ts').then(({ stopPrinting }) => stopPrinting())
    const code = 'code' in error ? ` (${error.code})` : ''
    process.stderr.write(`strongroom: What was to be printed could not be written${code}.\n`)
    process.exit(process.exitCode || 1)
  })
  // Nobody is left to tell.
  process.stderr.on('error', () => {})
  try {
    const { run } = await import('./commands.ts')
    await run(process.argv.slice(2))
  } catch (error) {
    process.exitCode = (await import('./cli/failure.ts')).fail(error)
  }
}
