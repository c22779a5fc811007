/** The receiver of each kind of place. */
import { FileReceiver } from './file.ts'
import { HttpReceiver } from './http.ts'
import { type OtlpOrigin, OtlpReceiver } from './otlp.ts'
import type { Receiver } from './receiver.ts'
import type { SinkPlace } from './settings.ts'
import { StdoutReceiver } from './stdout.ts'
import { SyslogReceiver, syslogDoubtMs } from './syslog.ts'

/** Nothing is connected or opened before there is something to send. */
export function openReceiver(place: SinkPlace, origin: OtlpOrigin, now: () => number): Receiver {
  switch (place.kind) {
    case 'file':
      return new FileReceiver(place.path, origin.storeId)
    case 'stdout':
      return new StdoutReceiver(origin.storeId)
    case 'syslog':
      return new SyslogReceiver(place, origin.storeId)
    case 'http':
      return new HttpReceiver(place, origin.storeId, now)
    case 'otlp':
      return new OtlpReceiver(place, origin, now)
  }
}

/** For how long after a receiver took records its sink may step back, and send them again; nothing where it does not. */
export function doubtMsOf({ kind }: SinkPlace): number | undefined {
  return kind === 'syslog' ? syslogDoubtMs : undefined
}
