/** Server-sent events, as they come over a connection. */

/** One event of a stream; comments and lines that only say that it is alive have no data. */
export interface Block {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/** A line longer than that is none of ours. */
const maxLength = 1024 * 1024

/** @throws Error when what comes is no such stream */
export async function* blocksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Block, void, undefined> {
  const reader = body.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += decoder.decode(part.value, { stream: true }).replaceAll('\r\n', '\n')
      if (text.length > maxLength) throw new Error('An event is too long.')
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) yield blockOf(block)
    }
  } finally {
    // Whoever stops listening lets go of the connection.
    await reader.cancel().catch(() => {})
  }
}

function blockOf(text: string): Block {
  let event = 'message'
  let id: string | undefined
  const data: string[] = []
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^([a-z]+):? ?(.*)$/.exec(line) ?? []
    if (name === 'event') event = value
    else if (name === 'id') id = value
    else if (name === 'data') data.push(value)
  }
  return { event, id, data: data.join('\n') }
}
