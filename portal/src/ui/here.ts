/** Whether what asked for something is still on the page when the answer comes. */
import { type RefObject, useEffect, useRef } from 'react'
import { useLocation } from 'wouter'

/** @param isShown whether it can be seen, as long as it is there */
export function useIsHere(isShown = true): RefObject<boolean> {
  const isHere = useRef(false)
  useEffect(() => {
    isHere.current = isShown
    return () => {
      isHere.current = false
    }
  }, [isShown])
  return isHere
}

/** Leads to another page, but nobody who has gone elsewhere meanwhile. */
export function useNavigateFromHere(): (to: string) => void {
  const [, navigate] = useLocation()
  const isHere = useIsHere()
  return (to) => {
    if (isHere.current) navigate(to)
  }
}
