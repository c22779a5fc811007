/** Whether what asked for something is still on the page when the answer comes. */
import { type RefObject, useEffect, useRef } from 'react'
import { useLocation } from 'wouter'

export function useIsHere(): RefObject<boolean> {
  const isHere = useRef(false)
  useEffect(() => {
    isHere.current = true
    return () => {
      isHere.current = false
    }
  }, [])
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
