/**
 * A press counts where the pointer stayed where it was, though the button has moved away: what comes into a dialog late moves what
 * is below it, and the browser clicks whatever is under the pointer by then, or nothing.
 */

/** Whoever moves the pointer further has changed their mind. */
const steadyPx = 4

/** What opens a menu does so as the press begins. */
const pressed = 'button:not([aria-haspopup])'

interface Press {
  readonly button: HTMLElement
  readonly id: number
  readonly x: number
  readonly y: number
}

/** Has such presses click what they began on. */
export function keepPresses(): void {
  let press: Press | undefined
  const begin = ({ target, button: which, pointerId: id, clientX: x, clientY: y }: PointerEvent) => {
    const button = which === 0 && target instanceof Element ? target.closest<HTMLElement>(pressed) : null
    press = button === null ? undefined : { button, id, x, y }
  }
  const end = (event: PointerEvent) => {
    const ended = press
    press = undefined
    if (ended?.id !== event.pointerId || !isSteady(ended, event) || !hasMovedAway(ended)) return
    // After the click that the browser makes of it, which is none of the button.
    setTimeout(() => ended.button.click())
  }
  addEventListener('pointerdown', begin, true)
  addEventListener('pointerup', end, true)
  addEventListener('pointercancel', () => (press = undefined), true)
}

function isSteady({ x, y }: Press, { clientX, clientY }: PointerEvent): boolean {
  return Math.hypot(clientX - x, clientY - y) < steadyPx
}

function hasMovedAway({ button, x, y }: Press): boolean {
  if (!button.isConnected) return false
  const { left, right, top, bottom } = button.getBoundingClientRect()
  return x < left || x > right || y < top || y > bottom
}
